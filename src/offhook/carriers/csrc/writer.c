/* Pcm to messages: what is said. */
#include "audio.h"

#include <string.h>

typedef struct {
    PyObject_HEAD
    PyObject *head, *tail, *codes, *send, *otherwise;
    PyObject *frames;           /* of send, or NULL */
    Text before, after;         /* of head and tail */
    const unsigned char *table; /* of the codes */
    int unused_bits;            /* of the 16 of a sample, the lowest */
    char open;
    Py_ssize_t frame_bytes, most_bytes;
} Writer;

/* The samples of pcm, coded by their highest bits, in base64 (RFC 4648, 4). */
static unsigned char *write_codes(const Writer *self, const unsigned char *at, Py_ssize_t samples, unsigned char *out)
{
    const unsigned char *codes = self->table;
    const int unused_bits = self->unused_bits;
#define CODE(n) (unsigned int)codes[(at[2 * (n)] | at[2 * (n) + 1] << 8) >> unused_bits]
    for (; samples >= 3; samples -= 3, at += 6, out += 4) {
        unsigned int bits = CODE(0) << 16 | CODE(1) << 8 | CODE(2);
        out[0] = (unsigned char)ALPHABET[bits >> 18];
        out[1] = (unsigned char)ALPHABET[bits >> 12 & 63];
        out[2] = (unsigned char)ALPHABET[bits >> 6 & 63];
        out[3] = (unsigned char)ALPHABET[bits & 63];
    }
    if (samples) {
        unsigned int bits = CODE(0) << 16 | (samples == 2 ? CODE(1) << 8 : 0);
        out[0] = (unsigned char)ALPHABET[bits >> 18];
        out[1] = (unsigned char)ALPHABET[bits >> 12 & 63];
        out[2] = samples == 2 ? (unsigned char)ALPHABET[bits >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
#undef CODE
    return out;
}

static void write_message(const Writer *self, const unsigned char *pcm, Py_ssize_t samples, unsigned char *out)
{
    size_t before = (size_t)length_of(&self->before);
    memcpy(out, self->before.at, before);
    out = write_codes(self, pcm, samples, out + before);
    memcpy(out, self->after.at, (size_t)length_of(&self->after));
}

static PyObject *writer_audio(PyObject *object, PyObject *pcm)
{
    const Writer *self = (const Writer *)object;
    Py_ssize_t bytes = PyBytes_Check(pcm) ? PyBytes_Size(pcm) : 0, samples = bytes / 2;
    if (!self->open || bytes == 0 || bytes % self->frame_bytes || bytes > self->most_bytes)
        return PyObject_CallFunctionObjArgs(self->otherwise, pcm, NULL);
    const unsigned char *at = (const unsigned char *)PyBytes_AsString(pcm);
    Py_ssize_t size = length_of(&self->before) + (samples + 2) / 3 * 4 + length_of(&self->after);
    if (self->frames != NULL && size <= MOST_SENT && frames_open(self->frames)) {
        unsigned char room[HEADER + MOST_SENT];
        write_message(self, at, samples, room + HEADER);
        return frames_write(self->frames, room, size);
    }
    PyObject *message = PyBytes_FromStringAndSize(NULL, size);
    if (message == NULL)
        return NULL;
    write_message(self, at, samples, (unsigned char *)PyBytes_AsString(message));
    PyObject *sent = PyObject_CallFunctionObjArgs(self->send, message, NULL);
    Py_DECREF(message);
    return sent;
}

static PyObject *writer_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *head, *tail, *codes, *send, *otherwise;
    int unused_bits;
    Py_ssize_t frame_bytes, most_bytes;
    (void)keywords;
    if (!PyArg_ParseTuple(arguments, "SSSinnOO:AudioWriter", &head, &tail, &codes, &unused_bits, &frame_bytes,
                          &most_bytes, &send, &otherwise))
        return NULL;
    if (unused_bits < 0 || unused_bits > 15 || PyBytes_Size(codes) != 65536 >> unused_bits)
        return PyErr_Format(PyExc_ValueError, "expected a code for each sample, got %zd", PyBytes_Size(codes));
    if (frame_bytes < 2 || frame_bytes % 2)
        return PyErr_Format(PyExc_ValueError, "expected frames of whole 16-bit samples, got %zd bytes", frame_bytes);
    Writer *self = (Writer *)allocate(type);
    if (self != NULL) {
        self->head = Py_NewRef(head);
        self->tail = Py_NewRef(tail);
        self->codes = Py_NewRef(codes);
        self->send = Py_NewRef(send);
        self->otherwise = Py_NewRef(otherwise);
        self->frames = Py_XNewRef(frames_of(send));
        self->before = text_of(head);
        self->after = text_of(tail);
        self->table = text_of(codes).at;
        self->unused_bits = unused_bits;
        self->frame_bytes = frame_bytes;
        self->most_bytes = most_bytes;
    }
    return (PyObject *)self;
}

static int writer_traverse(PyObject *object, visitproc visit, void *arg)
{
    Writer *self = (Writer *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->send);
    Py_VISIT(self->otherwise);
    Py_VISIT(self->frames);
    return 0;
}

/* What is cleared is called no more, but for what finalizers do: that is an error, and no crash. */
static int writer_clear(PyObject *object)
{
    Writer *self = (Writer *)object;
    self->open = 0;
    Py_CLEAR(self->frames);
    Py_CLEAR(self->send);
    Py_CLEAR(self->otherwise);
    return 0;
}

static void writer_dealloc(PyObject *object)
{
    Writer *self = (Writer *)object;
    PyObject_GC_UnTrack(object);
    writer_clear(object);
    Py_XDECREF(self->head);
    Py_XDECREF(self->tail);
    Py_XDECREF(self->codes);
    release(object);
}

static PyMethodDef methods[] = {
    {"audio", writer_audio, METH_O, "Send a message that plays pcm, if it is whole frames and not too many."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"open", T_BOOL, offsetof(Writer, open), 0, "Whether anything may be sent."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Sends pcm in messages."},
    {Py_tp_new, writer_new},
    {Py_tp_dealloc, writer_dealloc},
    {Py_tp_traverse, writer_traverse},
    {Py_tp_clear, writer_clear},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

PyType_Spec writer_spec = {
    .name = "offhook.carriers._audio.AudioWriter",
    .basicsize = sizeof(Writer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

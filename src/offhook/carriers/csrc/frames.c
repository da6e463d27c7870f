/* A socket's bytes to messages, and back: what is plain in the WebSocket (RFC 6455, 5.2). */
#include "audio.h"

#include <string.h>
#include <sys/socket.h>

enum { TEXT = 0x81 /* fin, nothing reserved, text */, MASKED = 0x80, MOST_TAKEN = 4096 /* of text */ };

typedef struct {
    PyObject_HEAD
    PyObject *reader;       /* whose messages may be taken here, or NULL */
    Py_ssize_t allowed;     /* what more may be taken; nothing is done here while it is 0 */
    Py_ssize_t spent;       /* what was taken */
    Py_ssize_t most_bytes;  /* of a message */
    int socket;             /* -1 where it is not ours to write to */
    int empty;              /* whether all that was sent before has left the transport */
    unsigned long thread;   /* of the event loop */
    PyObject *write, *unsent;              /* of the transport */
    PyObject *get_buffer, *buffer_updated; /* of the protocol that takes everything */
    PyObject *send, *failed;
} Frames;

/* -- in -- */

/* Give what has come to the protocol, in parts as it has room for them. */
static PyObject *pass_on(Frames *self, const char *at, Py_ssize_t count)
{
    self->allowed = 0; /* until whoever deals with it says so */
    while (count > 0) {
        Py_buffer room;
        PyObject *view = PyObject_CallFunction(self->get_buffer, "n", count);
        if (view == NULL || PyObject_GetBuffer(view, &room, PyBUF_WRITABLE) < 0) {
            Py_XDECREF(view);
            return NULL;
        }
        Py_ssize_t part = count < room.len ? count : room.len;
        memcpy(room.buf, at, (size_t)part);
        PyBuffer_Release(&room);
        Py_DECREF(view);
        PyObject *done = PyObject_CallFunction(self->buffer_updated, "n", part);
        if (done == NULL)
            return NULL;
        Py_DECREF(done);
        at += part;
        count -= part;
    }
    return Py_NewRef(Py_None);
}

static void unmask(const unsigned char *in, Py_ssize_t size, const unsigned char mask[4], unsigned char *out)
{
    unsigned long long wide, word;
    Py_ssize_t i = 0;
    memcpy(&wide, mask, 4);
    memcpy((char *)&wide + 4, mask, 4);
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, in + i, 8);
        word ^= wide;
        memcpy(out + i, &word, 8);
    }
    for (; i < size; i++)
        out[i] = in[i] ^ mask[i & 3];
}

/* Take what has come, if it is one whole plain frame with the next piece of audio: 1. 0 if it is anything else; -1 with what
 * the listener has raised. */
static int take(Frames *self, const unsigned char *in, Py_ssize_t count)
{
    unsigned char text[MOST_TAKEN];
    long long timestamp_ms;
    if (self->reader == NULL || count < 8 || in[0] != TEXT || !(in[1] & MASKED))
        return 0;
    Py_ssize_t size = in[1] & 127, header = 2;
    if (size == 126) {
        size = in[2] << 8 | in[3];
        header = 4;
        if (size < 126) /* longer than it need be */
            return 0;
    } else if (size == 127)
        return 0;
    Py_ssize_t cost = 1 + (size >> 10);
    if (count != header + 4 + size || size > self->most_bytes || cost > self->allowed)
        return 0;
    unmask(in + header + 4, size, in + header, text);
    PyObject *reader = self->reader, *pcm = reader_read(reader, text, size, &timestamp_ms);
    if (pcm == NULL)
        return PyErr_Occurred() ? -1 : 0;
    self->allowed -= cost;
    self->spent += cost;
    return reader_hear(reader, pcm, timestamp_ms) < 0 ? -1 : 1;
}

static PyObject *frames_data_received(PyObject *object, PyObject *data)
{
    Frames *self = (Frames *)object;
    char *bytes;
    Py_ssize_t count;
    if (PyBytes_AsStringAndSize(data, &bytes, &count) < 0)
        return NULL;
    int taken = take(self, (const unsigned char *)bytes, count);
    if (taken > 0)
        return Py_NewRef(Py_None);
    if (taken == 0)
        return pass_on(self, bytes, count);
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    if (trace != NULL)
        PyException_SetTraceback(error, trace);
    PyObject *done = PyObject_CallFunctionObjArgs(self->failed, error, NULL);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return done;
}

/* -- out -- */

int frames_open(PyObject *object)
{
    const Frames *self = (const Frames *)object;
    return self->allowed > 0 && self->empty && PyThread_get_thread_ident() == self->thread;
}

PyObject *frames_write(PyObject *object, unsigned char *room, Py_ssize_t size)
{
    Frames *self = (Frames *)object;
    unsigned char *frame = room;
    if (size < 126) {
        frame += 2;
        frame[1] = (unsigned char)size;
    } else {
        frame[1] = 126;
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
    }
    frame[0] = TEXT;
    size += room + HEADER - frame;
    Py_ssize_t sent = send(self->socket, frame, (size_t)size, 0);
    if (sent == size)
        return Py_NewRef(Py_None);
    self->empty = 0; /* the rest waits, or the transport will find out why not */
    sent = sent < 0 ? 0 : sent;
    return PyObject_CallFunction(self->write, "y#", (char *)frame + sent, size - sent);
}

static PyObject *frames_send(PyObject *object, PyObject *message)
{
    Frames *self = (Frames *)object;
    Py_ssize_t size = PyBytes_Check(message) ? PyBytes_Size(message) : MOST_SENT + 1;
    if (size > MOST_SENT || !frames_open(object))
        return PyObject_CallFunctionObjArgs(self->send, message, NULL);
    unsigned char room[HEADER + MOST_SENT];
    memcpy(room + HEADER, PyBytes_AsString(message), (size_t)size);
    return frames_write(object, room, size);
}

PyObject *frames_of(PyObject *send)
{
    return PyCFunction_Check(send) && PyCFunction_GetFunction(send) == frames_send ? PyCFunction_GetSelf(send) : NULL;
}

/* -- the object -- */

static PyObject *frames_let(PyObject *object, PyObject *arguments)
{
    Frames *self = (Frames *)object;
    PyObject *reader;
    Py_ssize_t allowed;
    State *state = PyType_GetModuleState(Py_TYPE(object));
    if (state == NULL || !PyArg_ParseTuple(arguments, "On:let", &reader, &allowed))
        return NULL;
    if (reader != Py_None && !PyObject_IsInstance(reader, state->reader_type)) {
        PyErr_SetString(PyExc_TypeError, "expected an AudioReader or None");
        return NULL;
    }
    PyObject *before = self->reader;
    self->reader = reader == Py_None ? NULL : Py_NewRef(reader);
    Py_XDECREF(before);
    self->allowed = reader == Py_None ? 0 : allowed;
    self->empty = 0;
    if (self->allowed > 0 && self->socket >= 0) {
        PyObject *unsent = PyObject_CallFunctionObjArgs(self->unsent, NULL);
        if (unsent == NULL)
            return NULL;
        self->empty = !PyObject_IsTrue(unsent);
        Py_DECREF(unsent);
    }
    return Py_NewRef(Py_None);
}

static PyObject *frames_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *protocol, *transport, *send, *failed;
    Py_ssize_t most_bytes;
    int socket;
    (void)keywords;
    if (!PyArg_ParseTuple(arguments, "OOiOOn:AudioFrames", &protocol, &transport, &socket, &send, &failed, &most_bytes))
        return NULL;
    Frames *self = (Frames *)allocate(type);
    if (self == NULL)
        return NULL;
    self->socket = socket;
    self->thread = PyThread_get_thread_ident();
    self->most_bytes = most_bytes < MOST_TAKEN ? most_bytes : MOST_TAKEN;
    self->send = Py_NewRef(send);
    self->failed = Py_NewRef(failed);
    self->get_buffer = PyObject_GetAttrString(protocol, "get_buffer");
    self->buffer_updated = PyObject_GetAttrString(protocol, "buffer_updated");
    self->unsent = PyObject_GetAttrString(transport, "get_write_buffer_size");
    self->write = PyObject_GetAttrString(transport, "write");
    if (PyErr_Occurred())
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int frames_traverse(PyObject *object, visitproc visit, void *arg)
{
    Frames *self = (Frames *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->reader);
    Py_VISIT(self->write);
    Py_VISIT(self->unsent);
    Py_VISIT(self->get_buffer);
    Py_VISIT(self->buffer_updated);
    Py_VISIT(self->send);
    Py_VISIT(self->failed);
    return 0;
}

/* What is cleared is called no more, but for what finalizers do: that is an error, and no crash. */
static int frames_clear(PyObject *object)
{
    Frames *self = (Frames *)object;
    self->allowed = 0;
    Py_CLEAR(self->reader);
    Py_CLEAR(self->write);
    Py_CLEAR(self->unsent);
    Py_CLEAR(self->get_buffer);
    Py_CLEAR(self->buffer_updated);
    Py_CLEAR(self->send);
    Py_CLEAR(self->failed);
    return 0;
}

static void frames_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    frames_clear(object);
    release(object);
}

static PyMethodDef methods[] = {
    {"data_received", frames_data_received, METH_O, "Of asyncio.Protocol."},
    {"send", frames_send, METH_O, "Send a text message."},
    {"let", frames_let, METH_VARARGS, "Take the messages of a reader from now on, for no more than a cost; None ends it."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"spent", T_PYSSIZET, offsetof(Frames, spent), 0, "The cost of what was taken, for who let it to count and reset."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "What stands between a socket and the protocol that takes everything."},
    {Py_tp_new, frames_new},
    {Py_tp_dealloc, frames_dealloc},
    {Py_tp_traverse, frames_traverse},
    {Py_tp_clear, frames_clear},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

PyType_Spec frames_spec = {
    .name = "offhook.carriers._audio.AudioFrames",
    .basicsize = sizeof(Frames),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

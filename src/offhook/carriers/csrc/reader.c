/* Messages to pcm: the pieces of one track, in order. */
#include "audio.h"

#include <string.h>

#define NOT_BASE64 0x80000000u

const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* What a character means at each of the four places of a group: its six bits, shifted. */
static unsigned int places[4][256];

static void skip_space(Text *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

static int take(Text *in, char wanted)
{
    skip_space(in);
    if (in->at >= in->end || *in->at != (unsigned char)wanted)
        return 0;
    in->at++;
    return 1;
}

/* Whatever stands between two quotation marks. */
static int take_quoted(Text *in, Text *value)
{
    if (!take(in, '"'))
        return 0;
    value->at = in->at;
    value->end = memchr(in->at, '"', (size_t)(in->end - in->at));
    if (value->end == NULL)
        return 0;
    in->at = value->end + 1;
    return 1;
}

/* A string of printable ASCII without escapes. */
static int take_string(Text *in, Text *value)
{
    if (!take_quoted(in, value))
        return 0;
    for (const unsigned char *at = value->at; at < value->end; at++)
        if (*at < 0x20 || *at > 0x7E || *at == '\\')
            return 0;
    return 1;
}

static int is(const Text *value, const char *word, Py_ssize_t length)
{
    return length_of(value) == length && memcmp(value->at, word, (size_t)length) == 0;
}

/* 1 to 18 digits without a leading zero, or 0. */
static int number_of(const Text *value, long long *number)
{
    Py_ssize_t length = value->end - value->at;
    if (length < 1 || length > 18 || (length > 1 && *value->at == '0'))
        return 0;
    *number = 0;
    for (const unsigned char *at = value->at; at < value->end; at++) {
        if (*at < '0' || *at > '9')
            return 0;
        *number = *number * 10 + (*at - '0');
    }
    return 1;
}

enum { TRACK = 1, CHUNK = 2, TIMESTAMP = 4, PAYLOAD = 8, EVERYTHING = 15 };

typedef struct {
    Text track, chunk, timestamp, payload;
} Media;

static int take_media(Text *in, Media *media)
{
    int seen = 0;
    if (!take(in, '{'))
        return 0;
    do {
        Text key, value, *place = NULL;
        int which = 0;
        if (!take_string(in, &key) || !take(in, ':'))
            return 0;
        if (is(&key, "payload", 7)) {
            if (seen & PAYLOAD || !take_quoted(in, &media->payload)) /* its characters are judged as base64 */
                return 0;
            seen |= PAYLOAD;
            continue;
        }
        if (!take_string(in, &value))
            return 0;
        if (is(&key, "chunk", 5))
            which = CHUNK, place = &media->chunk;
        else if (is(&key, "timestamp", 9))
            which = TIMESTAMP, place = &media->timestamp;
        else if (is(&key, "track", 5))
            which = TRACK, place = &media->track;
        if (seen & which)
            return 0;
        seen |= which;
        if (place != NULL)
            *place = value;
    } while (take(in, ','));
    return take(in, '}') && seen == EVERYTHING;
}

static int take_message(Text *in, Media *media)
{
    int event = 0, audio = 0;
    if (!take(in, '{'))
        return 0;
    do {
        Text key, value;
        if (!take_string(in, &key) || !take(in, ':'))
            return 0;
        if (is(&key, "media", 5)) {
            if (audio++ || !take_media(in, media))
                return 0;
            continue;
        }
        if (!take_string(in, &value))
            return 0;
        if (is(&key, "event", 5) && (event++ || !is(&value, "media", 5)))
            return 0;
    } while (take(in, ','));
    if (!take(in, '}'))
        return 0;
    skip_space(in);
    return in->at == in->end && event && audio;
}

/* The pcm behind base64 (RFC 4648, 4), if it is of that size: the 16-bit sample of each byte, from a table of 256. */
static PyObject *pcm_of(const Text *payload, const unsigned char *samples, Py_ssize_t wanted)
{
    const unsigned char *at = payload->at;
    Py_ssize_t length = payload->end - at;
    if (length % 4 || length == 0)
        return NULL;
    int padding = at[length - 1] != '=' ? 0 : at[length - 2] != '=' ? 1 : 2;
    Py_ssize_t size = length / 4 * 3 - padding, quads = length / 4 - (padding != 0);
    PyObject *pcm = size * 2 == wanted ? PyBytes_FromStringAndSize(NULL, wanted) : NULL;
    if (pcm == NULL)
        return NULL;
    unsigned char *out = (unsigned char *)PyBytes_AsString(pcm);
    unsigned int wrong = 0;
    for (; quads > 0; quads--, at += 4, out += 6) {
        unsigned int bits = places[0][at[0]] | places[1][at[1]] | places[2][at[2]] | places[3][at[3]];
        wrong |= bits;
        memcpy(out, samples + 2 * (bits >> 16 & 0xFF), 2);
        memcpy(out + 2, samples + 2 * (bits >> 8 & 0xFF), 2);
        memcpy(out + 4, samples + 2 * (bits & 0xFF), 2);
    }
    if (padding) {
        unsigned int bits = places[0][at[0]] | places[1][at[1]] | (padding == 1 ? places[2][at[2]] : 0);
        wrong |= bits;
        if (bits & (padding == 1 ? 0xFF : 0xFFFF))
            wrong = NOT_BASE64; /* bits of no byte: somebody else may judge that */
        memcpy(out, samples + 2 * (bits >> 16 & 0xFF), 2);
        if (padding == 1)
            memcpy(out + 2, samples + 2 * (bits >> 8 & 0xFF), 2);
    }
    if (wrong & NOT_BASE64) {
        Py_DECREF(pcm);
        return NULL;
    }
    return pcm;
}

typedef struct {
    PyObject_HEAD
    PyObject *track, *samples, *way;
    Text name;                  /* of the track */
    const unsigned char *table; /* of the samples */
    Py_ssize_t frame_bytes;     /* of the pcm in a piece */
    long long expected;
    Py_ssize_t taken; /* since it was settled, and of these: */
    long long timestamp_ms;
    PyObject *before, *latest;
} Reader;

PyObject *reader_read(PyObject *object, const unsigned char *text, Py_ssize_t size, long long *timestamp_ms)
{
    const Reader *self = (const Reader *)object;
    Text in = {text, text + size};
    Media media;
    long long chunk;
    if (self->expected < 0 || !take_message(&in, &media))
        return NULL;
    if (!is(&media.track, (const char *)self->name.at, length_of(&self->name)) || !number_of(&media.chunk, &chunk)
        || chunk != self->expected || !number_of(&media.timestamp, timestamp_ms))
        return NULL;
    return pcm_of(&media.payload, self->table, self->frame_bytes);
}

int reader_hear(PyObject *object, PyObject *pcm, long long timestamp_ms)
{
    Reader *self = (Reader *)object;
    PyObject *at_ms = PyLong_FromLongLong(timestamp_ms), *way = self->way, *oldest = self->before, *done = NULL;
    self->expected++; /* first: who hears may end it all */
    self->taken++;
    self->timestamp_ms = timestamp_ms;
    self->before = self->latest;
    self->latest = Py_NewRef(pcm);
    Py_XDECREF(oldest);
    Py_INCREF(object);
    Py_INCREF(way);
    if (at_ms != NULL)
        done = PyObject_CallFunctionObjArgs(way, pcm, at_ms, NULL);
    Py_DECREF(way);
    Py_DECREF(object);
    Py_DECREF(pcm);
    Py_XDECREF(at_ms);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *reader_take(PyObject *self, PyObject *message)
{
    char *text;
    Py_ssize_t size;
    long long timestamp_ms;
    if (PyBytes_AsStringAndSize(message, &text, &size) < 0)
        return NULL;
    PyObject *pcm = reader_read(self, (const unsigned char *)text, size, &timestamp_ms);
    if (pcm != NULL)
        return reader_hear(self, pcm, timestamp_ms) < 0 ? NULL : PyBool_FromLong(1);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(0);
}

static PyObject *reader_settle(PyObject *object, PyObject *nothing)
{
    Reader *self = (Reader *)object;
    PyObject *before = self->before, *latest = self->latest;
    Py_ssize_t taken = self->taken;
    (void)nothing;
    if (!taken)
        return Py_NewRef(Py_None);
    self->taken = 0;
    self->before = self->latest = NULL;
    if (before == NULL)
        return Py_BuildValue("nL(N)", taken, self->timestamp_ms, latest);
    return Py_BuildValue("nL(NN)", taken, self->timestamp_ms, before, latest);
}

static PyObject *reader_way(PyObject *object, void *closure)
{
    (void)closure;
    return Py_NewRef(((Reader *)object)->way);
}

static int reader_set_way(PyObject *object, PyObject *way, void *closure)
{
    Reader *self = (Reader *)object;
    PyObject *before = self->way;
    (void)closure;
    self->way = Py_NewRef(way == NULL ? Py_None : way);
    Py_DECREF(before);
    return 0;
}

static PyObject *reader_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *track, *samples;
    Py_ssize_t frame_bytes;
    (void)keywords;
    if (!PyArg_ParseTuple(arguments, "SSn:AudioReader", &track, &samples, &frame_bytes))
        return NULL;
    if (PyBytes_Size(samples) != 512)
        return PyErr_Format(PyExc_ValueError, "expected a table of 512 bytes, got %zd", PyBytes_Size(samples));
    Reader *self = (Reader *)allocate(type);
    if (self != NULL) {
        self->track = Py_NewRef(track);
        self->samples = Py_NewRef(samples);
        self->way = Py_NewRef(Py_None);
        self->name = text_of(track);
        self->table = text_of(samples).at;
        self->frame_bytes = frame_bytes;
        self->expected = -1;
    }
    return (PyObject *)self;
}

static int reader_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((Reader *)object)->way);
    return 0;
}

static int reader_clear(PyObject *object)
{
    return reader_set_way(object, Py_None, NULL);
}

static void reader_dealloc(PyObject *object)
{
    Reader *self = (Reader *)object;
    PyObject_GC_UnTrack(object);
    Py_XDECREF(self->way);
    Py_XDECREF(self->track);
    Py_XDECREF(self->samples);
    Py_XDECREF(self->before);
    Py_XDECREF(self->latest);
    release(object);
}

static PyMethodDef methods[] = {
    {"take", reader_take, METH_O, "Take a message, if it is the expected piece; whether it was."},
    {"settle", reader_settle, METH_NOARGS,
     "Of what was taken since the last time: how many pieces, where the last one begins, and the last two; or None."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"expected", T_LONGLONG, offsetof(Reader, expected), 0, "The number of the piece that is taken; -1 for none."},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"way", reader_way, reader_set_way, "Where the pieces go.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Takes the pieces of one track, in order."},
    {Py_tp_new, reader_new},
    {Py_tp_dealloc, reader_dealloc},
    {Py_tp_traverse, reader_traverse},
    {Py_tp_clear, reader_clear},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec reader_spec = {
    .name = "offhook.carriers._audio.AudioReader",
    .basicsize = sizeof(Reader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

void reader_prepare(void)
{
    for (int place = 0; place < 4; place++) {
        for (int character = 0; character < 256; character++)
            places[place][character] = NOT_BASE64;
        for (unsigned int value = 0; value < 64; value++)
            places[place][(unsigned char)ALPHABET[value]] = value << (18 - 6 * place);
    }
}

/* A piece of audio in a JSON message, read and written in one go; for audio_messages.py. Optional: without it
 * the same is done in Python, in several steps.
 *
 * Nearly every message of a call is the next piece of its audio, in one plain shape:
 *
 *     {"event":"media", …, "media":{"track":"inbound","chunk":"2","timestamp":"20","payload":"…base64…", …}, …}
 *
 * with keys in any order and any white space between. read_audio takes that shape and nothing else. Whatever is unusual
 * (another event, an escape, a number where text is expected, a piece out of order, a character that is not ASCII) is
 * none of its business: it returns None and the caller reads the message at leisure. So it decides nothing that the
 * slower way would decide otherwise.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define NOT_BASE64 0x80000000u

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* What a character means at each of the four places of a group: its six bits, shifted. */
static unsigned int places[4][256];

typedef struct {
    const unsigned char *at, *end;
} Text;

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
    return value->end - value->at == length && memcmp(value->at, word, (size_t)length) == 0;
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

/* The bytes behind base64 (RFC 4648, 4), each as a 16-bit sample from a table if there is one. */
static PyObject *audio_of(const Text *payload, const unsigned char *samples)
{
    const unsigned char *at = payload->at;
    Py_ssize_t length = payload->end - at;
    if (length % 4 || length == 0)
        return NULL;
    int padding = at[length - 1] != '=' ? 0 : at[length - 2] != '=' ? 1 : 2;
    Py_ssize_t size = length / 4 * 3 - padding, quads = length / 4 - (padding != 0);
    PyObject *audio = PyBytes_FromStringAndSize(NULL, samples ? size * 2 : size);
    if (audio == NULL)
        return NULL;
    unsigned char *out = (unsigned char *)PyBytes_AsString(audio);
    unsigned int wrong = 0;
    unsigned char codes[3];
    for (; quads > 0; quads--, at += 4) {
        unsigned int bits = places[0][at[0]] | places[1][at[1]] | places[2][at[2]] | places[3][at[3]];
        wrong |= bits;
        if (samples) {
            memcpy(out, samples + 2 * (bits >> 16 & 0xFF), 2);
            memcpy(out + 2, samples + 2 * (bits >> 8 & 0xFF), 2);
            memcpy(out + 4, samples + 2 * (bits & 0xFF), 2);
            out += 6;
        } else {
            out[0] = (unsigned char)(bits >> 16);
            out[1] = (unsigned char)(bits >> 8);
            out[2] = (unsigned char)bits;
            out += 3;
        }
    }
    if (padding) {
        unsigned int bits = places[0][at[0]] | places[1][at[1]] | (padding == 1 ? places[2][at[2]] : 0);
        wrong |= bits;
        if (bits & (padding == 1 ? 0xFF : 0xFFFF))
            wrong = NOT_BASE64; /* bits of no byte: somebody else may judge that */
        codes[0] = (unsigned char)(bits >> 16);
        codes[1] = (unsigned char)(bits >> 8);
        for (int place = 0; place < 3 - padding; place++) {
            if (samples) {
                memcpy(out, samples + 2 * codes[place], 2);
                out += 2;
            } else
                *out++ = codes[place];
        }
    }
    if (wrong & NOT_BASE64) {
        Py_DECREF(audio);
        return NULL;
    }
    return audio;
}

static PyObject *read_audio(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "expected track, samples, chunk and message");
        return NULL;
    }
    char *message, *track, *samples = NULL;
    Py_ssize_t length, track_length, table = 0;
    if (PyBytes_AsStringAndSize(arguments[0], &track, &track_length) < 0
        || PyBytes_AsStringAndSize(arguments[3], &message, &length) < 0)
        return NULL;
    long long wanted = PyLong_AsLongLong(arguments[2]), chunk, timestamp;
    if (wanted == -1 && PyErr_Occurred())
        return NULL;
    if (arguments[1] != Py_None && PyBytes_AsStringAndSize(arguments[1], &samples, &table) < 0)
        return NULL;
    if (samples != NULL && table != 512) {
        PyErr_Format(PyExc_ValueError, "expected a table of 512 bytes, got %zd", table);
        return NULL;
    }
    Text in = {(const unsigned char *)message, (const unsigned char *)message + length};
    Media media;
    PyObject *audio = NULL;
    if (take_message(&in, &media) && is(&media.track, track, track_length) && number_of(&media.chunk, &chunk)
        && chunk == wanted && number_of(&media.timestamp, &timestamp))
        audio = audio_of(&media.payload, (const unsigned char *)samples);
    if (audio == NULL) {
        if (PyErr_Occurred())
            return NULL;
        Py_INCREF(Py_None);
        return Py_None;
    }
    PyObject *at = PyLong_FromLongLong(timestamp);
    PyObject *found = at == NULL ? NULL : PyTuple_Pack(2, at, audio);
    Py_XDECREF(at);
    Py_DECREF(audio);
    return found;
}

/* head, the samples of pcm coded by their highest bits and in base64, tail. */
static PyObject *write_audio(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 5) {
        PyErr_SetString(PyExc_TypeError, "expected codes, unused bits, head, tail and pcm");
        return NULL;
    }
    char *pcm, *codes, *head, *tail;
    Py_ssize_t length, table, head_length, tail_length;
    if (PyBytes_AsStringAndSize(arguments[0], &codes, &table) < 0
        || PyBytes_AsStringAndSize(arguments[2], &head, &head_length) < 0
        || PyBytes_AsStringAndSize(arguments[3], &tail, &tail_length) < 0
        || PyBytes_AsStringAndSize(arguments[4], &pcm, &length) < 0)
        return NULL;
    long unused = PyLong_AsLong(arguments[1]);
    if (unused == -1 && PyErr_Occurred())
        return NULL;
    if (length % 2 || unused < 0 || unused > 15 || table != 65536 >> unused) {
        PyErr_Format(
            PyExc_ValueError, "expected whole 16-bit samples and a code for each, got %zd bytes, %zd codes", length, table
        );
        return NULL;
    }
    Py_ssize_t size = length / 2, coded = (size + 2) / 3 * 4;
    PyObject *message = PyBytes_FromStringAndSize(NULL, head_length + coded + tail_length);
    if (message == NULL)
        return NULL;
    char *out = PyBytes_AsString(message);
    memcpy(out, head, (size_t)head_length);
    out += head_length;
    const unsigned char *at = (const unsigned char *)pcm, *code = (const unsigned char *)codes;
#define CODE(n) (unsigned int)code[(at[2 * (n)] | at[2 * (n) + 1] << 8) >> unused]
    for (; size >= 3; size -= 3, at += 6, out += 4) {
        unsigned int bits = CODE(0) << 16 | CODE(1) << 8 | CODE(2);
        out[0] = ALPHABET[bits >> 18];
        out[1] = ALPHABET[bits >> 12 & 63];
        out[2] = ALPHABET[bits >> 6 & 63];
        out[3] = ALPHABET[bits & 63];
    }
    if (size) {
        unsigned int bits = CODE(0) << 16 | (size == 2 ? CODE(1) << 8 : 0);
        out[0] = ALPHABET[bits >> 18];
        out[1] = ALPHABET[bits >> 12 & 63];
        out[2] = size == 2 ? ALPHABET[bits >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
#undef CODE
    memcpy(out, tail, (size_t)tail_length);
    return message;
}

static int fill_table(PyObject *module)
{
    (void)module;
    for (int place = 0; place < 4; place++) {
        for (int character = 0; character < 256; character++)
            places[place][character] = NOT_BASE64;
        for (unsigned int value = 0; value < 64; value++)
            places[place][(unsigned char)ALPHABET[value]] = value << (18 - 6 * place);
    }
    return 0;
}

static PyMethodDef functions[] = {
    {"read_audio", (PyCFunction)(void (*)(void))read_audio, METH_FASTCALL,
     "The time and the audio of a message that is the wanted piece of audio; None for every other message."},
    {"write_audio", (PyCFunction)(void (*)(void))write_audio, METH_FASTCALL, "A message that plays pcm."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill_table},
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_audio_messages",
    .m_doc = "A piece of audio in a JSON message.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__audio_messages(void)
{
    return PyModuleDef_Init(&definition);
}

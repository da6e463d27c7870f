/* The quick way of a call's audio between its socket and who hears it; for audio_messages.py. Optional: without it the
 * same is done in Python, in several steps.
 *
 * Nearly every message of a call is the next piece of its audio, in one plain shape:
 *
 *     {"event":"media", …, "media":{"track":"inbound","chunk":"2","timestamp":"20","payload":"…base64…", …}, …}
 *
 * with keys in any order and any white space between, alone in one plain frame of the WebSocket (RFC 6455, 5.2). This
 * takes that shape and nothing else. Whatever is unusual (a control frame, a message in parts, another event, an escape,
 * a number where text is expected, a piece out of order, a character that is not ASCII) is none of its business: it is
 * left to who takes everything. So nothing is decided here that the slower way would decide otherwise.
 *
 * reader.c: messages to pcm. writer.c: pcm to messages. frames.c: a socket's bytes to messages, and back.
 */
#ifndef OFFHOOK_AUDIO_H
#define OFFHOOK_AUDIO_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

/* A part of somebody else's bytes. */
typedef struct {
    const unsigned char *at, *end;
} Text;

extern PyType_Spec reader_spec, frames_spec, writer_spec;

/* Each of the 64 characters of base64 (RFC 4648, 4). */
extern const char ALPHABET[];

/* The state of the module. */
typedef struct {
    PyObject *reader_type;
} State;

/* -- reader.c -- */

/* Before anything is read. */
void reader_prepare(void);

/* The pcm of the piece that the reader expects, and where it begins; NULL for every other message, or with an error. */
PyObject *reader_read(PyObject *reader, const unsigned char *text, Py_ssize_t size, long long *timestamp_ms);

/* Pass such a piece on, and take the reference to it; -1 with what the listener has raised. */
int reader_hear(PyObject *reader, PyObject *pcm, long long timestamp_ms);

/* -- frames.c -- */

enum { HEADER = 4 /* of a frame that is sent, at most */, MOST_SENT = 8192 /* of text */ };

/* The frames that `send` is a method of, if they are, as a borrowed reference; else NULL. */
PyObject *frames_of(PyObject *send);

/* Whether frames may be written to the socket past all else. */
int frames_open(PyObject *frames);

/* Write a frame of text that is in `room` from HEADER on: None, or NULL with an error. */
PyObject *frames_write(PyObject *frames, unsigned char *room, Py_ssize_t size);

/* -- all of them -- */

/* The text of a bytes object, there as long as that is. */
static inline Text text_of(PyObject *bytes)
{
    const unsigned char *at = (const unsigned char *)PyBytes_AsString(bytes);
    Text text = {at, at + PyBytes_Size(bytes)};
    return text;
}

static inline Py_ssize_t length_of(const Text *text)
{
    return text->end - text->at;
}

static inline PyObject *allocate(PyTypeObject *type)
{
    return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
}

static inline void release(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

#endif

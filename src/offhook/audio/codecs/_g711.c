/* G.711 coding by table, for g711.py. Optional: without it the audioop module does the same, slower.
 *
 * audioop searches for the segment of each sample, and on speech the processor guesses the branches of that search wrong
 * so often that it takes a seventh of all that a frame costs. A table has no branches. The tables are filled by the
 * rules of ITU-T G.711 when the module is loaded: 14 bits of a sample count in mu-law, 13 in A-law.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static unsigned char mu_law[1 << 14], a_law[1 << 13];

/* The place of the highest bit that is set. */
static int highest_bit(int value)
{
    int place = 0;
    while (value >>= 1)
        place++;
    return place;
}

/* Table 2a/2b: 33 is added, so that each of 8 segments begins at a power of two; all bits are inverted. */
static unsigned char mu_law_code(int value)
{
    int sign = value < 0 ? 0x80 : 0;
    int magnitude = sign ? -value : value;
    magnitude = (magnitude < 8158 ? magnitude : 8158) + 33;
    int segment = highest_bit(magnitude) - 5;
    return (unsigned char)~(sign | segment << 4 | (magnitude >> (segment + 1) & 15));
}

/* Table 1a/1b: segments 0 and 1 have the same step, -1 is the negative zero; even bits are inverted. */
static unsigned char a_law_code(int value)
{
    int sign = value >= 0 ? 0x80 : 0;
    int magnitude = sign ? value : -value - 1;
    int segment = magnitude < 32 ? 0 : highest_bit(magnitude) - 4;
    return (unsigned char)((sign | segment << 4 | (magnitude >> (segment ? segment : 1) & 15)) ^ 0x55);
}

/* Looks each sample of pcm (signed 16-bit little-endian) up by its highest bits. */
static PyObject *coded(PyObject *pcm, const unsigned char *codes, int unused_bits)
{
    Py_buffer in;
    if (PyObject_GetBuffer(pcm, &in, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *payload = NULL;
    if (in.len % 2)
        PyErr_Format(PyExc_ValueError, "expected whole 16-bit samples, got %zd bytes", in.len);
    else
        payload = PyBytes_FromStringAndSize(NULL, in.len / 2);
    if (payload != NULL) {
        const unsigned char *at = in.buf;
        unsigned char *code = (unsigned char *)PyBytes_AsString(payload), *end = code + in.len / 2;
        for (; code < end; code++, at += 2)
            *code = codes[(at[0] | at[1] << 8) >> unused_bits];
    }
    PyBuffer_Release(&in);
    return payload;
}

static PyObject *encode_mu_law(PyObject *module, PyObject *pcm)
{
    (void)module;
    return coded(pcm, mu_law, 2);
}

static PyObject *encode_a_law(PyObject *module, PyObject *pcm)
{
    (void)module;
    return coded(pcm, a_law, 3);
}

static int fill_tables(PyObject *module)
{
    (void)module;
    for (int bits = 0; bits < 1 << 14; bits++)
        mu_law[bits] = mu_law_code(bits < 1 << 13 ? bits : bits - (1 << 14));
    for (int bits = 0; bits < 1 << 13; bits++)
        a_law[bits] = a_law_code(bits < 1 << 12 ? bits : bits - (1 << 13));
    return 0;
}

static PyMethodDef functions[] = {
    {"encode_mu_law", encode_mu_law, METH_O, "The mu-law codes of pcm."},
    {"encode_a_law", encode_a_law, METH_O, "The A-law codes of pcm."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill_tables},
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_g711",
    .m_doc = "G.711 coding by table.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__g711(void)
{
    return PyModuleDef_Init(&definition);
}

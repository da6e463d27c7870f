/* The module offhook.carriers._audio. */
#include "audio.h"

static int add_types(PyObject *module)
{
    PyType_Spec *specs[] = {&reader_spec, &frames_spec, &writer_spec};
    State *state = PyModule_GetState(module);
    reader_prepare();
    for (int i = 0; i < 3; i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, specs[i], NULL);
        if (type == NULL)
            return -1;
        if (specs[i] == &reader_spec)
            state->reader_type = Py_NewRef(type);
        int failed = PyModule_AddType(module, (PyTypeObject *)type);
        Py_DECREF(type);
        if (failed)
            return -1;
    }
    return 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    if (state != NULL)
        Py_VISIT(state->reader_type);
    return 0;
}

static int clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (state != NULL)
        Py_CLEAR(state->reader_type);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_types},
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_audio",
    .m_doc = "The quick way of a call's audio between its socket and who hears it.",
    .m_size = sizeof(State),
    .m_traverse = traverse,
    .m_clear = clear,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__audio(void)
{
    return PyModuleDef_Init(&definition);
}

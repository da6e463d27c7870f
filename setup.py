"""The one part of the project that is compiled; everything else about it is in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "offhook.audio.codecs._g711",
            ["src/offhook/audio/codecs/_g711.c"],
            # One binary for every Python from 3.11 on.
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            # Where there is no C compiler it is left out, and the audioop module does its work.
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

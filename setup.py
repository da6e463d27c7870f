"""The parts of the project that are compiled; everything else about it is in pyproject.toml."""

from setuptools import Extension, setup

COMPILED = ("audio/codecs/_g711", "carriers/_audio_messages")


def extension(path: str) -> Extension:
    """One module in C. Where there is no compiler it is left out, and Python does its work."""
    return Extension(
        "offhook." + path.replace("/", "."),
        [f"src/offhook/{path}.c"],
        # One binary for every Python from 3.11 on.
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        optional=True,
    )


setup(
    ext_modules=[extension(path) for path in COMPILED],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

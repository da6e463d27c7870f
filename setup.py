"""The parts of the project that are compiled; everything else about it is in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

HOUSE = Path("src/offhook")
COMPILED = {"audio/codecs/_g711": "audio/codecs/_g711", "carriers/_audio": "carriers/csrc/*"}


def extension(path: str, sources: str) -> Extension:
    """One module in C. Where there is no compiler it is left out, and Python does its work."""
    return Extension(
        "offhook." + path.replace("/", "."),
        sorted(map(str, HOUSE.glob(f"{sources}.c"))),
        depends=sorted(map(str, HOUSE.glob(f"{sources}.h"))),
        # One binary for every Python from 3.11 on.
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        optional=True,
    )


setup(
    ext_modules=[extension(path, sources) for path, sources in COMPILED.items()],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

"""The C programs of the benchmarks, compiled on the machine that runs them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FLAGS", "SOURCES", "build", "cache_folder"]

SOURCES = Path(__file__).parent / "csrc"

FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra")

_COMPILE_LIMIT_S = 60


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where compiled programs are kept: ``offhook/bench`` in the user's cache folder."""
    root = environment.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "offhook" / "bench"


def build(name: str, *, folder: Path | None = None) -> Path:
    """The program made from ``csrc/{name}.c``; compiled only when its source or the compiler has changed.

    Raises:
        ConfigError: if there is no C compiler, or it refuses the program.
    """
    compiler = os.environ.get("CC") or next((word for word in ("cc", "gcc", "clang") if shutil.which(word)), None)
    if compiler is None or shutil.which(compiler) is None:
        raise ConfigError(
            f"expected a C compiler for the load and the C server of the benchmark, found {compiler or 'none'}.",
            fix="apt install gcc libc6-dev   (or set CC to a compiler)",
        )
    folder = cache_folder() if folder is None else folder
    digest = hashlib.sha256(" ".join((compiler, *FLAGS)).encode())
    for source in (SOURCES / "websocket.h", SOURCES / f"{name}.c"):
        digest.update(source.read_bytes())
    program = folder / f"{name}-{digest.hexdigest()[:16]}"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there whole: two benchmarks may start at once.
        with tempfile.TemporaryDirectory(dir=folder) as workshop:
            made = Path(workshop, name)
            _compile(compiler, SOURCES / f"{name}.c", made)
            made.replace(program)
    return program


def _compile(compiler: str, source: Path, program: Path) -> None:
    words = [compiler, *FLAGS, "-o", str(program), str(source)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_COMPILE_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"expected {compiler} to compile {source.name}, got {error}", fix="set CC") from None
    if done.returncode:
        complaint = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
        raise ConfigError(
            f"expected {compiler} to compile {source.name}, got: {complaint}",
            fix="apt install gcc libc6-dev   (or set CC to a compiler)",
        )

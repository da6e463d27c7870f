"""The C programs: compiled once, without a warning."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from offhook.bench.native import FLAGS, SOURCES, build, cache_folder
from offhook.errors import ConfigError


def test_programs_are_kept_in_the_users_cache_folder() -> None:
    """The cache folder of the XDG specification is used, and its default where none is set."""
    assert cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/offhook/bench")
    assert cache_folder({}) == Path.home() / ".cache/offhook/bench"


def test_a_program_is_compiled_once(wsbridge: Path, programs: Path) -> None:
    """What is there already is used as it is."""
    made = wsbridge.stat().st_mtime_ns
    assert build("wsbridge", folder=programs) == wsbridge
    assert wsbridge.stat().st_mtime_ns == made


def test_another_source_is_another_program(
    compiler: None, tmp_path: Path, wsbridge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the source is never measured with the program of before, and no half-made file is left."""
    sources = tmp_path / "csrc"
    shutil.copytree(SOURCES, sources)
    (sources / "wsbridge.c").write_text((SOURCES / "wsbridge.c").read_text() + "\n/* changed */\n")
    monkeypatch.setattr("offhook.bench.native.SOURCES", sources)
    assert build("wsbridge", folder=tmp_path).name != wsbridge.name
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp")]


@pytest.mark.parametrize("name", ["wsload", "wsbridge"])
def test_the_sources_compile_without_a_warning(compiler: None, name: str, tmp_path: Path) -> None:
    """GCC at its strictest has nothing to say."""
    words = ["cc", *FLAGS, "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-o"]
    done = subprocess.run(
        [*words, str(tmp_path / name), str(SOURCES / f"{name}.c")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_machine_without_a_compiler_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the compiler to install."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="found none") as caught:
        build("wsload", folder=tmp_path)
    assert "gcc" in str(caught.value.fix)


def test_a_compiler_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that was chosen by CC is not silently replaced by another."""
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(ConfigError, match="found no-such-compiler"):
        build("wsload", folder=tmp_path)


def test_the_compilers_complaint_is_passed_on(
    compiler: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require: Any
) -> None:
    """The error quotes the compiler's own words, and nothing half-made is kept."""
    (tmp_path / "websocket.h").write_text("")
    (tmp_path / "broken.c").write_text("int main(void) { return nothing; }\n")
    monkeypatch.setattr("offhook.bench.native.SOURCES", tmp_path)
    with pytest.raises(ConfigError, match=r"to compile broken\.c, got: .*nothing"):
        build("broken", folder=tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []

"""The rooms of the house import downwards only (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "offhook"

ROOMS = [
    "core",
    "audio",
    "carriers",
    "calls",
    "speech",
    "models",
    "tools",
    "dialog",
    "agent",
    "providers",
    "probing",
    "server",
    "bench",
    "exchange",
    "testing",
    "web",
    "faults",
    "demo",
    "cli",
]
"""From the cellar to the roof."""

EXCHANGE_MAY_USE = {"core", "audio", "carriers", "speech", "exchange"}
"""The exchange meets the product only over sockets, as the real carrier does."""


def room_of(module: str) -> str:
    """The room that ``offhook.room.…`` lies in."""
    parts = module.split(".")
    if len(parts) > 1 and parts[1] in ROOMS:
        return parts[1]
    return "core"


def imports(path: Path) -> set[str]:
    """Every offhook module that the file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return {name for name in found if name.startswith("offhook.")}


FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    """An import that goes up is a seam in the wrong place."""
    room = path.relative_to(SOURCE).parts[0]
    for name in imports(path):
        used = room_of(name)
        assert ROOMS.index(used) <= ROOMS.index(room), f"{path.relative_to(SOURCE)} imports {name}, which lies above it"
        if room == "exchange":
            assert used in EXCHANGE_MAY_USE, f"the exchange imports {name}: it must meet it over a socket"


AGENT_FLOORS = [
    {
        "checks",
        "events",
        "failures",
        "fillers",
        "handover",
        "opening",
        "options",
        "playout",
        "recognisers",
        "silence",
        "timing",
        "voices",
        "work",
    },
    {"agent", "conversant", "engines", "handing_over", "loading"},
    {"cascade"},
    {"session"},
    {"speech_to_speech"},
    {"sessions"},
]
"""Inside ``agent/``, from below: the words, the definition and the seam, what converses, its host, who binds them."""


def floor_of(part: str) -> int:
    """The floor of a module or folder of ``agent/``."""
    return next(floor for floor, parts in enumerate(AGENT_FLOORS) if part in parts)


@pytest.mark.parametrize("path", sorted((SOURCE / "agent").rglob("*.py")), ids=lambda path: path.name)
def test_what_converses_and_its_session_do_not_know_each_other(path: Path) -> None:
    """They meet in the protocols of ``agent/conversant.py``: siblings of the cascade need nothing of it."""
    own = path.relative_to(SOURCE / "agent").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    used = {name.split(".")[2] for name in runtime_imports(path) if name.startswith("offhook.agent.")}
    assert all(floor_of(part) <= floor_of(own) for part in used - {own})
    if own == "session":
        assert "cascade" not in used


def runtime_imports(path: Path) -> set[str]:
    """What is imported where it runs, and not for type checkers alone."""
    tree = ast.parse(path.read_text())
    for_types = [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    tree.body = [node for node in tree.body if node not in for_types]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


EXCHANGE_FLOORS = ["words", "people", "sound", "legs", "webhooks", "commands", "api", "exchange", "serve"]
"""Inside ``exchange/``, from below."""


@pytest.mark.parametrize("path", sorted((SOURCE / "exchange").rglob("*.py")), ids=lambda path: path.name)
def test_a_room_of_the_exchange_imports_only_rooms_below_it(path: Path) -> None:
    """For type checkers, too: legs know nothing of commands, webhooks or what serves them."""
    own = path.relative_to(SOURCE / "exchange").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for name in imports(path):
        if name.startswith("offhook.exchange."):
            used = name.split(".")[2]
            assert EXCHANGE_FLOORS.index(used) <= EXCHANGE_FLOORS.index(own), f"{own} imports {name}, which lies above"


def modules_used(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules of the house that a file imports; a package counts only for what is in its own file."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                used.add(inner if inner in modules else node.module)
    return used & set(modules)


def test_no_module_of_the_exchange_needs_itself() -> None:
    """No circles, however long, and not for type checkers either."""
    modules = {
        "offhook." + ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
        for path in (SOURCE / "exchange").rglob("*.py")
        if path.name != "__init__.py"
    }
    graph = {name: modules_used(path, modules) for name, path in modules.items()}
    while leaves := [name for name, used in graph.items() if not used & set(graph)]:
        for name in leaves:
            del graph[name]
    assert graph == {}


def test_the_exchange_uses_the_carrier_only_for_its_words() -> None:
    """Shapes and signatures are shared; the client is not: the exchange is what the client talks to."""
    for path in (SOURCE / "exchange").rglob("*.py"):
        assert "offhook.carriers.telnyx.client" not in imports(path)


@pytest.mark.parametrize("path", sorted((SOURCE / "exchange" / "people").glob("*.py")), ids=lambda path: path.name)
def test_the_people_of_the_exchange_do_not_know_what_carries_their_voices(path: Path) -> None:
    """A phone has a mouth and an ear and lines come to it, so that a caller can be put on anything that calls them."""
    for name in imports(path):
        assert not name.startswith("offhook.exchange.") or name.split(".")[2] in ("people", "words"), (
            f"people/{path.name} imports {name}, which lies above it"
        )


@pytest.mark.parametrize("path", sorted((SOURCE / "testing").rglob("*.py")), ids=lambda path: path.name)
def test_stand_ins_share_no_code_with_the_clients_that_they_judge(path: Path) -> None:
    """Both ends of a wire that one project wrote can share a mistake: they meet over sockets alone."""
    assert not {room_of(name) for name in imports(path)} & {"providers", "models", "agent", "server"}


CARRIER_WORDS = ("telnyx", "call_control", "call.hangup", "call.speak", "streaming.started")
NEUTRAL = ["audio", "carriers", "calls", "speech", "dialog", "agent", "server", "web"]


def words_of(path: Path) -> str:
    """The names and texts of a module's code; not its comments and docstrings."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words = [*imports(path)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            words.append(node.value)
        elif isinstance(node, ast.Name):
            words.append(node.id)
        elif isinstance(node, ast.Attribute):
            words.append(node.attr)
    return "\n".join(words).lower()


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.relative_to(SOURCE).parts[0] in NEUTRAL and "telnyx" not in path.parts],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_no_room_above_a_carriers_own_knows_its_words(path: Path) -> None:
    """Or the next carrier would be a special case of the first."""
    words = words_of(path)
    assert [word for word in CARRIER_WORDS if word in words] == []


def test_every_folder_is_a_room_with_a_place() -> None:
    """A new folder is given its place in the house, and in the picture of it."""
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders <= set(ROOMS)
    picture = (SOURCE.parent.parent / "docs" / "architecture.md").read_text()
    assert [folder for folder in folders if f"{folder}/" not in picture] == []


ROOT = SOURCE.parent.parent
ONE_MORE = re.compile(r"[a-z)`]\. [A-Z]")
"""Where a second sentence begins."""
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_says_in_a_sentence_which_rule_it_holds(path: Path) -> None:
    """The tests are the specification: what fails is read by somebody who did not write it."""
    tests = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    said = [(test.name, " ".join((ast.get_docstring(test) or "").split())) for test in tests]
    assert [name for name, words in said if not words.endswith((".", "?", "!"))] == []
    assert [name for name, words in said if ONE_MORE.search(words)] == [], "expected one sentence"


def has_behaviour(path: Path) -> bool:
    """Whether a module has a function that does something: types, protocols and constants have none to be tested."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Lambda):
            return True
        # A docstring and ``...`` are all that the method of a protocol has.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not all(
            isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) for step in node.body
        ):
            return True
    return False


def pure_modules() -> list[Path]:
    """The modules of the pure cores, without what only gathers them."""
    words = (ROOT / "scripts" / "pure-modules").read_text().split()
    return sorted({path for word in words for path in ROOT.glob(word) if path.name != "__init__.py"})


def test_every_line_of_the_pure_cores_names_modules_that_are_there() -> None:
    """A module that has moved away would be measured no more."""
    words = (ROOT / "scripts" / "pure-modules").read_text().split()
    assert [word for word in words if not any(ROOT.glob(word))] == []


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_of_a_pure_core_has_tests_by_its_name(path: Path) -> None:
    """At the same place under ``tests``, so that whoever changes the one finds the other."""
    room = path.relative_to(SOURCE).parent
    tests = ROOT / "tests" / room / f"test_{path.name.lstrip('_')}"
    assert tests.exists() or not has_behaviour(path), f"expected {tests.relative_to(ROOT)}"

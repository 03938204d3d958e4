"""Every type that is decoded into was read on import, by one thread: see docs/decisions/0028."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "projections").rglob("*.py")])
# Where msgspec.convert is called, each with its types read on import.
CONVERTING = {
    "src/chouseiapo/events.py",
    "src/chouseiapo/web/forms.py",
    "src/chouseiapo/adapters/zoom/passcodes.py",
}


def calls(within: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(within):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def asks_for_a_look(name: str, call: ast.Call) -> bool:
    """Whether a call, inside a function, lets msgspec read a type at some later time."""
    if name in ("msgspec.json.decode", "msgspec.msgpack.decode"):
        return bool(call.keywords)
    return name == "msgspec.convert" or name.endswith(("json.Decoder", "msgpack.Decoder"))


def test_no_function_lets_msgspec_read_a_type() -> None:
    found = {
        str(source.relative_to(ROOT))
        for source in SOURCES
        for function in ast.walk(ast.parse(source.read_text()))
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        if any(asks_for_a_look(name, call) for name, call in calls(function))
    }
    assert found == CONVERTING


def test_what_was_stored_is_read_without_another_look_at_any_annotation() -> None:
    """What msgspec would read after the import is broken: it must not need it."""
    script = """
import json, msgspec
import chouseiapo.bootstrap, chouseiapo.web
from chouseiapo.adapters.zoom.passcodes import Rules
from chouseiapo.domain.event import Event
from chouseiapo.events import EVENTS
from chouseiapo.web.forms import Body

def all_of(kind):
    for each in kind.__subclasses__():
        yield each
        yield from all_of(each)

fresh = type("Fresh", (msgspec.Struct,), {"__annotations__": {"a": int}})
for kind in all_of(msgspec.Struct):
    kind.__annotations__ = {"broken": "Nowhere"}
for kind in (*EVENTS.values(), *Body.__subclasses__(), Rules):
    msgspec.json.Decoder(kind)
try:
    msgspec.json.Decoder(fresh)
except NameError:
    print(len(EVENTS), "read before")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.endswith("read before\n"), done.stderr

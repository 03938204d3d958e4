"""Every sentence that the pages can show has an English one, no English one is left over, and values fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import babel_extract

import chouseiapo.web

WEB = Path(chouseiapo.web.__file__).parent
CATALOGUE = WEB / "locale" / "en.po"
VALUE = re.compile(r"%\(\w+\)s|\{\w+\}")
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def in_templates() -> Iterator[str]:
    for path in sorted((WEB / "templates").rglob("*.html")):
        with path.open("rb") as file:
            found = list(babel_extract(file, ("_",), (), {"encoding": "utf-8", "silent": "false"}))
        # With values after it, a sentence comes as the first of a tuple.
        sentences = (said if isinstance(said, str) else said[0] for _, _, said, _ in found if said)
        yield from (sentence for sentence in sentences if sentence)


def in_code() -> Iterator[str]:
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                yield from (
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                )


def catalogue() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}


def test_every_sentence_has_an_english_one_and_none_is_left_over() -> None:
    used, known = {*in_templates(), *in_code()}, catalogue()
    assert sorted(used - known.keys()) == []
    assert sorted(known.keys() - used) == []
    assert [id for id, english in known.items() if not english] == []


def test_sentences_take_the_same_values_in_both_languages() -> None:
    odd = [
        id
        for id, english in catalogue().items()
        if sorted(VALUE.findall(id)) != sorted(VALUE.findall(english))
    ]
    assert odd == []


def test_english_sentences_are_english() -> None:
    assert [english for english in catalogue().values() if JAPANESE.search(english)] == []


def test_templates_hold_no_japanese_outside_the_catalogue() -> None:
    """What stands in a template as it is would be Japanese for everybody; two names are meant to be."""
    strays = []
    for path in sorted((WEB / "templates").rglob("*.html")):
        for kind, text in ((k, t) for _, k, t in Environment(autoescape=True).lex(path.read_text("utf-8"))):
            if kind == "data" and JAPANESE.search(text.replace("調整アポ", "").replace("日本語", "")):
                strays.append((path.name, text.strip()))
    assert strays == []

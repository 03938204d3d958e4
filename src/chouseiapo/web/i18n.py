"""Japanese text is the message id; English is read from `locale/en.po` at start. No compiled catalogues."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("ja", "en")


@cache
def translations(locale: str) -> NullTranslations:
    """The catalogue of a locale; Japanese needs none."""
    path = Path(__file__).parent / "locale" / f"{locale}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def translate(sentence: str, locale: str, **values: object) -> str:
    """The sentence in that language, with its values put in."""
    text = translations(locale).gettext(sentence)
    return text % values if values else text


def _(sentence: str) -> str:
    """Marks a sentence for the catalogue; it is translated when it is shown."""
    return sentence

"""Passcodes by the rules of the host's account, drawn so that nobody can guess them."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

import msgspec

LONGEST, USUAL = 10, 8
DIGITS = "0123456789"
# Without what looks alike when it is read out or typed: l, I, O, o.
LOWER, UPPER = "abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ"
# "The @, -, _, and * characters": https://developers.zoom.us/docs/api/meetings/
SPECIAL = "@-_*"


class Rules(msgspec.Struct, frozen=True):
    """What Zoom calls meeting_password_requirement. length: at least so many characters, 0 for any number.
    consecutive_characters_length: so many in a row (1111, abcd) are too many, 0 for any number."""

    length: int = 0
    have_letter: bool = False
    have_number: bool = False
    have_special_character: bool = False
    have_upper_and_lower_characters: bool = False
    only_allow_numeric: bool = False
    consecutive_characters_length: int = 0


# Looked at now: two threads that did so at once, at its first use, would end the process.
msgspec.json.Decoder(Rules)
# Good for every account but one that allows digits alone, for when its rules can't be read.
STRICTEST = Rules(
    length=LONGEST,
    have_letter=True,
    have_number=True,
    have_special_character=True,
    have_upper_and_lower_characters=True,
)


def rules_of(settings: dict[str, Any]) -> Rules:
    """From the host's settings as Zoom answers them; what it does not say asks for nothing."""
    said = settings.get("schedule_meeting", {}).get("meeting_password_requirement") or {}
    return msgspec.convert(
        {name: value for name, value in said.items() if value is not None}, Rules, strict=False
    )


def new_passcode(rules: Rules) -> str:
    """At most ten characters; no two neighbours are alike or follow each other, as in 11 or ab."""
    length = min(LONGEST, max(USUAL, rules.length))
    while True:
        drawn = [secrets.choice(kind) for kind in _needed(rules)]
        drawn += [secrets.choice(_allowed(rules)) for _ in range(length - len(drawn))]
        secrets.SystemRandom().shuffle(drawn)
        if all(abs(ord(a) - ord(b)) > 1 for a, b in itertools.pairwise(drawn)):
            return "".join(drawn)


def _needed(rules: Rules) -> list[str]:
    """One of each of these must be in it."""
    if rules.only_allow_numeric:
        return [DIGITS]
    cased = rules.have_upper_and_lower_characters
    kinds = [LOWER, UPPER] if cased or rules.have_letter else []
    return [*kinds, DIGITS, *([SPECIAL] if rules.have_special_character else [])]


def _allowed(rules: Rules) -> str:
    return DIGITS if rules.only_allow_numeric else LOWER + UPPER + DIGITS

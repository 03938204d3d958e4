"""Passcodes: whatever an account's rules are, what we make keeps them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chouseiapo.adapters.zoom.passcodes import Rules, new_passcode, rules_of

flags = st.booleans()
RULES = st.builds(
    Rules,
    length=st.integers(0, 10),
    have_letter=flags,
    have_number=flags,
    have_special_character=flags,
    have_upper_and_lower_characters=flags,
    only_allow_numeric=flags,
    consecutive_characters_length=st.sampled_from([0, 4, 5, 6, 7, 8]),
)


def longest_run(text: str) -> int:
    """By every start and every step: of the same character, or of neighbours up or down."""
    longest = 1
    for start in range(len(text)):
        for step in (-1, 0, 1):
            length = 1
            while (
                start + length < len(text) and ord(text[start + length]) == ord(text[start]) + step * length
            ):
                length += 1
            longest = max(longest, length)
    return longest


@settings(max_examples=400, deadline=None)
@given(RULES)
def test_every_rule_is_kept(rules: Rules) -> None:
    made = new_passcode(rules)
    assert max(6, rules.length) <= len(made) <= 10
    if rules.only_allow_numeric:
        assert made.isascii()
        assert made.isdecimal()
    else:
        assert not rules.have_letter or any(c.isalpha() for c in made)
        assert not rules.have_special_character or any(c in "@-_*" for c in made)
        both = any(c.isupper() for c in made) and any(c.islower() for c in made)
        assert not rules.have_upper_and_lower_characters or both
    assert not rules.have_number or any(c.isdecimal() for c in made)
    assert all(c.isascii() and (c.isalnum() or c in "@-_*") for c in made)
    run = rules.consecutive_characters_length
    assert not run or longest_run(made) < run


def test_no_two_are_alike() -> None:
    assert len({new_passcode(Rules()) for _ in range(1000)}) == 1000


def test_what_zoom_does_not_say_asks_for_nothing() -> None:
    assert rules_of({}) == Rules()
    said = {"length": 8, "have_letter": None, "weak_enhance_detection": True, "new_rule": 1}
    assert rules_of({"schedule_meeting": {"meeting_password_requirement": said}}) == Rules(length=8)

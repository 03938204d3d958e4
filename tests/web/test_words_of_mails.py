"""Every mail can be named, and why it was made, in both languages; without words it is no fault."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest
from flask import g

from chouseiapo.domain.appointment import Appointment
from chouseiapo.mail_facts import Rule
from chouseiapo.web.i18n import translate
from chouseiapo.web.staff import words
from projections import outbox
from projections.outbox import is_reminder
from tests.web.api import Api


def events_with_mails() -> Iterator[str]:
    """The names of the events that the rules for mails know."""
    for node in ast.walk(ast.parse(inspect.getsource(outbox))):
        if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Attribute):
            yield getattr(Appointment, node.cls.attr).NAME


def test_every_event_that_causes_a_mail_has_words() -> None:
    events = set(events_with_mails())
    assert {"appointment.confirmed", "appointment.meeting-vanished"} <= events
    assert {event for event in events if event not in words.MAIL_CAUSES} == set()


def test_every_rule_has_words() -> None:
    rules = {rule.value for rule in Rule if not is_reminder(rule)}
    assert {rule for rule in rules if rule not in words.MAIL_RULES} == set()


@pytest.mark.parametrize("said", [words.MAIL_CAUSES, words.MAIL_RULES, words.MAIL_SKIPS, words.MAIL_STATES])
def test_all_of_them_in_english_too(said: dict[str, str]) -> None:
    assert {sentence for sentence in said.values() if translate(sentence, "en") == sentence} == set()


def test_an_event_without_words_is_a_change_of_the_appointment(api: Api) -> None:
    with api.app.test_request_context():
        g.locale = "en"
        assert words.mail_cause("moved", "appointment.unheard-of") == "because the appointment was changed"
        assert words.mail_cause("removed", "appointment.attendees-changed") != words.mail_cause(
            "confirmation", "appointment.attendees-changed"
        )

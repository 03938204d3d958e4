"""Why a draft is refused: what is wrong at each field; and all of it above the form, as links to them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import g

from chouseiapo.domain.errors import Problem
from chouseiapo.web.errors import sentence
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words
from chouseiapo.web.staff.picker import Row

# Where each field stands on the page, and its name.
FIELDS = {
    "attendees": ("query", _("担当者")),
    "organizer": ("organizer", _("主催者")),
    "time": ("on", _("日時")),
    "recurrence.frequency": ("repeat-choice", _("くり返し")),
    "recurrence.interval": ("every", _("くり返しの間隔")),
    "recurrence.count": ("times", _("くり返しの終わり")),
    "candidates": ("picked", _("日時候補")),
    "delivery": ("delivery-choice", _("届け方")),
    "guest.company": ("company", _("会社名")),
    "guest.name": ("name", _("お客様のお名前")),
    "guest.email": ("email", _("お客様のメールアドレス")),
    "guest.phone": ("phone", _("電話番号")),
    "guest.time_zone": ("time_zone", _("お客様のタイムゾーン")),
    "guest.locale": ("locale", _("お客様の言語")),
    "kind": ("kind-choice", _("種類")),
    "platform": ("platform-choice", _("会議の方法")),
    "url": ("url", _("Web会議のURL")),
    "meeting_options.join_before_host": ("option-join_before_host", _("主催者より先の入室")),
    "place": ("place", _("場所")),
    "title": ("title", _("件名")),
    "message": ("message", _("お客様へのメッセージ")),
    "note": ("note", _("社内メモ")),
    "deadline": ("deadline", _("回答期限")),
    "visibility": ("visibility-choice", _("予定の公開範囲")),
}

# Of a message to guests.
OF_MESSAGE = {
    "appointments": ("appointments", _("送り先")),
    "subject": ("subject", _("メールの件名")),
    "text": ("text", _("本文")),
}


class Told(msgspec.Struct, frozen=True):
    """One line above the form: where it leads, what it is about, what is wrong there."""

    anchor: str
    label: str
    sentence: str


def first_of_each(problems: Sequence[Problem]) -> dict[str, Problem]:
    """The first problem of each field."""
    return {problem.field: problem for problem in reversed(problems)}


def by_field(problems: Sequence[Problem]) -> dict[str, Problem]:
    """The first problem of each field; one that is too long is named, because several may be."""
    return {field: _named(problem) for field, problem in first_of_each(problems).items()}


def summary(
    problems: Sequence[Problem], rows: Sequence[Row] = (), fields: dict[str, tuple[str, str]] = FIELDS
) -> list[Told]:
    """Everything that is wrong: the candidates, then the fields in their order on the page."""
    candidates = [
        Told(f"candidate-{n}", row.words, told) for n, row in enumerate(rows) for told in row.problems
    ]
    found = first_of_each(problems)
    return candidates + [
        Told(anchor, words.said(label), sentence(found[field], g.locale))
        for field, (anchor, label) in fields.items()
        if field in found
    ]


def _named(problem: Problem) -> Problem:
    if problem.code != "too_long":
        return problem
    label = words.said(FIELDS[problem.field][1])
    return msgspec.structs.replace(problem, code="too_long_there", values={**problem.values, "field": label})

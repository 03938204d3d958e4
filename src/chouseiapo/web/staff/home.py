"""Home: what needs me now, then open ones by deadline, then coming ones by date; or what was searched for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from babel.dates import format_timedelta
from flask import Blueprint, g, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.links import Link
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.frame import is_administrator, moment, span
from chouseiapo.web.staff.new import begun
from chouseiapo.web.staff.panel import may_start
from projections import desk
from projections.appointments import PAGE, Listed, list_appointments

staff = Blueprint("staff", __name__)
MOST = 30
SOON = timedelta(hours=48)
NEAR = timedelta(minutes=30)
ALL = "all"
DONE = {
    "discarded": _("下書きを破棄しました。"),
    "restored": _("すべて元に戻しています。まもなくカレンダーに表示されます。"),
    "messages": _("選んだお客様にメッセージを送りました。届いたかどうかは、それぞれの予定で見られます。"),
    "no_draft": _("このメッセージの下書きは、もう残っていません。送られていません。"),
    "left": _("消したままにします。確かめが必要なものは、まもなくここに並びます。"),
}
# What is not built yet (declined) is not offered as a filter.
FILTERS = {
    ALL: _("すべて"),
    **{state: words.STATES[state] for state in ("proposed", "confirmed", "cancelled", "expired")},
}


class Line(msgspec.Struct, frozen=True):
    """One appointment in a list; `mark` is its look, `when` what matters about its time, `soon` how soon."""

    id: str
    title: str
    mark: str
    when: str
    facts: tuple[str, ...]
    soon: str = ""


class Account(msgspec.Struct, frozen=True):
    """An account that needs somebody: what is wrong, whose it is, and the way to its one remedy."""

    what: str
    facts: str
    where: str
    action: str


@staff.get("/")
@session.signed_in
def home() -> Any:
    """The desk, or the flat list once something is searched or filtered."""
    asked = request.args
    everybody = is_administrator() and asked.get("scope") == "all"
    member = None if everybody else g.member.id
    query = asked.get("q", "").strip()
    state = asked.get("state", "") if asked.get("state") in FILTERS else (query and ALL)
    shared = {"query": query, "state": state, "everybody": everybody, "filters": FILTERS}
    if state:
        shared["selecting"] = "select" in asked
        return render_template("staff/found.html", **shared, **_found(member, query, state))
    done = DONE.get(asked.get("done", ""), "")
    return render_template("staff/home.html", **shared, **_desk(member), done=done)


def _found(member: str | None, query: str, state: str) -> dict[str, Any]:
    after = request.args.get("cursor", "")
    only = "" if state == ALL else state
    found = list_appointments(services().rows, member, g.now, only, query, after, PAGE + 1)
    return {"lines": _lines(found[:PAGE]), "cursor": found[PAGE - 1].id if len(found) > PAGE else ""}


def _desk(member: str | None) -> dict[str, Any]:
    rows = services().rows
    asked = desk.questions(services().coordination, rows, member, g.now)
    gone = desk.meetings_gone(services().coordination, rows, member, g.now)
    changed = desk.changed_by_hand(services().coordination, rows, member, g.now, MOST)
    concerns = [*asked, *gone, *changed, *desk.concerns(rows, member, g.now)]
    pressing = {concern.appointment for concern in concerns}
    waiting = [each for each in desk.waiting(rows, member, g.now, MOST) if each.id not in pressing]
    subjects = desk.subjects_of(rows, pressing)
    coming = desk.coming(rows, member, g.now, MOST)
    return {
        "starting": list(_starting(coming)),
        "concerns": [
            (c.appointment, *_named(subjects[c.appointment]), words.said(words.CONCERNS[c.what]), _time_of(c))
            for c in concerns
        ],
        "accounts": list(_accounts()),
        "begun": [(each.id, each.title, _ago(each.at)) for each in begun()],
        "waiting": _lines(waiting),
        "coming": _lines(coming),
        "most": MOST,
        "new_here": not list_appointments(rows, member, g.now, most=1),
    }


def _starting(coming: Iterable[Listed]) -> Iterator[tuple[Line, bool]]:
    """What begins within half an hour, or has begun; and whether whoever reads it starts the meeting."""
    near = [each for each in coming if each.starts_at and each.starts_at - g.now <= NEAR]
    for line in _lines(near):
        yield line, may_start(services().coordination.appointment(line.id))


def _accounts() -> Iterator[Account]:
    """What is wrong with one's own accounts and, for administrators, with the rooms'."""
    own = url_for("settings.page")
    for link in g.member.links.values():
        yield from _trouble(link, own)
    if is_administrator():
        rooms = services().coordination.owners(room.id for room in people.rooms())
        for id, room in rooms.items():
            for link in room.links.values():
                yield from _trouble(link, url_for("rooms.page", id=id), people.name_of(id))


def _trouble(link: Link, relinked_at: str, room: str = "") -> Iterator[Account]:
    """It does not work; or so many entries are gone that somebody has to say what that means."""
    name = words.said(words.PROVIDERS[link.provider])
    facts = f"{room} · {link.account}" if room else link.account
    if link.broken:
        what = words.said(_("%(name)sとの連携が切れています"), name=name)
        yield Account(what, facts, relinked_at, words.said(_("設定を見る")))
    if link.vanished:
        what = words.said(
            _("%(name)sから予定が%(count)s件、一度に消えました"), name=name, count=link.vanished
        )
        where = url_for("vanished.page", link=link.id)
        yield Account(what, facts, where, words.said(_("どうするか決める")))


def _time_of(concern: desk.Concern) -> str:
    return words.said(
        _("期限 %(moment)s") if concern.what == "deadline" else _("%(moment)sから"), moment=moment(concern.at)
    )


def _lines(found: list[Listed]) -> list[Line]:
    ids = [each.id for each in found]
    names, subjects = desk.names_of(services().rows, ids), desk.subjects_of(services().rows, ids)
    return [_line(each, subjects[each.id], names.get(each.id, [])) for each in found]


def _named(subject: desk.Subject) -> tuple[str, str]:
    """The title in the reader's words; and the guest, where the title does not say who it is."""
    title = wording.title_for_member(subject.title, subject.guest, g.locale)
    return title, "" if subject.names_guest else wording.guest_in_text(subject.guest, g.locale)


def _line(listed: Listed, subject: desk.Subject, names: list[str]) -> Line:
    title, guest = _named(subject)
    over = listed.ends_at is not None and listed.ends_at <= g.now
    mark = "over" if listed.state == "confirmed" and over else listed.state
    facts = [guest] if guest else []
    facts.append(words.said(words.STATES[listed.state]))
    if listed.state == "proposed":
        facts.append(words.said(_("候補 %(n)s件"), n=listed.open_count))
        facts.append(words.said(_("依頼 %(ago)s"), ago=_ago(listed.proposed_at)))
    if listed.left > 1:
        facts.append(words.said(_("残り%(n)s回"), n=listed.left))
    facts += names
    return Line(listed.id, title, mark, _when(listed), tuple(facts), _soon(listed))


def _soon(listed: Listed) -> str:
    """That little time is left to answer: what is nearer still is said where it needs somebody."""
    left = listed.deadline - g.now if listed.deadline else SOON
    return words.said(_("あと1日")) if timedelta(days=1) <= left < SOON else ""


def _when(listed: Listed) -> str:
    if listed.starts_at and listed.ends_at:
        return span(listed.starts_at, listed.ends_at)
    if listed.deadline:
        return words.said(_("期限 %(moment)s"), moment=moment(listed.deadline))
    return words.said(_("%(moment)sに依頼"), moment=moment(listed.proposed_at))


def _ago(at: datetime) -> str:
    """「3日前」, "3 days ago"."""
    if g.now - at < timedelta(minutes=1):
        return words.said(_("たった今"))
    text = format_timedelta(at - g.now, add_direction=True, locale=g.locale)
    return text.replace(" ", "") if g.locale == "ja" else text

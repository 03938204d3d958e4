"""Every calendar compared with the events, for administrators: what is wanted, there, missing, left over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.ids import link_owner
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.frame import administrators_only, moment, span, title_of
from projections.audit import Detail, Report, ask, calendars_in_use, is_asked, reports
from projections.holds import AUDIT, REPAIR, REPAIR_ALL

calendars = Blueprint("calendars", __name__)
MOST_SHOWN = 20
SETTLING = timedelta(seconds=3)


class Wrong(msgspec.Struct, frozen=True):
    """One entry that is not as wanted, in words."""

    kind: str
    kind_words: str
    appointment: str
    title: str
    when: str


class Account(msgspec.Struct, frozen=True):
    """One calendar account: right, wrong, unread or waiting for its first comparison."""

    link: str
    name: str
    calendar: str
    state: str
    at: str
    report: Report | None
    what: str = ""
    remedy: str = ""
    wrong: Sequence[Wrong] = ()


@calendars.get("/calendars")
@session.signed_in
def page() -> Any:
    administrators_only()
    rows = services().rows
    known = {report.link: report for report in reports(rows)}
    links = calendars_in_use(services().coordination, rows)
    asked_at = _instant(request.args.get("since", ""))
    shown = sorted((_account(link, known.get(link)) for link in links), key=_order)
    compared = sum(r.at >= asked_at for r in known.values() if r.link in links) if asked_at else len(shown)
    waiting = any(is_asked(rows, links, what) for what in (AUDIT, REPAIR, REPAIR_ALL))
    return render_template(
        "staff/calendars.html",
        accounts=shown,
        **{state: sum(each.state == state for each in shown) for state in ("right", "wrong", "unread")},
        compared=compared,
        under_way=asked_at is not None and waiting,
        address=request.full_path.rstrip("?"),
        last=max((report.at for report in known.values()), default=None),
    )


@calendars.post("/calendars/compare")
@session.signed_in
def compare() -> Any:
    """Have all of them compared now; the page tells how far it has come."""
    administrators_only()
    ask(services().rows, calendars_in_use(services().coordination, services().rows))
    return _back()


@calendars.post("/calendars/<link>/repair")
@session.signed_in
def repair(link: str) -> Any:
    """Put back what is missing, take away what is left over, then compare again."""
    administrators_only()
    if link not in calendars_in_use(services().coordination, services().rows):
        raise NotFound
    ask(services().rows, [link], REPAIR_ALL if "all" in request.form else REPAIR)
    # A moment later, so that what the repair has asked for is written by then.
    ask(services().rows, [link], AUDIT, due_at=g.now + SETTLING)
    return _back()


def _back() -> Any:
    return redirect(url_for("calendars.page", since=g.now.isoformat()), 303)


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _order(account: Account) -> tuple[bool, bool, str]:
    return account.state == "right", account.state == "waiting", account.name


def _account(link: str, report: Report | None) -> Account:
    owner = report.owner if report else link_owner(link)
    calendar = words.said(words.PROVIDERS.get(link.partition("-")[0], words.BUILT_IN))
    name = people.name_of(owner)
    if report is None:
        return Account(link, name, calendar, "waiting", "", None)
    if report.error:
        trouble = words.trouble(report.error)
        return Account(link, name, calendar, "unread", moment(report.at), report, *trouble)
    state = "right" if report.is_right else "wrong"
    wrong = [_wrong(detail) for detail in report.details[:MOST_SHOWN]]
    return Account(link, name, calendar, state, moment(report.at), report, wrong=wrong)


def _wrong(detail: Detail) -> Wrong:
    appointment = services().coordination.appointment(detail.appointment)
    return Wrong(
        detail.kind,
        words.said(_KINDS[detail.kind]),
        appointment.id,
        title_of(appointment),
        span(detail.start, detail.end),
    )


_KINDS = {
    "missing": _("カレンダーにありません"),
    "moved": _("動かされています"),
    "orphan": _("不要な予定が残っています"),
}

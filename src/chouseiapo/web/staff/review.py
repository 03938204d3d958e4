"""Before anything is sent: what will happen, and the very mails. All of it is decided in memory only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Invalid, NotFound, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.proposal import Kind, Platform, Proposal
from chouseiapo.domain.slots import Slot
from chouseiapo.web.dry_run import CALENDAR, HOST
from chouseiapo.web.i18n import _
from chouseiapo.web.imagined import imagine
from chouseiapo.web.request import dry_runner, services, visible
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.busy import clashes, overlay
from chouseiapo.web.staff.draft import Draft, problems_of, proposal_of
from chouseiapo.web.staff.findings import Said, said
from chouseiapo.web.staff.frame import moment
from chouseiapo.web.staff.mail_view import framed, shown
from chouseiapo.web.staff.new import PREFIX, appointment_of, drafts, kept
from chouseiapo.web.staff.options import summary
from chouseiapo.web.staff.panel import is_cut_off
from chouseiapo.web.staff.picker import rows_of
from chouseiapo.web.staff.picking import Picked, Picking, number
from projections.host_writes import next_midnight, written
from projections.meetings import has_no_fixed_time
from projections.outbox import GUEST, Mail

review = Blueprint("review", __name__, url_prefix="/appointments/new/<string(length=32):id>")
_CONFIRMED = _("確定のお知らせがメールで届きます。")
# Calendars are asked about this long a time at most.
LONGEST_LOOK = timedelta(days=62)


class Told(msgspec.Struct, frozen=True):
    """What somebody, or a room, gets: a mail, and how many holds on which calendar; whether those can be
    written."""

    name: str
    address: str = ""
    mail: str = ""
    calendar: str = ""
    count: int = 0
    finding: Said | None = None


@review.get("/review")
@session.signed_in
def page(id: str) -> Any:
    """Everything once more; what is wrong leads back to the form, which says so."""
    draft = kept(id)
    if draft is None:
        return redirect(url_for("new.form", id=id), 303)
    if problems_of(draft, services().coordination, services().settings.zone, g.now):
        return _back_to_form(id)
    appointment, told, mails = _imagined(id, draft)
    times = _times(draft)
    findings = said(dry_runner().of(appointment))
    asked = number(request.args.get("mail", "")) or 0
    chosen = asked if asked < len(mails) else 0
    return render_template(
        "staff/review.html",
        id=id,
        seen=_digest(draft),
        appointment=appointment,
        title=wording.title_for_member(appointment.title, appointment.guest, g.locale),
        guest=wording.guest_in_text(appointment.guest, g.locale),
        nowhere=_is_nowhere(appointment),
        rows=rows_of(times, _clashes(draft, times)),
        unseen=_is_unseen(times),
        repeats=wording.recurrence(appointment.recurrence, appointment.candidates.values(), g.locale),
        without_start=has_no_fixed_time(appointment),
        room_names={room.id: room.name for room in people.rooms()},
        attending=[people.shown(member) for member in appointment.attendees],
        author=people.shown(appointment.author),
        organizer=people.shown(appointment.organizer),
        told=_told(appointment, mails, findings),
        host=findings.get((appointment.organizer, HOST)),
        hosting=_hosting(appointment),
        free=is_cut_off(appointment.organizer, [o.end - o.start for o in appointment.candidates.values()]),
        options=summary(appointment.meeting_options),
        cautions=[*_cautions(appointment)],
        mails=mails,
        chosen=chosen,
        part="text" if request.args.get("part") == "text" else "html",
        mail=shown(_rendered(told, mails[chosen])) if mails else None,
        recipients=[_recipient(appointment, mail) for mail in mails],
    )


@review.get("/mail/<int:nth>")
@session.signed_in
def mail_frame(id: str, nth: int) -> Any:
    """The HTML of one of the mails that will be sent."""
    draft = kept(id)
    if draft is None or problems_of(draft, services().coordination, services().settings.zone, g.now):
        raise NotFound
    _appointment, told, mails = _imagined(id, draft)
    if nth >= len(mails):
        raise NotFound
    return framed(_rendered(told, mails[nth]))


@review.post("/propose")
@session.signed_in
def propose(id: str) -> Any:
    """Propose what was reviewed. The draft names appointment and command: pressed twice, it is sent once."""
    draft = kept(id)
    if draft is None:
        return redirect(url_for("appointment.page", id=visible(appointment_of(id)).id, done="sent"), 303)
    if request.form.get("seen") != _digest(draft):
        return redirect(url_for("review.page", id=id), 303)
    proposal, problems = _proposal_of(draft)
    cause = Meta(actor=g.member.id, command=f"draft/{id}")
    try:
        if problems:
            raise Invalid(*problems)
        services().coordination.propose(appointment_of(id), proposal, g.member.id, cause, g.now)
    except Invalid:
        return _back_to_form(id)
    drafts().forget(PREFIX + id, g.member.id)
    done = "registered" if draft.direct else "sent"
    return redirect(url_for("appointment.page", id=appointment_of(id), done=done), 303)


def _imagined(id: str, draft: Draft) -> tuple[Appointment, Appointment, list[Mail]]:
    """The appointment as it would be, and as it would be told of, in every mail that would go."""
    proposal, _problems = _proposal_of(draft)
    return imagine(services(), appointment_of(id), proposal, g.member.id, g.now)


def _proposal_of(draft: Draft) -> tuple[Proposal, list[Problem]]:
    return proposal_of(draft, services().coordination, services().settings.zone)


def _times(draft: Draft) -> Picking:
    """What was picked, each repetition among it."""
    zone = services().settings.zone
    shown, (proposal, _problems) = draft.shown_picking(zone), _proposal_of(draft)
    if proposal.recurrence is None:
        return shown
    offers = services().coordination.repeated(proposal).offers
    picked = tuple(Picked(o.start, o.end, o.room or "", o.all_day) for o in offers)
    return msgspec.structs.replace(shown, picked=picked)


def _rendered(appointment: Appointment, mail: Mail) -> EmailMessage:
    recipient = services().composer.recipient(appointment, mail.recipient)
    return services().composer.render(mail, appointment, recipient, g.now)


def _recipient(appointment: Appointment, mail: Mail) -> str:
    """Whom a mail goes to, by name, or by address where there is none."""
    found = services().composer.recipient(appointment, mail.recipient)
    name = wording.person(found.name, g.locale, guest=True) if found.guest else found.name
    return name or found.email


def _told(
    appointment: Appointment, mails: list[Mail], findings: Mapping[tuple[str, str], Said]
) -> list[Told]:
    """Everybody, and every room, that something will reach: the guest first, then members, then rooms."""
    copy = words.said(_CONFIRMED if appointment.direct else _("依頼の控えがメールで届きます。"))
    asked = words.said(_CONFIRMED if appointment.direct else _("日時を選ぶためのメールが届きます。"))
    holds = Counter(wanted.owner for wanted in services().entry_writer.wanted(appointment))
    mailed = {mail.recipient: mail for mail in mails}
    guest = mailed.pop(GUEST, None)
    found = [
        Told(
            name=people.addressed(who),
            mail=copy if who in mailed else "",
            calendar=people.calendar_of(who) if who in holds else "",
            count=holds[who],
            finding=findings.get((who, CALENDAR)),
        )
        for who in dict.fromkeys((*appointment.attendees, *mailed, *holds))
    ]
    if guest is None:
        return found
    return [Told(_recipient(appointment, guest), appointment.guest.email, asked), *found]


def _hosting(appointment: Appointment) -> str:
    """Whose Zoom issues the meeting, and when."""
    if appointment.platform is not Platform.ZOOM:
        return ""
    app, name = services().coordination, people.addressed(appointment.organizer)
    own = app.member(appointment.organizer).zoom is not None
    if not app.meeting_options(appointment).automatic:
        return words.said(_BY_HAND)
    if appointment.direct:
        return words.said(_AT_ONCE if own else _AT_ONCE_BY_ALL, name=name)
    return words.said(_ONCE_FIXED if own else _ONCE_FIXED_BY_ALL, name=name)


def _cautions(appointment: Appointment) -> Iterator[str]:
    """What will be otherwise with the meeting than whoever wishes for it may think."""
    if appointment.platform is not Platform.ZOOM:
        return
    app, most = services().coordination, services().conferencing.writes_a_day
    options, host = app.meeting_options(appointment), app.member(appointment.organizer).zoom
    if options.registration and has_no_fixed_time(appointment):
        yield words.said(_TIMELESS)
    elif options.registration and host is not None and host.is_free:
        yield words.said(_ONLY_PAID)
    soon = host.id if host is not None and appointment.direct and options.automatic else ""
    if soon and written(services().rows, soon, g.now) >= most:
        yield words.said(_USED_UP, moment=moment(next_midnight(g.now)))


def _is_nowhere(appointment: Appointment) -> bool:
    """Whether the guest is to come to us and, at one of the times at least, is not told where to."""
    rooms = all(c.room for c in appointment.occurrences or appointment.open_candidates)
    return appointment.kind is Kind.VISIT_US and not appointment.place and not rooms


def _clashes(draft: Draft, times: Picking) -> list[list[str]]:
    """Who has something else at each candidate's time."""
    slots, window = times.slots, _window(times)
    rooms = dict.fromkeys(p.room for p in times.picked if p.room)
    return clashes(slots, overlay([*draft.attendees, *rooms], window, (), besides=draft.instead_of))


def _window(times: Picking) -> Slot:
    first, last = min(slot.start for slot in times.slots), max(slot.end for slot in times.slots)
    return Slot(_whole(first), min(_whole(last) + timedelta(days=1), _whole(first) + LONGEST_LOOK))


def _is_unseen(times: Picking) -> bool:
    """Whether some of it is so far ahead that nobody's calendar was looked at."""
    return times.slots[-1].end > _window(times).end


def _whole(at: datetime) -> datetime:
    """The UTC day's begin: pages that ask for the same days share one look at the calendars."""
    return datetime.combine(at.date(), datetime.min.time(), UTC)


def _digest(draft: Draft) -> str:
    return hashlib.sha256(msgspec.json.encode(draft)).hexdigest()[:16]


def _back_to_form(id: str) -> Any:
    return redirect(url_for("new.form", id=id, check=1, _anchor="problems"), 303)


_TIMELESS = _(
    "くり返し・終日・複数日の予定では、お客様を登録できません。本人専用のURLではなく、全員同じURLになります。"
)
_ONLY_PAID = _("無料のZoomでは、お客様を登録できません。本人専用のURLではなく、全員同じURLになります。")
_USED_UP = _("今日はもうこのZoomで会議を発行できないため、%(moment)sを過ぎてから発行します。")
_BY_HAND = _(
    "手動で発行する設定なので、Web会議は自動では発行しません。確定したあと、予定のページで発行します。"
)
_AT_ONCE = _("%(name)sのZoomで、会議を発行します。")
_AT_ONCE_BY_ALL = _("会社のZoomで、会議を発行します。")
_ONCE_FIXED = _("日時が決まると、%(name)sのZoomで会議を発行します。")
_ONCE_FIXED_BY_ALL = _("日時が決まると、会社のZoomで会議を発行します。")

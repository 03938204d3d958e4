"""Offering new times after all: for what was cancelled or ran out, or instead of what is confirmed."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, redirect, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.appointment_state import Deviation
from chouseiapo.domain.errors import NotFound, SeriesStands
from chouseiapo.domain.slots import Candidate, Offer, check_offers
from chouseiapo.web.errors import Refused
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import session
from chouseiapo.web.staff.appointment import page_refusing
from chouseiapo.web.staff.draft import Draft, first_draft
from chouseiapo.web.staff.new import PREFIX, appointment_of, drafts, kept
from chouseiapo.web.staff.picking import Picked

again = Blueprint("again", __name__, url_prefix="/appointments/<id>/again")


@again.post("")
@session.signed_in
def begin(id: str) -> Any:
    """Pressed twice, it leads to one draft, as it was left; or to what became of it."""
    ended = visible(id)
    if ended.erased:
        raise NotFound
    draft = session.command().command[-32:]
    if not _is_begun(draft):
        _keep(draft, _draft_of(ended))
    return redirect(url_for("new.form", id=draft), 303)


@again.post("/instead")
@session.signed_in
def begin_instead(id: str) -> Any:
    """Another time for what is confirmed, and stands until the guest has chosen one: asked for because of
    what somebody's hand did on a calendar, which is answered when the new times are sent."""
    standing = visible(id)
    draft = session.command().command[-32:]
    if not _is_begun(draft):
        if standing.is_series:
            return page_refusing(id, SeriesStands())
        if standing.question is None or standing.chosen is None or standing.is_over(g.now):
            return page_refusing(id, Refused(409, "not_asked"))
        _keep(draft, _draft_instead_of(standing, standing.chosen, standing.question))
    return redirect(url_for("new.form", id=draft), 303)


def _is_begun(draft: str) -> bool:
    return kept(draft) is not None or bool(services().coordination.stream(appointment_of(draft)))


def _keep(draft: str, content: Draft) -> None:
    drafts().keep(PREFIX + draft, g.member.id, msgspec.json.encode(content), g.now)


def _draft_instead_of(standing: Appointment, chosen: Candidate, asked: Deviation) -> Draft:
    """Where somebody has moved it to, if that can be offered, is the first candidate.

    Page and mail tell the guest by themselves what is asked of them, as long as it is true: no words for
    that are put into the message, which the confirmation repeats.
    """
    draft = _draft_of(standing)
    picking = draft.picking
    if asked.start and asked.end and _can_be_offered(Offer(asked.start, asked.end), chosen):
        week = asked.start.astimezone(services().settings.zone).date().isoformat()
        moved = Picked(asked.start, asked.end, chosen.room or "")
        picking = msgspec.structs.replace(picking, picked=(moved,), week=week)
    return msgspec.structs.replace(draft, picking=picking, message=standing.message, instead_of=standing.id)


def _can_be_offered(moved: Offer, chosen: Candidate) -> bool:
    """On the raster and to come; the very time that is agreed on would be no other one."""
    wrong = check_offers([moved], (), services().coordination.grid, g.now)
    return not wrong and moved.slot != chosen.slot


def _draft_of(ended: Appointment) -> Draft:
    """The same guest, people and words; times are picked anew, and the deadline follows them."""
    guest = ended.guest
    return msgspec.structs.replace(
        first_draft(g.member, ended),
        attendees=ended.attendees,
        organizer=ended.organizer,
        place=ended.place,
        title=ended.title,
        delivery=ended.delivery,
        company=guest.company,
        name=guest.name,
        email=guest.email,
        phone=guest.phone,
        time_zone=ended.time_zone,
        locale=ended.locale,
        note=ended.note,
    )

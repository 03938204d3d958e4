"""Offering new times after all: what was cancelled or ran out becomes a draft without candidates."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, redirect, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import session
from chouseiapo.web.staff.draft import Draft, first_draft
from chouseiapo.web.staff.new import PREFIX, appointment_of, drafts, kept

again = Blueprint("again", __name__, url_prefix="/appointments/<id>/again")


@again.post("")
@session.signed_in
def begin(id: str) -> Any:
    """Pressed twice, it leads to one draft, as it was left; or to what became of it."""
    ended = visible(id)
    if ended.erased:
        raise NotFound
    draft = session.command().command[-32:]
    if kept(draft) is None and not services().coordination.stream(appointment_of(draft)):
        drafts().keep(PREFIX + draft, g.member.id, msgspec.json.encode(_draft_of(ended)), g.now)
    return redirect(url_for("new.form", id=draft), 303)


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

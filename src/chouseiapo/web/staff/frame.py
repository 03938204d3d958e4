"""What every staff page stands in: its filters, the navigation, the choice of language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, redirect, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.member import Role
from chouseiapo.domain.slots import Candidate
from chouseiapo.web import zones
from chouseiapo.web.errors import Refused
from chouseiapo.web.i18n import LOCALES
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.picking import Picked

frame = Blueprint("frame", __name__)
YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Filters and globals that the staff's templates use."""
    app.jinja_env.filters |= {
        "moment": moment,
        "when": when,
        "meeting_id": wording.meeting_id,
        "people": lambda names: wording.people(names, g.locale),
    }
    app.jinja_env.globals |= {
        "form_nonce": session.nonce,
        "writer": session.writer,
        "is_administrator": is_administrator,
        "demo": lambda: current_app.extensions.get("demo"),
        "words": words,
        "zones": zones,
        "here": lambda: request.full_path.rstrip("?") if request.method == "GET" else "/",
    }


@frame.post("/language")
def choose_language() -> Any:
    """Remember the language in a cookie; it is no secret and opens nothing, so no nonce guards it."""
    to = session.local(request.form.get("next", "")) or url_for("staff.home")
    return in_language(redirect(to, 303), request.form.get("lang", ""))


def in_language(response: Any, lang: str) -> Response:
    """The response, which has the browser ask for that language from now on."""
    found: Response = response
    if lang in LOCALES:
        secure = services().settings.secure
        found.set_cookie("lang", lang, max_age=YEAR_S, secure=secure, httponly=True, samesite="Lax")
    return found


def is_administrator() -> bool:
    return "member" in g and g.member.role is Role.ADMINISTRATOR


def administrators_only() -> None:
    if not is_administrator():
        raise Refused(403, "forbidden")


def slot(start: datetime, end: datetime) -> str:
    """A slot in words: in the organization's zone, with the year when it is not this one."""
    return wording.slot(start, end, services().settings.time_zone, g.locale, today=_today())


def when(time: Candidate | Picked) -> str:
    """A slot, or whole days, in words."""
    if not time.all_day:
        return slot(time.start, time.end)
    return wording.days(time.start, time.end, services().settings.time_zone, g.locale, today=_today())


def span(start: datetime, end: datetime) -> str:
    """A time of which nothing else is known: what lasts from one midnight to another is days."""
    midnight = services().coordination.grid.is_midnight
    return when(Picked(start, end, all_day=midnight(start) and midnight(end)))


def date_named(on: date) -> str:
    """A day of the organization's calendar in words."""
    return day(datetime(on.year, on.month, on.day, 12, tzinfo=services().settings.zone))


def day(at: datetime) -> str:
    return wording.day(at, services().settings.time_zone, g.locale, today=_today())


def moment(at: datetime) -> str:
    return wording.moment(at, services().settings.time_zone, g.locale, today=_today())


def zone_name(zone: str) -> str:
    """A zone as people call it, with the offset that it has now."""
    return wording.zone_name(zone, g.now, g.locale)


def title_of(appointment: Appointment) -> str:
    return wording.title_for_member(appointment.title, appointment.guest, g.locale)


def _today() -> date:
    now: datetime = g.now
    return now.astimezone(services().settings.zone).date()

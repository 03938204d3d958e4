"""The staff's pages: plain forms, working without a script; the week grid is a custom element on top."""

from __future__ import annotations

from flask import Flask

from chouseiapo.web.staff import frame, hands
from chouseiapo.web.staff.again import again
from chouseiapo.web.staff.appointment import appointment
from chouseiapo.web.staff.caldav import caldav
from chouseiapo.web.staff.calendars import calendars
from chouseiapo.web.staff.choosing import choosing
from chouseiapo.web.staff.home import staff
from chouseiapo.web.staff.hosts import hosts
from chouseiapo.web.staff.linking import linking
from chouseiapo.web.staff.mail_preview import mail_preview
from chouseiapo.web.staff.meeting import meeting
from chouseiapo.web.staff.meetings import meetings
from chouseiapo.web.staff.message import message
from chouseiapo.web.staff.more import more
from chouseiapo.web.staff.moving import moving
from chouseiapo.web.staff.new import new
from chouseiapo.web.staff.occurrences import occurrences
from chouseiapo.web.staff.organization import organization
from chouseiapo.web.staff.outbox import outbox
from chouseiapo.web.staff.question import question
from chouseiapo.web.staff.resending import resending
from chouseiapo.web.staff.review import review
from chouseiapo.web.staff.rooms import rooms
from chouseiapo.web.staff.settings import settings
from chouseiapo.web.staff.sign_in import sign_in
from chouseiapo.web.staff.unlinking import unlinking
from chouseiapo.web.staff.vanished import vanished
from chouseiapo.web.staff.week import week
from chouseiapo.web.staff.zoom import zoom

BLUEPRINTS = (
    frame.frame,
    sign_in,
    staff,
    new,
    occurrences,
    review,
    appointment,
    again,
    more,
    question,
    vanished,
    week,
    settings,
    outbox,
    resending,
    mail_preview,
    calendars,
    linking,
    caldav,
    choosing,
    unlinking,
    zoom,
    moving,
    message,
    hosts,
    meeting,
    meetings,
    rooms,
    organization,
)


def install(app: Flask) -> None:
    """Every page of the staff's, and what their templates use."""
    frame.install(app)
    app.jinja_env.globals["fixed_time"] = hands.fixed_time
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

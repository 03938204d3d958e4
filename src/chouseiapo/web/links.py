"""From a guest link's secret to its appointment, for the page and the API alike."""

from __future__ import annotations

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound, Revoked
from chouseiapo.web import limits
from chouseiapo.web.request import services


def appointment_behind(secret: str) -> Appointment:
    """The appointment that a secret opens; raises NotFound for an unknown one, Revoked for an older one.

    Only unknown secrets are counted against an address: guessing is slowed, a shared office is not.
    """
    link = services().guest_links.read(secret)
    if link is None:
        limits.hit(limits.UNKNOWN_LINKS, limits.address())
        raise NotFound
    appointment = services().coordination.appointment(link.id)
    if link.generation != appointment.generation:
        raise Revoked
    return appointment

"""Which appointment another one has ended: the one whose time was agreed on instead."""

from __future__ import annotations

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.ids import is_of


def replaced_by(app: Coordination, ended: Appointment) -> Appointment | None:
    """What was confirmed in its place: the cancellation names it as its cause. None for any other end."""
    if ended.state is not State.CANCELLED:
        return None
    causes = (e.meta.causation for e in app.stream(ended.id) if isinstance(e, Appointment.Cancelled))
    cause = next(causes, "").partition("/")[0]
    found = app.appointment(cause) if is_of("appointment", cause) else None
    return found if found is not None and found.instead_of == ended.id else None

"""What lies over the week grid: busy time, holds of one's own other appointments, and what nobody knows."""

from __future__ import annotations

from collections.abc import Container, Sequence

from flask import g

from chouseiapo import wording
from chouseiapo.domain.errors import Problem
from chouseiapo.domain.member import Member, Role
from chouseiapo.domain.room import Room
from chouseiapo.domain.slots import Offer, Slot
from chouseiapo.web.request import freebusy_reader, services
from chouseiapo.web.staff.grid import Overlay
from chouseiapo.web.staff.picking import Taken
from projections.desk import concerning
from projections.offers import Claim, claims_on


def overlay(
    resources: Sequence[str],
    window: Slot,
    own: Sequence[Slot],
    standing: Sequence[Slot] = (),
    besides: str = "",
    passing: Container[str] = (),
) -> Overlay:
    """Busy, held and reserved time by name; `besides` names the appointment whose own claims are `standing`.

    What an appointment that one may not see holds is busy time like any other; what it has reserved can't be
    offered, whosever it is. Nor is its own entry, moved by hand, in the way of offering the time that it was
    moved to. `passing`: resources that new candidates do not need, so that they stop nothing.
    """
    read = freebusy_reader().of(resources, window, g.member.id) if resources else {}
    claims = [c for c in claims_on(services().rows, resources, window) if c.appointment != besides]
    visible = _visible(claims)
    names = _addressed(resources)
    busy: dict[str, list[Slot]] = {name: [] for name in names.values()}
    held: dict[str, list[Slot]] = {}
    reserved: dict[str, list[Slot]] = {}
    moved = _moved(besides) if besides else set()
    for resource, intervals in read.items():
        slots = [Slot(b.start, b.end) for b in intervals or ()]
        busy[names[resource]] += [slot for slot in slots if (resource, slot) not in moved]
    for claim in claims:
        name, taken = names[claim.resource], Slot(claim.start, claim.end)
        busy[name].append(taken)
        if claim.confirmed and claim.resource not in passing:
            reserved.setdefault(name, []).append(taken)
        elif not claim.confirmed and claim.appointment in visible:
            held.setdefault(name, []).append(taken)
    unknown = [names[resource] for resource, intervals in read.items() if intervals is None]
    return Overlay(busy, held, reserved, unknown, standing, own)


def clashes(slots: Sequence[Slot], overlay: Overlay) -> list[list[str]]:
    """For each slot who has something else then, by name."""
    return [
        [name for name, taken in overlay.busy.items() if any(slot.overlaps(other) for other in taken)]
        for slot in slots
    ]


def booked(attendees: Sequence[str], instead_of: str = "") -> Taken:
    """Says of an offer to these members whom, or which room, a confirmed appointment has reserved then."""

    def taken(offer: Offer) -> Problem | None:
        return next(iter(services().coordination.reserved(attendees, [offer], instead_of)), None)

    return taken


def _moved(appointment: str) -> set[tuple[str, Slot]]:
    """Whose hands have moved its entries where. Busy time has no names: what begins and ends just then is
    taken for the entry; where something else touches it, it is not told apart and stays busy."""
    deviations = services().coordination.appointment(appointment).deviations
    return {(each.owner, Slot(each.start, each.end)) for each in deviations if each.start and each.end}


def _addressed(resources: Sequence[str]) -> dict[str, str]:
    """Each by the name that a sentence calls them, all in one read: see people.addressed."""
    found = services().coordination.owners(resources).items()
    rooms = {id: owner.name for id, owner in found if isinstance(owner, Room)}
    people = {
        id: wording.person(owner.name, g.locale, guest=False)
        for id, owner in found
        if isinstance(owner, Member)
    }
    return rooms | people


def _visible(claims: Sequence[Claim]) -> set[str]:
    ids = {claim.appointment for claim in claims}
    if g.member.role is Role.ADMINISTRATOR:
        return ids
    return concerning(services().rows, g.member.id, ids)

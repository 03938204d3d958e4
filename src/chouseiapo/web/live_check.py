"""The last look before a time is fixed: does anything else stand on the calendars of those who take part?

Busy intervals carry no ids, and our own hold makes the chosen time look busy: so entries are read, and those
of our making left out. Whoever has not answered in time is passed over: a vendor's outage must not keep a
guest from confirming.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from datetime import datetime

import msgspec

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.errors import DomainError
from chouseiapo.domain.event import GUEST, SYSTEM, Meta
from chouseiapo.domain.links import Link, Provider
from chouseiapo.domain.proposal import Guest
from chouseiapo.domain.slots import Candidate, Offer, Slot
from chouseiapo.ports import Busy, Found, PortError, counted
from chouseiapo.web.asking import Asking
from chouseiapo.web.freebusy import counting_of
from projections.placed import ours_among
from projections.watch import FOREIGN

OFF, REFUSE = "off", "refuse"
STILL_NOBODY_S = 1.0
_UNREADABLE = ("no_permission", "calendar_not_found")

log = logging.getLogger(__name__)


class Choice(msgspec.Struct, frozen=True):
    """What the guest has answered; zone and language are empty where they are not known. start: when the
    candidate began as they saw it, None where nobody says.
    """

    candidate: str
    guest: Guest
    time_zone: str = ""
    locale: str = ""
    start: datetime | None = None


class LiveCheck:
    """Asks calendars while a guest waits, at most LIVE_CHECK_S seconds altogether."""

    def __init__(self, services: Services, asking: Asking) -> None:
        self._services = services
        self._asking = asking
        self._mode = services.settings.live_check
        self._linked = False
        self._looked_at = float("-inf")

    def confirm(self, known: Appointment, choice: Choice, now: datetime) -> Appointment:
        """Fix the time that the guest picked, after that look: see Coordination.confirm."""
        app, first = self._services.coordination, known
        others = self._who_has_others(known, choice, now)
        if others and self._mode == REFUSE:
            app.take_candidate(known.id, choice.candidate, FOREIGN, _BY_ITSELF, now)
            first = app.appointment(known.id)  # what stands now decides, and says why
        confirmed = app.confirm(
            known.id,
            choice.candidate,
            choice.guest,
            Meta(actor=GUEST),  # confirming the same again changes nothing by itself
            now,
            time_zone=choice.time_zone,
            locale=choice.locale,
            known=first,
            start=choice.start,
        )
        if not others or self._mode == REFUSE:
            return confirmed
        return app.notice_overlap(known.id, choice.candidate, others, _BY_ITSELF, now)

    def _who_has_others(self, known: Appointment, choice: Choice, now: datetime) -> list[str]:
        """Which members and rooms have something else at that time; nobody where no look is called for."""
        began = time.monotonic()
        picked = known.candidates.get(choice.candidate)
        if picked is None or known.state is not State.PROPOSED or not self._looks():
            return []
        links = self._links(known.resources(picked))
        if not links or not self._would_stand(known, picked, choice, now):
            return []
        since = known.offered_at[picked.id]
        asked = {owner: self._ask(link, picked.slot, since) for owner, link in links.items()}
        wait(asked.values(), began + self._services.settings.live_check_s - time.monotonic())
        return [owner for owner, answer in asked.items() if _told(owner, answer)]

    def _looks(self) -> bool:
        """Whether anybody has linked a calendar: as long as nobody has, a look costs nothing."""
        if self._mode == OFF:
            return False
        if not self._linked and time.monotonic() - self._looked_at > STILL_NOBODY_S:
            self._linked = any(held.provider != Provider.ZOOM for held in self._services.vault.held())
            self._looked_at = time.monotonic()
        return self._linked

    def _links(self, resources: Sequence[str]) -> dict[str, Link]:
        """Whose calendars can be asked; built-in ones hold nothing but our own entries."""
        owners = self._services.coordination.owners(resources)
        found = {id: owner.calendar_in_use for id, owner in owners.items()}
        return {id: link for id, link in found.items() if link and not link.broken}

    def _would_stand(self, known: Appointment, picked: Candidate, choice: Choice, now: datetime) -> bool:
        """Whether the choice would be a confirmation, as far as we know ourselves: decided on a copy."""
        app = self._services.coordination
        imagined = app.appointment(known.id)
        before = imagined.version
        try:
            imagined.confirm(
                choice.candidate, choice.guest, choice.time_zone, choice.locale, now, choice.start
            )
        except DomainError:
            return False
        offer = Offer(picked.start, picked.end, picked.room)
        return imagined.version > before and not app.reserved(known.attendees, [offer], known.instead_of)

    def _ask(self, link: Link, slot: Slot, since: datetime) -> Future[bool]:
        """Whether anything that its owner counts as busy, and that is not ours, has come to stand there."""
        return self._asking.ask(
            link.id, lambda: any(self._stands(link, name, slot, since) for name in link.busy_calendars)
        )

    def _stands(self, link: Link, name: str, slot: Slot, since: datetime) -> bool:
        """Whatever has stood there unchanged since the time was offered was known to whoever offered it."""
        calendar, window, counting = (
            self._services.calendar_of(link.id),
            (slot.start, slot.end),
            counting_of(link),
        )
        try:
            found = calendar.entries(link.id, *window, name)
        except PortError as failure:
            if name == link.calendar or failure.reason not in _UNREADABLE:
                raise
            # Only busy times of it can be seen; none of ours are among them, because we do not write there.
            return any(_overlaps(slot, each) for each in calendar.busy(link.id, *window, (name,), counting))
        ours = ours_among(self._services.rows, link.id, [entry.vendor_id for entry in found])
        others = (entry for entry in found if entry.vendor_id not in ours and _is_new(entry, since))
        return any(_overlaps(slot, each) for each in counted(others, counting))


_BY_ITSELF = Meta(actor=SYSTEM)


def _is_new(entry: Found, since: datetime) -> bool:
    return entry.changed_at is None or entry.changed_at >= since


def _overlaps(slot: Slot, busy: Busy) -> bool:
    return slot.overlaps(Slot(busy.start, busy.end))


def _told(owner: str, answer: Future[bool]) -> bool:
    """What came in time; who did not answer, or failed to, holds nobody up."""
    if answer.cancel() or not answer.done():
        log.warning("no live check of %s: no answer in time", owner)
        return False
    if (failure := answer.exception()) is None:
        return answer.result()
    unforeseen = None if isinstance(failure, PortError) else failure
    log.warning("no live check of %s: %s", owner, failure, exc_info=unforeseen)
    return False

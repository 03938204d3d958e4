"""Everything the domain can refuse, one line each; `code` is stable and is what the HTTP API answers."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One wrong input: the field it concerns (dotted path), a stable code, values for the message."""

    field: str
    code: str
    values: dict[str, str | int] = {}


class DomainError(Exception):
    """A decision that was refused; `code` names it for programs, the web layer words it for people."""

    code: ClassVar[str] = "refused"


class Invalid(DomainError):
    """Input that can't be accepted; carries every problem found, so a form shows them all at once."""

    code: ClassVar[str] = "invalid"

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in problems))
        self.problems = problems


class NotFound(DomainError):
    """Nothing of that id, or nothing that this person may know of."""

    code: ClassVar[str] = "not_found"


class AlreadyExists(DomainError):
    """A member or room of that identity is registered already."""

    code: ClassVar[str] = "already_exists"


class AlreadyConfirmed(DomainError):
    """Another candidate was confirmed before."""

    code: ClassVar[str] = "already_confirmed"


class CandidateMoved(DomainError):
    """The candidate begins at another time by now than whoever picked it was shown."""

    code: ClassVar[str] = "candidate_moved"


class CandidateTaken(DomainError):
    """Somebody else's confirmed reservation stands on that time."""

    code: ClassVar[str] = "candidate_taken"


class CandidateWithdrawn(DomainError):
    """The staff took that candidate back."""

    code: ClassVar[str] = "candidate_withdrawn"


class CandidatePassed(DomainError):
    """The candidate's start lies in the past."""

    code: ClassVar[str] = "candidate_passed"


class Cancelled(DomainError):
    """The appointment was cancelled."""

    code: ClassVar[str] = "cancelled"


class Expired(DomainError):
    """The deadline passed, or no candidate is left to come."""

    code: ClassVar[str] = "expired"


class Declined(DomainError):
    """The guest declined every candidate."""

    code: ClassVar[str] = "declined"


class Revoked(DomainError):
    """The guest link was reissued or revoked; this older one opens nothing."""

    code: ClassVar[str] = "revoked"


class NotProposed(DomainError):
    """The change is only possible while the appointment is proposed."""

    code: ClassVar[str] = "not_proposed"


class NotConfirmed(DomainError):
    """The change is only possible once the time is fixed."""

    code: ClassVar[str] = "not_confirmed"


class NoConference(DomainError):
    """The appointment has no web meeting that this product issues."""

    code: ClassVar[str] = "no_conference"


class SeriesStands(DomainError):
    """An appointment that takes place several times can't be moved as a whole."""

    code: ClassVar[str] = "series_stands"


class LastOccurrence(DomainError):
    """The last time that is left can't be cancelled alone; the appointment can."""

    code: ClassVar[str] = "last_occurrence"


class LastCandidate(DomainError):
    """The last open candidate can't be withdrawn; the appointment can be cancelled instead."""

    code: ClassVar[str] = "last_candidate"


class Over(DomainError):
    """The appointment took place already."""

    code: ClassVar[str] = "over"


class NotOver(DomainError):
    """The appointment is still open or to come; it can be cancelled first."""

    code: ClassVar[str] = "not_over"


class Erased(DomainError):
    """The key of the appointment's personal data was destroyed: nothing more can be said about its guest."""

    code: ClassVar[str] = "erased"


class Busy(DomainError):
    """Too many writers at once; nothing was decided, the same command may be tried again."""

    code: ClassVar[str] = "busy"

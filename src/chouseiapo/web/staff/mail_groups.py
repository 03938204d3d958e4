"""The mails of one appointment, those of one cause together: what needs attention stands out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from chouseiapo import wording
from chouseiapo.web.request import services
from chouseiapo.web.staff.frame import moment
from chouseiapo.web.staff.outbox import MailLine, lines_of
from projections.mail_log import Logged, unreached
from projections.outbox import original

# So many causes are shown, the newest; those before them are folded away, unless they need attention.
MOST = 4
_URGENT_FIRST = ("refused", "queued", "skipped", "sent")


class Fate(msgspec.Struct, frozen=True):
    """What became of the mails of one cause, alike for all of `lines`; `at` only says the day where it is
    another than that of the cause."""

    state: str
    words: str
    at: str
    why: str
    lines: Sequence[MailLine]


class MailGroup(msgspec.Struct, frozen=True):
    """The mails that one cause has made by one rule, in words."""

    rule: str
    cause: str
    caused: str
    fates: Sequence[Fate]
    is_open: bool

    @property
    def count(self) -> int:
        return sum(len(fate.lines) for fate in self.fates)


def mails_of_page(logged: Sequence[Logged]) -> dict[str, Any]:
    """What an appointment's page shows of its mails: groups, the newest first, and who was not reached."""
    lines = dict(zip((each.id for each in logged), lines_of(logged), strict=True))
    lost = [each.id for each in unreached(logged)]
    together: dict[tuple[object, ...], list[Logged]] = {}
    for each in logged:
        together.setdefault(_cause(each), []).append(each)
    newest_first = sorted(together.values(), key=lambda group: group[0].mail.created_at, reverse=True)
    groups = [_group(each, lines, lost) for each in newest_first]
    return {
        "mails": [each for n, each in enumerate(groups) if n < MOST or each.is_open],
        "earlier_mails": [each for n, each in enumerate(groups) if n >= MOST and not each.is_open],
        "unreached": [lines[id] for id in lost],
    }


def _cause(logged: Logged) -> tuple[object, ...]:
    """The same for all mails of one cause: an event's or a reminder's key ends with who gets it."""
    by_hand = (logged.asked_by, logged.mail.created_at) if logged.asked_by else ()
    return (original(logged.mail.key).rpartition("/")[0], *by_hand)


def _group(group: Sequence[Logged], lines: Mapping[str, MailLine], lost: Collection[str]) -> MailGroup:
    first = lines[group[0].id]

    def alike(each: Logged) -> tuple[int, str, str, str, str]:
        """What mails that share a line have in common; each that was refused has its own."""
        line, at = lines[each.id], _at(group[0], each)
        alone = each.id if each.state == "refused" else ""
        return (_URGENT_FIRST.index(each.state), at, line.why, line.tries, alone)

    fates = [
        _fate([lines[each.id] for each in same], at)
        for (_rank, at, *_rest), same in groupby(sorted(group, key=alike), key=alike)
    ]
    is_open = any(each.state == "queued" or each.id in lost for each in group)
    return MailGroup(first.rule, first.cause, first.caused, fates, is_open)


def _fate(same: Sequence[MailLine], at: str) -> Fate:
    line = same[0]
    remedy = line.remedy if line.state == "queued" else ""  # of one that was refused, the notice says it
    why = " ".join(part for part in (line.why, remedy, line.tries) if part)
    guest_first = sorted(same, key=lambda each: (not each.to_guest, each.recipient))
    return Fate(line.state, line.state_words, at, why, guest_first)


def _at(first: Logged, logged: Logged) -> str:
    """When it left or was given up; nothing while it waits."""
    at = logged.sent_at or logged.given_up_at
    if at is None:
        return ""
    zone = services().settings.zone
    same_day = at.astimezone(zone).date() == first.mail.created_at.astimezone(zone).date()
    return wording.clock(at, services().settings.time_zone) if same_day else moment(at)

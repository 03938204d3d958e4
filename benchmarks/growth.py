"""B4: a confirmation in a store of a million events, and in one of a thousand. In this process, no HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.fill import GUEST, Filler
from benchmarks.measure import Row, Size, alternate, median
from benchmarks.stage import product
from chouseiapo.bootstrap import Services
from chouseiapo.domain.event import GUEST as BY_GUEST
from chouseiapo.domain.event import Meta

FEW = 1_000


def confirm_in_a_full_store(folder: Path, size: Size) -> Row:
    """The small store has grown to some thousands when it ends: a confirmation is three events."""
    wanted = size.confirmations * (size.rounds + 1)
    for name in ("few", "many"):
        (folder / name).mkdir()
    with product(folder / "many") as many, product(folder / "few") as few:
        of_many, of_few = _filled(many, size.events, wanted), _filled(few, FEW, wanted)
        slow, fast = alternate(
            size.rounds, *(_round(*each, size.confirmations) for each in (of_many, of_few))
        )
        stored = {"events": many.coordination.recorder.max_notification_id()}
    details = stored | {"ours": {"ms": _rounded(slow)}, "baseline": {"ms": _rounded(fast)}}
    return Row(
        name="B4",
        what=f"confirm at {size.events:,} events",
        unit="ms",
        ours=median(slow),
        baseline=median(fast),
        against=f"the same at {FEW:,}",
        goal=1.2,
        at_least=False,
        details=details,
    )


def _filled(services: Services, events: int, wanted: int) -> tuple[Services, Iterator[str]]:
    """That many events, among them the appointments to be confirmed."""
    filler = Filler(services)
    ids = [filler.proposed() for _ in range(wanted)]
    filler.history(events)
    return services, iter(ids)


def _round(services: Services, ids: Iterator[str], confirmations: int) -> Callable[[], float]:
    """The median time of a confirmation, in milliseconds."""

    def confirm(id: str) -> float:
        cause, now = Meta(actor=BY_GUEST, command="confirm/c3"), services.clock()
        began = time.perf_counter()
        services.coordination.confirm(id, "c3", GUEST, cause, now)
        return (time.perf_counter() - began) * 1000

    return lambda: median([confirm(id) for id in islice(ids, confirmations)])


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 3) for value in values]

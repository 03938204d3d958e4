"""B1, B2, B3: answers a second over HTTP, 16 connections, our `web` against the bare program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks import bare
from benchmarks.fill import ATTENDEES, GUEST, MESSAGE, Filler
from benchmarks.load import Report, Request, put_load_on
from benchmarks.measure import Row, Size, alternate, median
from benchmarks.processes import Served
from benchmarks.stage import both, product
from chouseiapo.domain.ids import member_id

Requests = Iterator[Request]
# People who are proposed for over and over: agendas stay empty until somebody confirms.
_PROPOSERS = 50


def confirms(folder: Path, size: Size) -> Row:
    total = size.requests * (size.rounds + 1)
    with product(folder) as services:
        filler = Filler(services)
        ids = [filler.proposed() for _ in range(total)]
        filler.flush()
        secrets = [services.guest_links.secret(id, 1) for id in ids]
    body = json.dumps({"candidate": "c3"})
    ours = (Request("POST", f"/api/v1/guest/{secret}/confirm", body) for secret in secrets)
    theirs = (Request("POST", f"/confirm/{n}", body) for n in range(1, total + 1))
    results = _rounds(folder, size, ours, theirs, rows=total)
    return _row("B1", "guest confirms", results, "one UPDATE in a transaction", 0.5)


def guest_page(folder: Path, size: Size) -> Row:
    with product(folder) as services:
        filler = Filler(services)
        ids = [filler.proposed() for _ in range(200)]
        filler.flush()
        secrets = [services.guest_links.secret(id, 1) for id in ids]
    ours = (Request("GET", f"/g/{secret}") for secret in cycle(secrets))
    theirs = cycle([Request("GET", "/hello")])
    return _row("B2", "guest's page", _rounds(folder, size, ours, theirs), "one template rendered", 0.5)


def proposes(folder: Path, size: Size) -> Row:
    with product(folder) as services:
        filler = Filler(services)
        people = [tuple(filler.member() for _ in range(ATTENDEES)) for _ in range(_PROPOSERS)]
        filler.flush()
        token = services.access.new_api_token(member_id(people[0][0]), services.clock())
        bodies = [_proposal(filler, pair) for pair in people]
    ours = (Request("POST", "/api/v1/appointments", body, token) for body in cycle(bodies))
    theirs = (Request("POST", "/propose", body) for body in cycle(bodies))
    results = _rounds(folder, size, ours, theirs)
    return _row("B3", "propose 5 candidates for 2 members", results, "six rows inserted", 0.4)


def _proposal(filler: Filler, people: tuple[str, ...]) -> str:
    offers = filler.proposal(people).offers
    candidates = [{"start": o.start.isoformat(), "end": o.end.isoformat()} for o in offers]
    guest = msgspec.to_builtins(GUEST)
    body = {"attendees": people, "platform": "none", "message": MESSAGE}
    return json.dumps(body | {"candidates": candidates, "guest": guest})


class Round(NamedTuple):
    report: Report
    cpu_ms: float


def _rounds(
    folder: Path, size: Size, ours: Requests, theirs: Requests, rows: int = 0
) -> tuple[list[Round], list[Round]]:
    bare.prepare(folder / "bare.db", rows)

    def load(served: Served, requests: Requests) -> Callable[[], Round]:
        def once() -> Round:
            before = served.cpu_seconds()
            report = put_load_on(served.port, list(islice(requests, size.requests)))
            return Round(report, (served.cpu_seconds() - before) * 1000 / size.requests)

        return once

    with both(folder) as (our_web, bare_program):
        return alternate(size.rounds, load(our_web, ours), load(bare_program, theirs))


def _row(name: str, what: str, results: tuple[list[Round], list[Round]], against: str, goal: float) -> Row:
    ours, baseline = (_side(rounds) for rounds in results)
    return Row(
        name=name,
        what=what,
        unit="/s",
        ours=median(ours["rates"]),
        baseline=median(baseline["rates"]),
        against=against,
        goal=goal,
        details={"ours": ours, "baseline": baseline},
    )


def _side(rounds: list[Round]) -> dict[str, Any]:
    """Rates of every round; medians of the rest. On a machine that others use, processor time says most."""
    return {
        "rates": [round(r.report.rate, 1) for r in rounds],
        "p50_ms": round(median([r.report.p50_ms for r in rounds]), 2),
        "p99_ms": round(median([r.report.p99_ms for r in rounds]), 2),
        "cpu_ms": round(median([r.cpu_ms for r in rounds]), 3),
    }

"""Runs rows, prints the table. Exit code 1 when something measured did not work, not when it was slow."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import cold, growth, mails, morning, vendors, web, week
from benchmarks.load import Failed
from benchmarks.measure import QUICK, Row, Size

ROWS: dict[str, Callable[[Path, Size], Row | list[Row]]] = {
    "B1": web.confirms,
    "B2": web.guest_page,
    "B3": web.proposes,
    "B4": growth.confirm_in_a_full_store,
    "B5": vendors.requests_for_a_confirmation,
    "B6": cold.cold_start,
    "B8": morning.reminders,
    "B9": mails.rendering,
    "B12": week.week_page,
}
LIBRARIES = ("eventsourcing", "flask", "icalendar", "jinja2", "msgspec", "sqlalchemy", "waitress")
_BENEATH = {"p50_ms": "  half within", "p99_ms": "  99 of 100 within", "cpu_ms": "  processor time each"}
_LINE = "{:4}{:42}{:>12}{:>12}  {:30}{:>7}{:>9}  {}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description="Each row: ours against a baseline beside it."
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"{', '.join(ROWS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="only to see that everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured there, too")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    size = QUICK if asked.quick else Size()
    print("\n".join(f"{name}: {value}" for name, value in circumstances(size).items()), flush=True)
    print(_LINE.format("", "", "ours", "baseline", "(which is)", "ratio", "goal", "met"), flush=True)
    try:
        measured = [row for name in asked.rows or ROWS for row in measure(name, size)]
    except Failed as failure:
        print(f"benchmarks: {failure}", file=sys.stderr)
        return 1
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(_encoded(measured, size), indent=1) + b"\n")
    return 0


def measure(name: str, size: Size) -> list[Row]:
    """Run one row in a folder of its own, and print it."""
    with tempfile.TemporaryDirectory(prefix="chouseiapo-bench-") as folder:
        found = ROWS[name](Path(folder), size)
    rows = found if isinstance(found, list) else [found]
    for row in rows:
        print(line(row), *beneath(row), sep="\n", flush=True)
    return rows


def line(row: Row) -> str:
    goal = f"{'≥' if row.at_least else '≤'} {row.goal:g}"
    ours, baseline = (f"{value:,.4g}{row.unit}" for value in (row.ours, row.baseline))
    met = "yes" if row.met else "no"
    return _LINE.format(row.name, row.what, ours, baseline, row.against, f"{row.ratio:.2f}", goal, met)


def beneath(row: Row) -> Iterator[str]:
    """What else was measured of a row's two sides."""
    sides = (row.details.get("ours"), row.details.get("baseline"))
    for name, what in _BENEATH.items():
        if all(isinstance(side, dict) and name in side for side in sides):
            ours, baseline = (f"{side[name]:,.4g}ms" for side in sides if side)
            yield _LINE.format("", what, ours, baseline, "", "", "", "").rstrip()


def circumstances(size: Size) -> dict[str, Any]:
    """What a number depends on, besides the programs."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in LIBRARIES},
        "rounds": f"{size.rounds} alternating, after one thrown away; medians",
    }


def _encoded(measured: Sequence[Row], size: Size) -> bytes:
    rows = [msgspec.structs.asdict(row) | {"ratio": row.ratio, "met": row.met} for row in measured]
    return msgspec.json.encode({"circumstances": circumstances(size), "rows": rows})


if __name__ == "__main__":
    sys.exit(main())

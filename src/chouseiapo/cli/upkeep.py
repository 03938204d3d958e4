"""Commands that look after an installation: migrate, doctor, rebuild, remind, keys."""

from __future__ import annotations

import argparse
from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

import msgspec

from chouseiapo import database, policies
from chouseiapo.bootstrap import Services
from chouseiapo.cli.terminal import Refused, catch_up, command, say, services, settings, words
from chouseiapo.doctor import examine, examine_calendars, examine_meetings
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.member import Member
from chouseiapo.ports import PortError
from projections.audit import Report
from projections.compare_meetings import Compared
from projections.holds import REPAIR, REPAIR_ALL
from projections.rebuild import rebuild as work_out_again

UNREADABLE = (
    "{} values were sealed with another key: name that key in SECRET_KEY, too, and rotate again; "
    "if it is lost for good, --forget-unreadable gives them up: guests are erased, accounts to be linked anew"
)


def add_to(commands: Any) -> None:
    command(commands, "migrate", migrate, "bring the database to this release's schema")
    checked = command(commands, "doctor", doctor, "check settings, database, mail server, linked accounts")
    checked.add_argument(
        "what",
        nargs="?",
        choices=["calendars", "meetings"],
        help="calendars: compare them with the events, each entry; meetings: those of every Zoom host",
    )
    checked.add_argument("--repair", action="store_true", help="put back, and take away what nobody wants")
    checked.add_argument(
        "--all", action="store_true", help="take away even where that is most of what stands on a calendar"
    )
    rebuilt = command(commands, "rebuild", rebuild, "work out a projection again from the events")
    rebuilt.add_argument("name")
    rebuilt.add_argument("--dry-run", action="store_true", help="print what would change")
    rebuilt.add_argument("--stream", help="only this stream; takes a parked one up again")
    reminded = command(commands, "remind", remind, "run the reminder sweep once, print what was decided")
    reminded.add_argument("--now", type=_moment, help="as if it were this instant (ISO 8601 with offset)")
    reminded.add_argument("--dry-run", action="store_true")
    rotated = command(
        words(commands, "keys", "the secret key"),
        "rotate",
        rotate_keys,
        "seal everything anew under the first key of SECRET_KEY",
    )
    rotated.add_argument(
        "--forget-unreadable", action="store_true", help="give up what none of the keys opens"
    )


def migrate(_: Namespace) -> None:
    before = database.migrate(settings())
    print(f"the database stood at {before or 'nothing'} and is now at this release's schema")


def doctor(asked: Namespace) -> int:
    if asked.what:
        return _doctor_calendars(asked) if asked.what == "calendars" else _doctor_meetings(asked)
    if asked.repair or asked.all:
        raise Refused("--repair and --all belong to: chouseiapo doctor calendars, or meetings")
    with services() as built:
        findings = examine(built)
    for finding in findings:
        print(f"{'ok  ' if finding.healthy else 'BAD '} {finding.what}")
        if finding.advice:
            print(f"     {finding.advice}")
    return 0 if all(finding.healthy for finding in findings) else 1


def _doctor_calendars(asked: Namespace) -> int:
    with services() as built:
        if asked.repair or asked.all:
            examine_calendars(built, REPAIR_ALL if asked.all else REPAIR)
        found = examine_calendars(built)
        names = {report.link: _whose(built, report) for report in found}
    for report in found:
        print(f"{'ok  ' if report.is_right else 'BAD '} {names[report.link]}: {_counts(report)}")
        if report.held_back:
            print("     so much is left over that it stays; to take it away: doctor calendars --all")
        elif not report.is_right and not report.error:
            print("     to put it right: chouseiapo doctor calendars --repair")
    return 0 if all(report.is_right for report in found) else 1


def _doctor_meetings(asked: Namespace) -> int:
    with services() as built:
        if asked.repair or asked.all:
            examine_meetings(built, repair=True, force=asked.all)
        found = examine_meetings(built)
    for link, compared in found:
        print(f"{'ok  ' if _is_right(compared) else 'BAD '} zoom host {link.account}: {_compared(compared)}")
        if isinstance(compared, Compared) and compared.held_back:
            print("     so much is left over that it stays; to delete it: doctor meetings --all")
        elif isinstance(compared, Compared) and not compared.is_right:
            print("     to put it right: chouseiapo doctor meetings --repair")
    return 0 if all(_is_right(compared) for _, compared in found) else 1


def _is_right(compared: Compared | PortError) -> bool:
    return isinstance(compared, Compared) and compared.is_right


def _compared(compared: Compared | PortError) -> str:
    if isinstance(compared, PortError):
        return f"can't be read ({compared.reason})"
    missing, left_over = len(compared.missing), len(compared.left_over)
    return f"{compared.listed} of ours there, {missing} missing, {left_over} that nobody knows"


def _whose(built: Services, report: Report) -> str:
    provider = report.link.partition("-")[0]
    try:
        owner = built.coordination.owner(report.owner)
    except NotFound:
        return f"{provider} calendar of {report.owner}"
    return f"{provider} calendar of {owner.email if isinstance(owner, Member) else owner.name}"


def _counts(report: Report) -> str:
    if report.error:
        return f"can't be read ({report.error})"
    return (
        f"{report.wanted} wanted, {report.standing} there, {report.missing} missing, {report.moved} moved, "
        f"{report.orphans} orphans, {report.foreign_entries} of others"
    )


def rebuild(asked: Namespace) -> None:
    with services() as built:
        known = {projection.name: projection for projection in built.projections}
        if asked.name == policies.NAME:
            if not asked.stream or asked.dry_run:
                raise Refused("policies have no rows to work out: rebuild policies --stream ID, nothing else")
            say({"events": built.policies.take_up(asked.stream, built.clock())})
            return
        if asked.name not in known:
            raise Refused(f"no projection {asked.name}; there are: {', '.join([*known, policies.NAME])}")
        report = work_out_again(
            built.coordination, built.rows, known[asked.name], asked.dry_run, asked.stream
        )
        for change in report.changes:
            say(change)
        say({"streams": report.streams, "changed": len(report.changes), "dry_run": asked.dry_run})
        if report.unreadable:
            raise Refused(f"could not be worked out: {', '.join(report.unreadable)}; see the log")


def remind(asked: Namespace) -> None:
    with services() as built:
        catch_up(built)
        for decision in built.reminders.decide(asked.now or built.clock(), asked.dry_run):
            row = msgspec.to_builtins(decision)
            state = "sent" if row.pop("sent") else "skipped"
            row.pop("skipped")
            say(row | {state: True})


def rotate_keys(asked: Namespace) -> None:
    done = database.rotate_keys(settings(), asked.forget_unreadable)
    say(msgspec.to_builtins(done))
    if done.unreadable and not asked.forget_unreadable:
        raise Refused(UNREADABLE.format(done.unreadable))


def _moment(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs an offset, such as 2026-11-25T07:00:00+09:00")
    return instant.astimezone(UTC)

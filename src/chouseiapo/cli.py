"""Every command of `chouseiapo`. Each reads the settings from the environment and ends cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from chouseiapo import bootstrap
from chouseiapo.bootstrap import WrongDatabase, build
from chouseiapo.config import Settings, SettingsError, read_settings
from chouseiapo.domain.errors import DomainError, Invalid
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.member import Provider, Role
from chouseiapo.ports import PortError
from chouseiapo.storage import DatabaseTrouble

OPERATOR = Meta(actor="operator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code. What goes wrong is said in a sentence, never as a trace."""
    asked = _parser().parse_args(arguments)
    _log_our_own()
    try:
        return int(asked.run(asked) or 0)
    except SettingsError as error:
        return _complain("these settings can't be used:", *error.problems)
    except Invalid as error:
        return _complain(*(f"{p.field}: {p.code}" for p in error.problems))
    except DatabaseTrouble as error:
        logging.getLogger(__name__).debug("the database failed", exc_info=error)
        return _complain(
            f"the database can't be used ({type(error).__name__}); check CHOUSEIAPO_DATABASE_URL"
        )
    except OSError as error:
        return _complain(error.strerror or str(error))
    except (WrongDatabase, DomainError, PortError) as error:
        return _complain(str(error) or getattr(error, "code", type(error).__name__))


def _log_our_own() -> None:
    """Our own lines say codes and ids; libraries' chatter may name people, so it stays out."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for package in ("chouseiapo", "projections"):
        logging.getLogger(package).setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())


def _complain(*sentences: str) -> int:
    for sentence in sentences:
        print(f"chouseiapo: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chouseiapo", description="調整アポ: scheduling coordination, self-hosted"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], Any], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        return added

    for name, run, help in (
        ("serve", serve, "web and worker in one process: the single-machine command"),
        ("web", web, "the web half alone; any number of them"),
    ):
        command(name, run, help).add_argument("--port", type=int)
    command("worker", worker, "the worker half alone; any number of them").add_argument(
        "--once", action="store_true", help="settle what is due and end"
    )
    command("migrate", migrate, "bring the database to this release's schema")
    _member_commands(commands)
    invited = command("invite", invite, "print and mail a one-time sign-in link")
    invited.add_argument("email")
    reminded = command("remind", remind, "run the reminder sweep once, print what was decided")
    reminded.add_argument("--now", type=_moment, help="as if it were this instant (ISO 8601 with offset)")
    reminded.add_argument("--dry-run", action="store_true")
    rebuilt = command("rebuild", rebuild, "work out a projection again from the events")
    rebuilt.add_argument("name")
    rebuilt.add_argument("--dry-run", action="store_true", help="print what would change")
    rebuilt.add_argument("--stream", help="only this stream; takes a parked one up again")
    command("doctor", doctor, "check settings, database, mail server and linked accounts")
    simulated = command("demo", demo, "everything in one process, with simulated vendors")
    simulated.add_argument("--port", type=int, default=8000)
    simulated.add_argument("--data", type=Path)
    vendors = command("sandbox", sandbox, "the simulated vendors alone")
    vendors.add_argument("--port", type=int, default=0)
    vendors.add_argument("--data", type=Path)
    return parser


def _member_commands(commands: Any) -> None:
    members = commands.add_parser("member", help="people of the company").add_subparsers(required=True)
    added = members.add_parser("add", help="register a person")
    added.add_argument("email")
    added.add_argument("name")
    added.add_argument("--kana", default="")
    added.add_argument("--latin", default="")
    added.add_argument("--administrator", action="store_true")
    added.set_defaults(run=add_member)
    members.add_parser("list", help="everybody").set_defaults(run=list_members)
    linked = members.add_parser(
        "link", help="link an account by its refresh token (read from standard input)"
    )
    linked.add_argument("email")
    linked.add_argument("provider", choices=[p.value for p in Provider])
    linked.set_defaults(run=link_member)
    rooms = commands.add_parser("room", help="rooms").add_subparsers(required=True)
    room = rooms.add_parser("add", help="register a room")
    room.add_argument("name")
    room.add_argument("--seats", type=int, default=0)
    room.set_defaults(run=add_room)
    tokens = commands.add_parser("token", help="API tokens").add_subparsers(required=True)
    created = tokens.add_parser("create", help="print a new token, once")
    created.add_argument("--member", required=True, metavar="EMAIL")
    created.set_defaults(run=create_token)


def serve(asked: argparse.Namespace) -> None:
    _run_web(_settings(), asked.port, with_worker=True)


def web(asked: argparse.Namespace) -> None:
    _run_web(_settings(), asked.port, with_worker=False)


def worker(asked: argparse.Namespace) -> None:
    from chouseiapo.worker import Worker

    with closing(build(_settings())) as services:
        working = Worker(services)
        if asked.once:
            print(json.dumps({"settled": working.once()}))
            return
        stopped = _until_told_to_stop()
        working.start()
        _announce({"ready": True})
        stopped.wait()
        working.stop()


def migrate(_: argparse.Namespace) -> None:
    before = bootstrap.migrate(_settings())
    print(f"the database stood at {before or 'nothing'} and is now at this release's schema")


def add_member(asked: argparse.Namespace) -> None:
    role = Role.ADMINISTRATOR if asked.administrator else Role.MEMBER
    with closing(build(_settings())) as services:
        member = services.coordination.register_member(
            asked.email, asked.name, OPERATOR, services.clock(), role=role, kana=asked.kana, latin=asked.latin
        )
        print(json.dumps({"id": member.id, "email": member.email}))


def list_members(_: argparse.Namespace) -> None:
    from chouseiapo.worker import Worker
    from projections.people import find_people

    with closing(build(_settings())) as services:
        Worker(services).read()
        for person in find_people(services.rows, "member"):
            print(
                json.dumps({"id": person.id, "email": person.email, "name": person.name}, ensure_ascii=False)
            )


def link_member(asked: argparse.Namespace) -> None:
    with closing(build(_settings())) as services:
        link = services.link(asked.email, Provider(asked.provider), sys.stdin.read().strip(), OPERATOR)
        print(json.dumps({"link": link}))


def add_room(asked: argparse.Namespace) -> None:
    with closing(build(_settings())) as services:
        room = services.coordination.add_room(asked.name, asked.seats, OPERATOR, services.clock())
        print(json.dumps({"id": room.id, "name": room.name}, ensure_ascii=False))


def create_token(asked: argparse.Namespace) -> None:
    with closing(build(_settings())) as services:
        member = services.coordination.member(member_id(asked.member))
        print(services.access.new_api_token(member.id, services.clock()))


def invite(asked: argparse.Namespace) -> None:
    with closing(build(_settings())) as services:
        member = services.coordination.member(member_id(asked.email))
        print(services.mail_sign_in_link(member.id, services.clock()))


def remind(asked: argparse.Namespace) -> None:
    from chouseiapo.worker import Worker

    with closing(build(_settings())) as services:
        Worker(services).read()
        for decision in services.reminders.sweep(asked.now or services.clock(), asked.dry_run):
            row = msgspec.to_builtins(decision)
            state = "sent" if row.pop("sent") else "skipped"
            row.pop("skipped")
            print(json.dumps(row | {state: True}, ensure_ascii=False))


def rebuild(asked: argparse.Namespace) -> int:
    from projections.rebuild import rebuild as work_out_again

    with closing(build(_settings())) as services:
        known = {projection.name: projection for projection in services.projections}
        if asked.name not in known:
            return _complain(f"no projection {asked.name}; there are: {', '.join(known)}")
        report = work_out_again(
            services.coordination, services.rows, known[asked.name], asked.dry_run, asked.stream
        )
        for change in report.changes:
            print(json.dumps(change, ensure_ascii=False, default=str))
        print(
            json.dumps({"streams": report.streams, "changed": len(report.changes), "dry_run": asked.dry_run})
        )
    return 0


def doctor(_: argparse.Namespace) -> int:
    from chouseiapo.doctor import examine

    settings = _settings()
    with closing(build(settings)) as services:
        findings = examine(services)
    for finding in findings:
        print(f"{'ok  ' if finding.healthy else 'BAD '} {finding.what}")
        if finding.advice:
            print(f"     {finding.advice}")
    return 0 if all(finding.healthy for finding in findings) else 1


def demo(asked: argparse.Namespace) -> None:
    from chouseiapo.demo import run

    run(asked.port, asked.data, _until_told_to_stop())


def sandbox(asked: argparse.Namespace) -> None:
    from chouseiapo.sandbox import Sandbox

    stopped = _until_told_to_stop()
    vendors = Sandbox(asked.port, asked.data)
    vendors.start()
    _announce({"ready": True, "sandbox": vendors.url, "inbox": vendors.inbox, "env": vendors.env})
    stopped.wait()
    vendors.stop()


def _run_web(settings: Settings, port: int | None, *, with_worker: bool) -> None:
    from chouseiapo.web import create_app
    from chouseiapo.web.server import Server
    from chouseiapo.worker import Worker

    with closing(build(settings)) as services:
        server = Server(
            create_app(services),
            settings.host,
            settings.port if port is None else port,
            trusted_proxy=settings.trusted_proxy,
        )
        _until_told_to_stop(server.stop)
        working = Worker(services) if with_worker else None
        if working:
            working.start()
        _announce({"ready": True, "url": f"http://{settings.host}:{server.port}"})
        server.run()
        if working:
            working.stop()


def _settings() -> Settings:
    return read_settings(os.environ)


def _announce(line: dict[str, Any]) -> None:
    """The one line by which whoever started us learns that we are ready."""
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _until_told_to_stop(stop: Callable[[], None] | None = None) -> threading.Event:
    """An event that SIGTERM and Ctrl-C set; `stop` is called then, too."""
    stopped = threading.Event()

    def tell(*_: object) -> None:
        stopped.set()
        if stop is not None:
            stop()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    return stopped


def _moment(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs an offset, such as 2026-11-25T07:00:00+09:00")
    return instant.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())

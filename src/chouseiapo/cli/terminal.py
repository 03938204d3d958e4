"""What every command shares: settings, the services on them, lines of output, and how to be stopped."""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings, read_settings
from chouseiapo.domain.event import OPERATOR, Meta
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.member import Member

BY_OPERATOR = Meta(actor=OPERATOR)

Run = Callable[[argparse.Namespace], int | None]


class Refused(Exception):
    """What was asked for can't be done; the message says why, and what to do."""


def command(commands: Any, name: str, run: Run, help: str) -> argparse.ArgumentParser:
    """One more command, or one more word below `member`, `token` …"""
    added: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    added.set_defaults(run=run)
    return added


def words(commands: Any, name: str, help: str) -> Any:
    """A command that is followed by another word."""
    group = commands.add_parser(name, help=help, description=help)
    return group.add_subparsers(required=True, metavar="COMMAND")


def settings() -> Settings:
    return read_settings(os.environ)


@contextmanager
def services() -> Iterator[Services]:
    with closing(build(settings())) as built:
        yield built


def member_with(services: Services, email: str) -> Member:
    """The member of that address; raises Refused."""
    found = services.coordination.members([member_id(email)])[member_id(email)]
    if not found.version:
        raise Refused(f"nobody is registered as {email}; chouseiapo member list shows who is")
    return found


def catch_up(services: Services) -> None:
    """Bring lists and search up to date with the events, whether or not a worker is running."""
    from chouseiapo.worker import Worker  # brings the scheduler along: whoever needs none need not wait

    Worker(services).read()


def say(line: dict[str, Any]) -> None:
    """One line of JSON; the first one of a server is how whoever started it learns that it is ready."""
    print(json.dumps(line, ensure_ascii=False, default=str), flush=True)


def until_told_to_stop(stop: Callable[[], None] | None = None) -> threading.Event:
    """An event that SIGTERM and Ctrl-C set; `stop` is called then, too.

    What runs so long also says where it was should a fault in some library's machine code ever end it.
    """
    faulthandler.enable()
    stopped = threading.Event()

    def tell(*_: object) -> None:
        stopped.set()
        if stop is not None:
            stop()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    return stopped

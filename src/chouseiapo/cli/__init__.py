"""Every command of `chouseiapo`. Each reads the settings from the environment and ends cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence

from chouseiapo.cli import mails, people, servers, upkeep
from chouseiapo.cli.terminal import Refused
from chouseiapo.config import SettingsError
from chouseiapo.database import WrongDatabase
from chouseiapo.domain.errors import DomainError, Invalid
from chouseiapo.event_store import StoreTrouble
from chouseiapo.ports import PortError
from chouseiapo.storage import DatabaseTrouble


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code. What goes wrong is said in a sentence, never as a trace."""
    asked = _parser().parse_args(arguments)
    try:
        _log_our_own()
        return int(asked.run(asked) or 0)
    except SettingsError as error:
        return _complain("these settings can't be used:", *error.problems)
    except Invalid as error:
        return _complain(*(f"{p.field}: {p.code}" for p in error.problems))
    except (DatabaseTrouble, StoreTrouble, sqlite3.Error) as error:
        logging.getLogger(__name__).debug("the database failed", exc_info=error)
        return _complain(
            f"the database can't be used ({type(error).__name__}); check CHOUSEIAPO_DATABASE_URL"
        )
    except OSError as error:
        return _complain(error.strerror or str(error))
    except (Refused, WrongDatabase, DomainError, PortError) as error:
        return _complain(str(error) or type(error).__doc__ or type(error).__name__)


def _log_our_own() -> None:
    """Our own lines say codes and ids; libraries' chatter may name people, so it stays out."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise SettingsError([f"LOG_LEVEL: {level} is none; expected DEBUG, INFO, WARNING or ERROR"])
    for package in ("chouseiapo", "projections"):
        logging.getLogger(package).setLevel(level)


def _complain(*sentences: str) -> int:
    for sentence in sentences:
        print(f"chouseiapo: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chouseiapo", description="調整アポ: scheduling coordination, self-hosted"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (servers, people, mails, upkeep):
        part.add_to(commands)
    return parser

"""What operators and load balancers ask: is the process alive, is the product able to work?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from chouseiapo import migrations
from chouseiapo.event_store import StoreTrouble
from chouseiapo.ledger import worker_is_alive
from chouseiapo.storage import DatabaseTrouble
from chouseiapo.web.request import services
from projections.catch_up import ahead_of_log, parked_streams

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
def healthz() -> Any:
    return {"status": "ok"}


@operations.get("/readyz")
def readyz() -> Any:
    """Database, migrations, the secret key, a living worker, parked streams; 503 when one is not right."""
    rows = services().rows
    try:
        schema, fits = migrations.revision(rows.engine), services().keyring.fits()
        alive, waiting = worker_is_alive(rows, g.now), len(parked_streams(rows))
        ahead = ahead_of_log(services().coordination, rows)
    except (DatabaseTrouble, StoreTrouble) as error:
        return {"status": "unavailable", "database": type(error).__name__}, 503
    found = {
        "database": "ok",
        "schema": "ok" if schema == migrations.HEAD else f"stands at {schema}",
        "secret_key": "ok" if fits else "does not open what this database holds",
        "worker": "ok" if alive else "silent",
        "events": "behind the rows" if ahead else "ok",
        "parked_streams": waiting,
    }
    asked = ("schema", "secret_key", "worker", "events")
    ready = all(found[each] == "ok" for each in asked) and not waiting
    return {"status": "ok" if ready else "degraded", **found}, 200 if ready else 503

"""What operators and load balancers ask: is the process alive, is the product able to work?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from chouseiapo import migrations
from chouseiapo.storage import parked, workers
from chouseiapo.web.api.requests import services

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
def healthz() -> Any:
    return {"status": "ok"}


@operations.get("/readyz")
def readyz() -> Any:
    """Database, migrations, a living worker, parked streams; 503 when one of them is not as it should be."""
    rows = services().rows
    try:
        with rows.read() as connection:
            alive = connection.scalar(select(func.max(workers.c.alive_until)))
            waiting = connection.scalar(select(func.count()).select_from(parked))
        schema = migrations.revision(rows.engine)
    except SQLAlchemyError as error:
        return {"status": "unavailable", "database": type(error).__name__}, 503
    found = {
        "database": "ok",
        "schema": "ok" if schema == migrations.HEAD else f"stands at {schema}",
        "worker": "ok" if alive and alive > g.now else "silent",
        "parked_streams": waiting,
    }
    ready = found["schema"] == found["worker"] == "ok" and not waiting
    return {"status": "ok" if ready else "degraded", **found}, 200 if ready else 503

"""The baseline: Flask and SQLite, one table of appointments, one of candidates, nothing else.

Same server, same threads and same durability as the product. Writers queue at a lock, because SQLite's busy
handler sleeps between its tries: without the lock this program is slower. `python -m benchmarks.bare FILE`
"""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask, render_template, request

import chouseiapo

CANDIDATES = 5
_TABLES = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS appointments (id INTEGER PRIMARY KEY, state TEXT, candidate TEXT, guest TEXT);
CREATE TABLE IF NOT EXISTS candidates (appointment INTEGER, n INTEGER, start TEXT, end TEXT,
                                       PRIMARY KEY (appointment, n));
"""
_CONFIRM = "UPDATE appointments SET state = 'confirmed', candidate = ? WHERE id = ? AND state = 'proposed'"
_PROPOSE = "INSERT INTO appointments (state, guest) VALUES ('proposed', ?)"


def create_app(file: Path) -> Flask:
    app, own, writing = Flask(__name__), threading.local(), threading.Lock()

    def database() -> sqlite3.Connection:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(file, isolation_level=None, timeout=15)
            own.connection.execute("PRAGMA synchronous=FULL")
        found: sqlite3.Connection = own.connection
        return found

    @app.post("/confirm/<int:id>")
    def confirm(id: int) -> Any:
        with writing, database() as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = connection.execute(_CONFIRM, (request.get_json()["candidate"], id)).rowcount
        return {"state": "confirmed"}, 200 if changed else 409

    @app.post("/propose")
    def propose() -> Any:
        body = request.get_json()
        with writing, database() as connection:
            connection.execute("BEGIN IMMEDIATE")
            id = connection.execute(_PROPOSE, (json.dumps(body["guest"]),)).lastrowid
            rows = [(id, n, c["start"], c["end"]) for n, c in enumerate(body["candidates"])]
            connection.executemany("INSERT INTO candidates VALUES (?, ?, ?, ?)", rows)
        return {"id": id}, 201

    @app.get("/hello")
    def hello() -> str:
        return render_template("hello.html", name="山田太郎", days=range(CANDIDATES))

    return app


def prepare(file: Path, appointments: int) -> None:
    """A database with that many appointments, numbered from 1, of which none is confirmed."""
    connection = sqlite3.connect(file)
    connection.executescript(_TABLES)
    with connection:
        connection.executemany(_PROPOSE, [("{}",)] * appointments)
    connection.close()


def the_server() -> Any:
    """The product's own, by its file: the package around it would bring the whole product along."""
    file = Path(chouseiapo.__file__).parent / "web/server.py"
    module = ModuleType("server")
    SourceFileLoader("server", str(file)).exec_module(module)
    return module.Server


def main() -> None:
    server = the_server()(create_app(Path(sys.argv[1])), "127.0.0.1", 0)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    print(json.dumps({"ready": True, "url": f"http://127.0.0.1:{server.port}"}), flush=True)
    server.run()


if __name__ == "__main__":
    main()

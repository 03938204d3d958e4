"""Commands that run until they are told to stop: serve, web, worker, demo, sandbox."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from chouseiapo.cli.terminal import command, say, services, until_told_to_stop
from chouseiapo.config import port_number


def add_to(commands: Any) -> None:
    for name, run, help in (
        ("serve", serve, "web and worker in one process: the single-machine command"),
        ("web", web, "the web half alone; any number of them"),
    ):
        command(commands, name, run, help).add_argument("--port", type=port_number)
    command(commands, "worker", worker, "the worker half alone; any number of them").add_argument(
        "--once", action="store_true", help="settle what is due and end"
    )
    simulated = command(commands, "demo", demo, "everything in one process, with simulated vendors")
    simulated.add_argument("--port", type=port_number, default=8000)
    simulated.add_argument("--data", type=Path)
    vendors = command(commands, "sandbox", sandbox, "the simulated vendors alone")
    vendors.add_argument("--port", type=port_number, default=0)
    vendors.add_argument("--data", type=Path)


def serve(asked: Namespace) -> None:
    _run_web(asked.port, with_worker=True)


def web(asked: Namespace) -> None:
    _run_web(asked.port, with_worker=False)


def worker(asked: Namespace) -> None:
    from chouseiapo.worker import Worker

    with services() as built:
        working = Worker(built)
        if asked.once:
            say({"settled": working.once()})
            return
        stopped = until_told_to_stop()
        working.start()
        say({"ready": True})
        stopped.wait()
        working.stop()


def demo(asked: Namespace) -> None:
    from chouseiapo.demo import run

    run(asked.port, asked.data, until_told_to_stop())


def sandbox(asked: Namespace) -> None:
    from chouseiapo.sandbox import Sandbox

    stopped = until_told_to_stop()
    vendors = Sandbox(asked.port, asked.data)
    vendors.start()
    say({"ready": True, "sandbox": vendors.url, "inbox": vendors.inbox, "env": vendors.env})
    stopped.wait()
    vendors.stop()


def _run_web(port: int | None, *, with_worker: bool) -> None:
    from chouseiapo.web import create_app
    from chouseiapo.web.server import Server
    from chouseiapo.worker import Worker

    with services() as built:
        wanted = built.settings
        server = Server(
            create_app(built),
            wanted.host,
            wanted.port if port is None else port,
            trusted_proxy=wanted.trusted_proxy,
        )
        until_told_to_stop(server.stop)
        working = Worker(built) if with_worker else None
        if working:
            working.start()
        say({"ready": True, "url": f"http://{wanted.host}:{server.port}"})
        server.run()
        if working:
            working.stop()

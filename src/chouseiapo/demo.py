"""The demo: the real product against simulated vendors, in one process, ready to be played with.

Nothing is faked on our side: tokens are granted by the simulated vendors and used by the real clients, mail
goes through SMTP, the worker settles. Only the clock can be moved, to see tomorrow's reminder today.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from chouseiapo.bootstrap import Services, build
from chouseiapo.clock import utc_now
from chouseiapo.config import read_settings
from chouseiapo.domain.event import OPERATOR, Meta
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.links import Provider
from chouseiapo.domain.member import Role
from chouseiapo.sandbox import Sandbox
from chouseiapo.web import create_app
from chouseiapo.web.server import Server
from chouseiapo.web.staff.sign_in import demo_sign_in
from chouseiapo.worker import Worker

BY = Meta(actor=OPERATOR)
COMPANY = "株式会社サンプル"
ROOM = "会議室A"


class Person(NamedTuple):
    """Somebody as whom one can play; `latin`: the name in Latin letters."""

    email: str
    name: str
    kana: str
    latin: str
    calendar: Provider
    role: Role = Role.MEMBER


PEOPLE = (
    Person(
        "tanaka@example.com",
        "田中 一郎",
        "タナカ イチロウ",
        "Tanaka Ichiro",
        Provider.GOOGLE,
        Role.ADMINISTRATOR,
    ),
    Person("suzuki@example.com", "鈴木 花子", "スズキ ハナコ", "Suzuki Hanako", Provider.MICROSOFT),
    Person("sato@example.com", "佐藤 健", "サトウ ケン", "Sato Ken", Provider.GOOGLE),
)


class MovableClock:
    """The real time, plus whatever it was moved forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._moving = threading.Lock()

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def next_morning(self, services: Services) -> int:
        """Move to the next time that the reminder's hour strikes in the organization's zone; answers how many
        reminders became due.
        """
        hour = services.reminders.hour() or services.settings.reminder_at
        with self._moving:
            now = self().astimezone(services.settings.zone)
            morning = now.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
            if morning <= now:
                morning += timedelta(days=1)
            self._ahead += morning - now
        return services.reminders.sweep(self())


def run(port: int, data: Path | None, stopped: threading.Event) -> None:
    """Serve the demo until told to stop; without a folder for data, everything is gone afterwards."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        return _run(port, data, stopped)
    with tempfile.TemporaryDirectory(prefix="chouseiapo-demo-") as folder:
        return _run(port, Path(folder), stopped)


def _run(port: int, data: Path, stopped: threading.Event) -> None:
    clock = MovableClock()
    product = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(
        0, data, now=clock, on_morning=lambda: clock.next_morning(services), product_url=product
    )
    sandbox.start()
    environ = sandbox.env | {
        "CHOUSEIAPO_DATABASE_URL": f"sqlite:///{data / 'chouseiapo.db'}",
        "CHOUSEIAPO_SECRET_KEY": _kept_secret(data),
        "CHOUSEIAPO_BASE_URL": product,
        "CHOUSEIAPO_PORT": str(port),
        "CHOUSEIAPO_COMPANY": COMPANY,
        # Whoever deletes or moves something on a simulated calendar wants to see what follows.
        "CHOUSEIAPO_WATCH_EVERY_S": "30",
        "CHOUSEIAPO_HAND_GRACE_S": "5",
    }
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = environ["OAUTHLIB_INSECURE_TRANSPORT"]
    settings = {name: value for name, value in environ.items() if name.startswith("CHOUSEIAPO_")}
    services = build(read_settings(settings), clock)
    try:
        tokens = _furnish(services, sandbox)
        _serve(services, sandbox, environ, tokens, stopped)
    finally:
        services.close()
        sandbox.stop()


def _serve(
    services: Services,
    sandbox: Sandbox,
    environ: dict[str, str],
    tokens: dict[str, str],
    stopped: threading.Event,
) -> None:
    app = create_app(services)
    app.register_blueprint(demo_sign_in)
    app.extensions["demo"] = {"inbox": sandbox.inbox, "sandbox": sandbox.url, "people": PEOPLE}
    server = Server(app, services.settings.host, services.settings.port)
    worker = Worker(services)
    worker.start()
    serving = threading.Thread(target=server.run, name="web")
    serving.start()
    sandbox.send_webhooks_to(f"{services.settings.base_url}/webhooks/zoom")
    ready = {
        "ready": True,
        "url": services.settings.base_url,
        "api_tokens": tokens,
        "inbox": sandbox.inbox,
        "sandbox": sandbox.url,
        "env": environ,
    }
    print(json.dumps(ready, ensure_ascii=False), flush=True)
    stopped.wait()
    server.stop()
    serving.join()
    worker.stop()


def _furnish(services: Services, sandbox: Sandbox) -> dict[str, str]:
    """People with their accounts, a room, and API tokens. A second start finds them there; of the tokens only
    digests are kept, so it ends the earlier ones and makes others.
    """
    app, now = services.coordination, services.clock()
    room = new_id("room", ROOM)
    if not app.stream(room):
        app.add_room(ROOM, 6, BY, now, id=room)
        sandbox.seed_busy(now)
        sandbox.add_room(ROOM, Provider.GOOGLE.value, writers=[PEOPLE[0].email])  # there to be linked
    tokens = {}
    for email, name, kana, latin, calendar, role in PEOPLE:
        if not app.stream(member_id(email)):
            app.register_member(email, name, BY, now, role=role, kana=kana, latin=latin)
            for provider in (calendar, Provider.ZOOM):
                services.link(email, provider, sandbox.grant(provider.value, email), BY)
        for token in services.access.api_tokens(member_id(email)):
            services.access.revoke_api_token(token.id)
        tokens[email] = services.access.new_api_token(member_id(email), now)
    return tokens


def _kept_secret(data: Path) -> str:
    path = data / "secret.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")

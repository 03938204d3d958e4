"""What Zoom tells our product: signed requests, sent again where nobody answers in time."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import http.client
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from chouseiapo.sandbox.calls import Json

DELIVERIES = ("once", "twice", "late", "never")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SENDERS, KEPT, LONGEST_S = 4, 5_000, 86_400


@dataclass(frozen=True)
class Subscription:
    """As the app's page in the marketplace has it: where to, and signed by which secret. `delivery`: once, as
    is usual; twice; late by `late_s` seconds; never. An answer has to come within `timeout_s` seconds, else
    it is sent again after each of `retry_s` in turn, and given up after the last."""

    url: str = ""
    secret: str = ""
    delivery: str = "once"
    late_s: float = 5.0
    timeout_s: float = 3.0
    retry_s: tuple[float, ...] = (300.0, 1200.0, 3600.0)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if self.url and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
            raise ValueError(f"url is an http address on this machine, not {self.url!r}.")
        if self.delivery not in DELIVERIES:
            raise ValueError(f"delivery is one of {', '.join(DELIVERIES)}, not {self.delivery!r}.")
        if not all(0 <= each <= LONGEST_S for each in (self.late_s, self.timeout_s, *self.retry_s)):
            raise ValueError(f"late_s, timeout_s and retry_s are seconds from 0 to {LONGEST_S}.")


@dataclass
class Delivery:
    """One message on its way. `statuses`: how each attempt was answered, 0 for not at all. `state`: waiting,
    delivered, dropped (given up), or lost (by request)."""

    number: int
    event: str
    at: datetime
    body: bytes
    state: str = "waiting"
    statuses: list[int] = field(default_factory=list)

    def public(self) -> Json:
        shown = {"number": self.number, "event": self.event, "at": self.at.isoformat(), "state": self.state}
        return shown | {"statuses": list(self.statuses), "body": json.loads(self.body)}


class Webhooks:
    """Sends from threads of its own, so that nobody who changes something waits for it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.subscription = Subscription()
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._now = now
        self._numbers, self._order = count(1), count()
        self._queue: list[tuple[float, int, Delivery]] = []
        self._wake = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=self._run, name=f"sandbox-webhooks-{n}", daemon=True)
            for n in range(SENDERS)
        ]
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """What waits is given up; what is under way is finished."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for each in self._threads:
            each.join()

    def subscribe(self, wish: Mapping[str, Any]) -> Subscription:
        """Any of its fields; ValueError when something is wrong with one."""
        try:
            steps = {"retry_s": tuple(wish["retry_s"])} if "retry_s" in wish else {}
            self.subscription = replace(self.subscription, **{**wish, **steps})
        except (TypeError, AttributeError) as problem:
            raise ValueError(f"Something here is of the wrong kind: {problem}") from problem
        return self.subscription

    def send(self, event: str, payload: Json, *, silent: bool = False) -> None:
        """`silent`: it happened, and the message got lost."""
        subscription = self.subscription
        if not subscription.url:
            return
        at = self._now()
        message = {"event": event, "event_ts": int(at.timestamp() * 1000), "payload": payload}
        delivery = Delivery(next(self._numbers), event, at, json.dumps(message, ensure_ascii=False).encode())
        self.deliveries.append(delivery)
        if silent or subscription.delivery == "never":
            delivery.state = "lost"
            return
        wait = subscription.late_s if subscription.delivery == "late" else 0.0
        for _ in range(2 if subscription.delivery == "twice" else 1):
            self._put(delivery, wait)

    def send_again(self, number: int) -> None:
        """The same message once more, signed anew; a lost one for the first time."""
        for each in self.deliveries:
            if each.number == number:
                each.state = "waiting"
                return self._put(each, 0.0)
        raise ValueError(f"There is no webhook {number}.")

    def validate(self) -> Json:
        """Zoom's question to an endpoint, before it is used and every 72 hours: does it know the secret?"""
        subscription, plain = self.subscription, secrets.token_urlsafe(16)
        if not subscription.url:
            raise ValueError("There is no url to send webhooks to.")
        message = {"event": "endpoint.url_validation", "payload": {"plainToken": plain}}
        body = json.dumps(message | {"event_ts": int(self._now().timestamp() * 1000)}).encode()
        status, answer = self._post(body)
        wanted = {"plainToken": plain, "encryptedToken": _digest(subscription.secret, plain)}
        try:
            valid = status == 200 and json.loads(answer) == wanted
        except ValueError:
            valid = False
        return {"valid": valid, "status": status}

    def waiting(self) -> int:
        """How many are still to be sent, or to be sent again."""
        return sum(each.state == "waiting" for each in list(self.deliveries))

    def saved(self) -> Json:
        return asdict(self.subscription)

    def _put(self, delivery: Delivery, wait: float) -> None:
        with self._wake:
            heapq.heappush(self._queue, (time.monotonic() + wait, next(self._order), delivery))
            self._wake.notify()

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            status, _ = self._post(delivery.body)
            delivery.statuses.append(status)
            steps = self.subscription.retry_s
            if 200 <= status < 300:
                delivery.state = "delivered"
            elif len(delivery.statuses) <= len(steps):
                self._put(delivery, steps[len(delivery.statuses) - 1])
            elif delivery.state == "waiting":
                delivery.state = "dropped"

    def _next(self) -> Delivery | None:
        """Blocks until one is due; None when it is time to stop."""
        with self._wake:
            while not self._closed:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)[2]
                self._wake.wait(wait)
        return None

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Status and answer; 0 where none came in time."""
        subscription, target = self.subscription, urlsplit(self.subscription.url)
        connection = http.client.HTTPConnection(
            target.hostname or "", target.port or 80, timeout=subscription.timeout_s or None
        )
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        try:
            connection.request("POST", path, body, self._headers(subscription.secret, body))
            answer = connection.getresponse()
            return answer.status, answer.read(65_536)
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def _headers(self, secret: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self._now().timestamp()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zoom Marketplace/1.0a",
            "x-zm-request-timestamp": stamp,
            "x-zm-signature": f"v0={_digest(secret, f'v0:{stamp}:'.encode() + body)}",
        }


def _digest(secret: str, message: str | bytes) -> str:
    raw = message.encode() if isinstance(message, str) else message
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()

"""Connections to hosts that members name: to the very address that was looked at, and no further."""

from __future__ import annotations

import logging
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from chouseiapo.adapters.caldav.hosts import Hosts, port_of
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

LARGEST_ANSWER = 64 * 1024 * 1024
PATIENCE_S = 30
PIECE = 64 * 1024

# It shows the root logger whole answers that it can't read, unless they say that they are plain text.
logging.getLogger("caldav.response").setLevel(logging.WARNING)
AS_TEXT = "text/plain"


class GuardedSession(requests.Session):
    """Follows no redirect, and keeps no cookie: the next request may be another member's."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        # The environment may name other authorities, which would win, and .netrc would replace the password.
        self.trust_env = False
        self.verify = str(settings.ca_file) if settings.ca_file else True
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        guarded = _GuardedAdapter(Hosts(settings))
        for scheme in ("https://", "http://"):
            self.mount(scheme, guarded)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        asked = {**options, "allow_redirects": False, "stream": True, "verify": self.verify}
        answer = super().request(method, url, **asked)
        try:
            _take_whole(answer)
        except HTTPError:
            raise requests.ConnectionError from None
        finally:
            answer.close()
        answer.headers["Content-Type"] = AS_TEXT
        return answer


class _GuardedAdapter(HTTPAdapter):
    """Connects to an address, and talks to it by the host's name. For one thread at a time."""

    def __init__(self, hosts: Hosts) -> None:
        super().__init__()
        self._hosts = hosts
        self._address = ""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        addresses = self._hosts.addresses(parts.hostname or "", port_of(parts))
        # The one that is connected already, where it still holds.
        addresses.sort(key=lambda address: address != self._address)
        for left, self._address in zip(range(len(addresses))[::-1], addresses, strict=True):
            try:
                return super().send(request, *args, **options)
            except requests.ConnectionError as error:
                if not left or not _is_unconnected(error):
                    raise
        raise PortError("unreachable")

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        where, how = super().build_connection_pool_key_attributes(request, verify, cert)
        names: dict[str, Any] = {}
        if where["scheme"] == "https":
            names = {"server_hostname": where["host"], "assert_hostname": where["host"]}
        return {**where, "host": self._address}, {**how, **names}


def _is_unconnected(error: requests.ConnectionError) -> bool:
    """Whether nothing can have been sent."""
    reason = error.args[0].reason if error.args and isinstance(error.args[0], MaxRetryError) else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _take_whole(answer: requests.Response) -> None:
    """Read it, as long as it is of a size and a speed that a calendar can have."""
    late, taken = time.monotonic() + PATIENCE_S, bytearray()
    while piece := answer.raw.read1(PIECE, decode_content=True):
        taken += piece
        if len(taken) > LARGEST_ANSWER or time.monotonic() > late:
            raise PortError("unreachable")
    answer._content = bytes(taken)

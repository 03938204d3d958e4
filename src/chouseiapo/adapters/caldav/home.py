"""Where an account's calendars are: what discovery finds, and every request needs."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

import msgspec

from chouseiapo.ports import PortError

_SAFE = "!$&'()*+,;=:@~"


class Home(msgspec.Struct, frozen=True):
    """`root` is scheme, host and port; the rest are paths there. kind: how to sign in, basic, digest or empty
    for not at all. calendar: the account's own. homes: what its calendars lie in. addresses: the owner's.
    """

    user: str
    password: str
    root: str
    kind: str
    calendar: str
    homes: tuple[str, ...] = ()
    principal: str = ""
    addresses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Home({self.root})"

    def path_of(self, calendar: str) -> str:
        """The path of one of the account's calendars, empty for its own, with a slash at its end."""
        if calendar and not re.fullmatch(r"/[^/].*", calendar):
            raise PortError("calendar_not_found", permanent=True)
        return folder(calendar or self.calendar)


def folder(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def path_of(url: str, base: str) -> str:
    """The path that an href names, written in the one way that we compare by: servers escape differently."""
    segments = urlsplit(urljoin(base, url)).path.split("/")
    return "/".join(quote(unquote_to_bytes(segment), safe=_SAFE) for segment in segments)


def root_of(url: str) -> str:
    """Scheme, host and port, a port that goes without saying left out."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    return f"{parts.scheme}://{host}"


def written(url: str) -> str:
    """The address in the one way that we compare by."""
    return root_of(url) + path_of(url, url)

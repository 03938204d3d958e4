"""Requests in WebDAV's words through the caldav library, and what answers mean (RFC 4918, 4791, 6578)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import requests
from caldav.davclient import DAVClient
from caldav.elements import dav
from caldav.elements.base import BaseElement
from caldav.lib.error import DAVError, RateLimitError, parse_preconditions
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from chouseiapo.adapters import TIMEOUT_S
from chouseiapo.adapters.caldav.home import path_of
from chouseiapo.adapters.caldav.session import GuardedSession
from chouseiapo.ports import PortError

QUOTA = frozenset({"{DAV:}quota-not-exceeded", "{DAV:}sufficient-disk-space"})
GONE = frozenset({404, 410})
NO_PERMISSION = frozenset({"{DAV:}need-privileges"})
UID_TAKEN = "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"


class Resource(NamedTuple):
    """What an answer says of one resource; properties that it does not have are missing."""

    path: str
    status: int
    properties: Mapping[str, Any]

    def text(self, property: type[BaseElement]) -> str:
        found = self.properties.get(str(property.tag))
        return (found.text or "") if found is not None else ""

    def hrefs(self, property: type[BaseElement]) -> list[str]:
        found = self.properties.get(str(property.tag))
        return [href.text.strip() for href in _children(found, dav.Href) if (href.text or "").strip()]

    def names(self, property: type[BaseElement]) -> set[str]:
        """The tags of everything inside."""
        found = self.properties.get(str(property.tag))
        return {str(inner.tag) for inner in found.iter()} if found is not None else set()


class Answer(NamedTuple):
    """What the server said. conditions: the preconditions that it names; wait: seconds, if it asks for it."""

    status: int
    headers: Mapping[str, str]
    tree: Any
    base: str
    conditions: frozenset[str]
    wait: float | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_multistatus(self) -> bool:
        return self.status == 207 and self.tree is not None and bool(self.tree.tag == dav.MultiStatus.tag)

    def resources(self) -> list[Resource]:
        """All that a multistatus names. Raises PortError where the answer is none."""
        if not self.is_multistatus:
            # A page of somebody in front of the server says nothing of what stands there.
            raise refusal(self) if not self.ok else PortError("unavailable")
        return [_resource(found, self.base) for found in self.tree.iter(dav.Response.tag)]


class Client(DAVClient):
    """The library's, with passwords of any letters: requests itself would have Latin-1 only."""

    auth: Any

    def build_auth_object(self, auth_types: Any = None) -> None:
        offered = {str(kind).lower() for kind in auth_types or [self.auth_type]}
        if "basic" in offered:
            self.auth = HTTPBasicAuth((self.username or "").encode(), (self.password or "").encode())
        elif "digest" in offered:
            self.auth = HTTPDigestAuth(self.username or "", self.password or "")

    @property
    def kind(self) -> str:
        if isinstance(self.auth, HTTPDigestAuth):
            return "digest"
        return "basic" if self.auth else ""


def connected(session: GuardedSession, url: str, user: str, password: str, kind: str = "") -> Client:
    """A client for one account; `kind` spares the question how to sign in."""
    client = Client(
        url,
        username=user,
        password=password,
        auth_type=kind or None,
        timeout=TIMEOUT_S,
        headers={"User-Agent": "chouseiapo"},
        enable_rfc6764=False,
    )
    client.session = session
    return client


def within(outer: BaseElement, *inner: BaseElement) -> BaseElement:
    return outer + inner


def ask(
    client: Client,
    method: str,
    url: str,
    body: BaseElement | str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the server says, be it a refusal. Raises PortError when it says nothing."""
    try:
        said = client.request(url, method, str(body), headers or {})
    except RateLimitError as error:
        return Answer(error.status or 503, {}, None, url, frozenset(), error.retry_after_seconds)
    except DAVError as error:
        return Answer(error.status or 500, {}, None, url, frozenset(error.preconditions))
    except NotImplementedError:  # neither Basic nor Digest
        raise PortError("sign_in_not_supported", permanent=True) from None
    except requests.exceptions.SSLError:
        raise PortError("certificate_not_trusted") from None
    except (requests.RequestException, ValueError):
        raise PortError("unreachable") from None
    conditions = frozenset() if said.status < 400 else frozenset(parse_preconditions(said.raw))
    return Answer(said.status, said.headers, said.tree, url, conditions)


def asking(*properties: type[BaseElement]) -> BaseElement:
    """The body of a PROPFIND."""
    return within(dav.Propfind(), within(dav.Prop(), *(property() for property in properties)))


def properties(client: Client, url: str, *wanted: type[BaseElement], depth: int = 0) -> Answer:
    return ask(client, "PROPFIND", url, asking(*wanted), {"Depth": str(depth)})


def refusal(answer: Answer) -> PortError:
    """A refusal in our terms; of a write, no permission is the whole account's trouble: see `denied`."""
    status, conditions = answer.status, answer.conditions
    if status == 429:
        return PortError("throttled", retry_after=answer.wait)
    if status == 507 or conditions & QUOTA:
        return PortError("quota_exceeded", permanent=True)
    if status >= 500 or status == 423:
        return PortError("unavailable", retry_after=answer.wait)
    if status == 401:
        return PortError("token_refused", permanent=True, auth=True)
    if status == 403 and conditions <= NO_PERMISSION:
        return PortError("no_permission", permanent=True)
    if status in GONE:
        return PortError("calendar_not_found", permanent=True)
    if status == 412:
        return PortError("conflict")
    if status < 400:  # the next discovery finds where it went
        return PortError("moved")
    return PortError(f"rejected_{status}_{_word(conditions)}", permanent=True)


def denied(answer: Answer) -> PortError:
    """The refusal of a write: where we may not write, nothing works until somebody changes that."""
    error = refusal(answer)
    if error.reason == "no_permission":
        return PortError("no_permission", permanent=True, auth=True)
    if answer.status == 409 and not answer.conditions:  # RFC 4918, 9.7.1: there is no such folder
        return PortError("calendar_not_found", permanent=True)
    return error


def _word(conditions: frozenset[str]) -> str:
    names = (condition.rpartition("}")[2].replace("-", "_") for condition in sorted(conditions))
    return next((name for name in names if re.fullmatch(r"\w{1,60}", name, re.ASCII)), "unknown")


def _resource(found: Any, base: str) -> Resource:
    href = found.find(dav.Href.tag)
    properties = {
        str(property.tag): property
        for group in _children(found, dav.PropStat)
        if _status(group) == 200
        for container in _children(group, dav.Prop)
        for property in container
    }
    path = path_of((href.text or "").strip() if href is not None else "", base)
    return Resource(path, _status(found), properties)


def _status(element: Any) -> int:
    """Of a resource, or of some of its properties; all is well where none is said."""
    said = element.find(dav.Status.tag)
    number = re.search(r"\s(\d{3})\b", f" {said.text}") if said is not None else None
    return int(number[1]) if number else 200


def _children(element: Any, kind: type[BaseElement]) -> Iterator[Any]:
    return iter(element.findall(kind.tag)) if element is not None else iter(())

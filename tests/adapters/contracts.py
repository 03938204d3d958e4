"""Holds requests against what the vendors publish: OpenAPI contracts, and Google's discovery document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from googleapiclient import discovery_cache
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from chouseiapo.config import Settings
from tests.adapters.recorded import Recorded

FILES = {
    "google": "google_calendar.openapi.json",
    "microsoft": "graph_calendar.openapi.json",
    "zoom": "zoom_meetings.openapi.json",
}
METHODS = ("get", "put", "post", "delete", "patch")

# Graph publishes these too, for other mailboxes and for an account's further calendars; our copy of its
# contract has them for /me only. Parameters and bodies are those of what stands in for them:
# https://learn.microsoft.com/graph/api/user-list-events, /event-delta, /calendar-list-calendarview
STAND_INS = {
    r"/users/[^/]+(/events|/events/[^/]+|/calendarView|/calendarView/delta)": "/me",
    r"/me/calendars/[^/]+(/calendarView|/calendarView/delta)": "/me",
}
# And these have no like; what they may be asked for besides:
# https://learn.microsoft.com/graph/api/user-list-calendars, /calendar-get
UNLIKE_ANY = {
    "/me/calendars": {"$select", "$filter", "$orderby", "$top", "$skip"},
    "/me/calendar": {"$select"},
    "/me/calendars/{calendar-id}": {"$select"},
    "/users/{id}/calendar": {"$select"},
}
MOST_PARTS = {"google": 50, "microsoft": 20}


class BrokenContract(AssertionError):
    """The vendor does not publish that such a request exists."""


class Contracts:
    """Which requests belong to which vendor is told by the roots in the settings; others are let pass."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._roots = {
            f"{settings.google_api_root}/calendar/v3": "google",
            f"{settings.google_api_root}/batch": "google",
            settings.graph_root: "microsoft",
            settings.zoom_api_root: "zoom",
        }
        self._folder = folder

    def check(self, recorded: Recorded) -> list[str]:
        """The operations that the request asks for, parts of batches included; raises BrokenContract."""
        return list(self._operations(recorded))

    def _operations(self, recorded: Recorded) -> Iterator[str]:
        for root, vendor in self._roots.items():
            if not recorded.url.startswith(f"{root}/"):
                continue
            parts = recorded.parts()
            if len(parts) > MOST_PARTS.get(vendor, 0):
                raise BrokenContract(f"{vendor}: {len(parts)} parts in a batch")
            if vendor == "google" and parts:
                _check_google_batch(recorded)
            else:
                yield f"{vendor} {self._check_one(vendor, root, recorded)}"
            for part in parts:
                yield from self._operations(part)

    def _check_one(self, vendor: str, root: str, recorded: Recorded) -> str:
        contract = _contract(self._folder, vendor)
        path = urlsplit(recorded.url.removeprefix(root)).path
        if vendor == "microsoft":
            unlike = next((template for template in UNLIKE_ANY if _is_at(template, path)), "")
            if unlike and recorded.method == "GET":
                return _check_reading(recorded, unlike)
            path = _stand_in(path)
        operation = contract.operation(recorded.method, path)
        query = parse_qsl(urlsplit(recorded.url).query, keep_blank_values=True)
        known = {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
        if unknown := {name for name, _ in query} - known:
            raise BrokenContract(f"{vendor} {operation['operationId']}: no parameter {sorted(unknown)}")
        if recorded.body and "requestBody" not in operation:
            raise BrokenContract(f"{vendor} {operation['operationId']} has no body")
        contract.validate(recorded, path, dict(query))
        if vendor == "google":
            check_discovery(operation["operationId"], dict(query), _object(recorded))
        return str(operation["operationId"])


def _check_reading(recorded: Recorded, template: str) -> str:
    if unknown := {name for name, _ in parse_qsl(urlsplit(recorded.url).query)} - UNLIKE_ANY[template]:
        raise BrokenContract(f"{template}: no parameter {sorted(unknown)}")
    if recorded.body or not recorded.headers.get("authorization"):
        raise BrokenContract(f"{template} is asked for with a token and without a body")
    return template


def _is_at(template: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), path))


def _stand_in(path: str) -> str:
    for pattern, root in STAND_INS.items():
        if found := re.fullmatch(pattern, path):
            return root + found[1]
    return path


class _Contract:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._server = urlsplit(document["servers"][0]["url"])
        self._openapi = OpenAPI.from_dict(document)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        for template, item in self._document["paths"].items():
            if _is_at(template, path) and method.lower() in METHODS and method.lower() in item:
                found: dict[str, Any] = item[method.lower()]
                return found
        raise BrokenContract(f"no operation {method} {path}")

    def validate(self, recorded: Recorded, path: str, query: Mapping[str, str]) -> None:
        request = MockRequest(
            f"{self._server.scheme}://{self._server.netloc}",
            recorded.method,
            self._server.path + path,
            args=dict(query),
            headers=recorded.headers,
            data=_without_nulls(recorded),
            content_type=recorded.headers.get("content-type", ""),
        )
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            raise BrokenContract(f"{recorded.method} {path}: {error} {error.__cause__ or ''}") from error


@lru_cache
def _contract(folder: Path, vendor: str) -> _Contract:
    document = json.loads((folder / FILES[vendor]).read_text(encoding="utf-8"))
    if vendor == "microsoft":
        # Graph refuses unknown properties; its contract leaves its request objects open.
        for name, schema in document["components"]["schemas"].items():
            if name.endswith(("-create", "-update")) and schema.get("type") == "object":
                schema.setdefault("additionalProperties", False)
    return _Contract(document)


def _object(recorded: Recorded) -> dict[str, Any]:
    found = json.loads(recorded.body) if recorded.body else {}
    if not isinstance(found, dict):
        raise BrokenContract("the body is no object")
    return found


def _without_nulls(recorded: Recorded) -> bytes:
    """In a Google patch null takes a field away; the contract describes what there is, not what goes."""
    if recorded.method != "PATCH":
        return recorded.body

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without(inner) for name, inner in value.items() if inner is not None}
        return value

    return json.dumps(without(_object(recorded))).encode()


def _check_google_batch(recorded: Recorded) -> None:
    root = urlsplit(recorded.url)
    if recorded.method != "POST" or not root.path.endswith(f"/{_discovery()['batchPath']}"):
        raise BrokenContract(f"google: no batch at {recorded.method} {root.path}")


@lru_cache
def _discovery() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(discovery_cache.get_static_doc("calendar", "v3"))  # type: ignore[no-untyped-call]
    return found


def check_discovery(operation: str, query: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Method, parameters and body by the document that Google's client bundles."""
    document = _discovery()
    _, resource, name = operation.split(".")
    method = document["resources"][resource]["methods"][name]
    parameters = document["parameters"] | method.get("parameters", {})
    for given, value in query.items():
        parameter = parameters.get(given)
        if parameter is None:
            raise BrokenContract(f"{operation}: the discovery document has no parameter {given}")
        if "enum" in parameter and value not in parameter["enum"]:
            raise BrokenContract(f"{operation}: {given} is none of {parameter['enum']}")
    if body:
        _check_schema(operation, method.get("request", {}), body)


TYPES: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def _check_schema(where: str, schema: Mapping[str, Any], value: Any) -> None:
    if value is None:
        return
    if "$ref" in schema:
        schema = _discovery()["schemas"][schema["$ref"]]
    kind = TYPES.get(schema.get("type", "object"), object)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BrokenContract(f"{where}: {value!r} is no {schema.get('type')}")
    if isinstance(value, list):
        for inner in value:
            _check_schema(f"{where}[]", schema["items"], inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
        if known is None:
            raise BrokenContract(f"{where}: the discovery document has no field {name}")
        _check_schema(f"{where}.{name}", known, inner)

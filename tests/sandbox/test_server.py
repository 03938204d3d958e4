"""The HTTP server under it all: real clients keep their connections, and nobody has to wait for anybody."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, google_event


def connection(sandbox: Sandbox) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)


def test_a_connection_is_kept_for_the_next_request(google: GoogleMailbox) -> None:
    client = connection(google.sandbox)
    body = json.dumps(google_event()).encode()
    ports = set()
    for _ in range(3):
        headers = {"Authorization": str(google.http.headers["Authorization"])}
        client.request("POST", "/google" + google.events_path, body, headers)
        answer = client.getresponse()
        assert (answer.status, answer.version) == (200, 11)
        answer.read()
        ports.add(client.sock.getsockname())
    assert len(ports) == 1
    client.close()


def test_a_body_in_chunks_is_read(google: GoogleMailbox) -> None:
    text = json.dumps(google_event()).encode()
    answer = google.http.post(
        google.env["GOOGLE_API_ROOT"] + google.events_path, data=iter([text[:10], text[10:]]), timeout=10
    )
    assert answer.status_code == 200
    assert len(google.state) == 1


def test_a_body_that_nobody_reads_does_not_spoil_the_next_request(sandbox: Sandbox) -> None:
    client = connection(sandbox)
    client.request("POST", "/nothing", b"x" * 100_000)
    assert client.getresponse().read()
    client.request("GET", "/state.json?since=999999999")
    assert client.getresponse().status == 200
    client.close()


def test_an_answer_without_a_body_ends_without_one(google: GoogleMailbox) -> None:
    id = google.insert().json()["id"]
    answer = google.ask("DELETE", f"{google.events_path}/{id}")
    assert (answer.status_code, answer.content, "Content-Type" in answer.headers) == (204, b"", False)
    assert google.ask("GET", google.events_path).status_code == 200


def test_somebody_who_never_shakes_hands_keeps_nobody_waiting(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    url = urlsplit(sandbox.authority)
    with socket.create_connection(("localhost", url.port or 0)):
        discovery = sandbox.authority + "/v2.0/.well-known/openid-configuration"
        answer = google.http.get(discovery, verify=google.env["CA_FILE"], timeout=5)
    assert answer.status_code == 200


def test_head_is_answered_without_a_body(sandbox: Sandbox, google: GoogleMailbox) -> None:
    answer = google.http.head(sandbox.inbox, timeout=5)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0

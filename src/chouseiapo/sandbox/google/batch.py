"""Google's batches: multipart/mixed, each part a whole HTTP request, each answered by itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import Message

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.google.errors import invalid

MOST_PARTS = 50
"""The guide says 1000 now and said 50 before; the smaller number is safe with both."""


def answer(call: Call, part: Callable[[Call], Reply], root: str) -> Reply:
    """`part` answers one request; `root` stands before the API's own paths in the parts' request lines."""
    try:
        requests = _split(call)
    except Refusal as refusal:
        return refusal.reply
    boundary = f"batch_{uuid.uuid4().hex}"
    lines = b""
    for message in requests:
        try:
            reply = part(_request(message, call, root))
        except Refusal as refusal:
            reply = refusal.reply
        lines += f"--{boundary}\r\n".encode() + _written(message.get("Content-ID", ""), reply)
    return Reply(
        200,
        lines + f"--{boundary}--\r\n".encode(),
        content_type=f"multipart/mixed; boundary={boundary}",
        parts=len(requests),
    )


def _split(call: Call) -> list[Message]:
    content_type = call.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/mixed"):
        raise invalid("A batch is multipart/mixed.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = message_from_bytes(head + call.body, policy=policy.compat32)
    parts = whole.get_payload()
    if not whole.is_multipart() or not isinstance(parts, list) or not parts:
        raise invalid("Failed to parse batch request.")
    if len(parts) > MOST_PARTS:
        raise invalid(f"The batch request has {len(parts)} parts; at most {MOST_PARTS} are allowed.")
    if any(each.get_content_type() != "application/http" for each in parts if isinstance(each, Message)):
        raise invalid("Each part of a batch is application/http.")
    return [each for each in parts if isinstance(each, Message)]


def _request(message: Message, outer: Call, root: str) -> Call:
    """The request inside a part; the outer Authorization holds where it has none of its own."""
    payload = message.get_payload(decode=True)
    text = payload if isinstance(payload, bytes) else b""
    line, _, rest = text.replace(b"\r\n", b"\n").partition(b"\n")
    head, _, body = rest.partition(b"\n\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or not words[1].startswith("/"):
        raise invalid("Failed to parse the request line of a batch part.")
    headers = {
        name.lower(): value.strip() for name, _, value in (each.partition(":") for each in _text(head))
    }
    headers.setdefault("authorization", outer.headers.get("authorization", ""))
    return Call.part(words[0], words[1].removeprefix(root), headers, body)


def _text(head: bytes) -> list[str]:
    return head.decode("utf-8", "replace").split("\n")


def _written(content_id: str, reply: Reply) -> bytes:
    """The blank line stands even where there is no body: the client splits there."""
    body = reply.encoded()
    inner = {"Content-Type": reply.content_type, "Content-Length": str(len(body)), **reply.headers}
    lines = ["Content-Type: application/http", f"Content-ID: {_answered(content_id)}", ""]
    lines += [
        f"HTTP/1.1 {reply.status} {_word(reply.status)}",
        *(f"{k}: {v}" for k, v in inner.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body + b"\r\n"


def _answered(content_id: str) -> str:
    """<x + 1> is answered as <response-x + 1>."""
    return (
        content_id.replace("<", "<response-", 1) if content_id.startswith("<") else f"response-{content_id}"
    )


def _word(status: int) -> str:
    return {200: "OK", 204: "No Content"}.get(status, "Error")

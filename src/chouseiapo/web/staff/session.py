"""Who is signed in, and that a form comes from a page of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, g, redirect, request, url_for

from chouseiapo.accounts.access import LINK_LIFE, SESSION_LIFE
from chouseiapo.domain.event import Meta
from chouseiapo.web.errors import Refused
from chouseiapo.web.nonces import genuine, new_nonce
from chouseiapo.web.request import services

View = TypeVar("View", bound=Callable[..., Any])
TARGET = "target"


def cookie_name() -> str:
    """Over TLS the browser itself guards the cookie against other hosts and paths."""
    return "__Host-session" if services().settings.secure else "session"


def signed_in(view: View) -> View:
    """Only for members who are signed in; sets `g.member`. A form must bear this session's nonce."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not enter():
            return _sign_in_first("ended")
        if request.method == "POST":
            must_be_genuine(g.session)
        return view(*args, **kwargs)

    return cast(View, checked)


def signed_in_writing(keep: Callable[..., str]) -> Callable[[View], View]:
    """Like `signed_in`, for long forms, of which nothing typed is lost. They bear their `writer`.

    Where the session has ended meanwhile, `keep` is given the writer and the route's values, keeps what was
    posted, and answers where the writer finds it after signing in. A form of somebody else's finds `g.stale`
    set: the view changes nothing and shows it once more.
    """

    def guarded(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            writer = _writer()
            if enter():
                g.stale = writer != g.member.id
                return view(*args, **kwargs)
            return _sign_in_first("kept", keep(writer, **kwargs)) if writer else _sign_in_first("ended")

        return cast(View, checked)

    return guarded


def _sign_in_first(why: str, target: str = "") -> Any:
    """To the sign-in and back here; whoever was sending a form is told why."""
    if request.method != "POST":
        return redirect(url_for("sign_in.ask", next=_here()), 303)
    return redirect(url_for("sign_in.ask", next=target or _before(), why=why), 303)


def writer(path: str) -> str:
    """For a long form that is sent to `path`: who writes it. Unlike a nonce it outlives the session."""
    return f"{g.member.id}.{services().form_signer.sign(_written(g.member.id, path)).hex()}"


def _writer() -> str:
    """The member for whom we made the posted form; nobody when we did not make it."""
    member, _dot, mac = request.form.get("writer", "").partition(".")
    try:
        is_ours = services().form_signer.verifies(_written(member, request.path), bytes.fromhex(mac))
    except ValueError:
        return ""
    return member if is_ours else ""


def _written(member: str, path: str) -> bytes:
    return f"writer\n{member}\n{path}".encode()


def enter() -> bool:
    """Whether somebody is signed in; sets `g.member` and `g.session`."""
    token = request.cookies.get(cookie_name(), "")
    id = services().access.member_of_session(token, g.now) if token else None
    if id is None:
        return False
    g.member, g.session = services().coordination.member(id), token
    return True


def command(part: str = "") -> Meta:
    """The posted form as a command: sent twice it is one, with another content it is another. `part`: where
    one form says several things to the same aggregate, which of them."""
    content = "\n".join(f"{name}={value}" for name, value in request.form.items(multi=True))
    digest = hashlib.sha256(f"{request.path}\n{part}\n{content}".encode()).hexdigest()
    return Meta(actor=g.member.id, command=f"form/{digest}")


def nonce() -> str:
    """For a form of the page being made; bound to the session, or to nobody before sign-in."""
    return new_nonce(services().form_signer, g.get("session", "anonymous"), g.now)


def must_be_genuine(*bound_to: str) -> None:
    """Refuse a form that no page of ours made for one of these sessions; without any, for a newcomer."""
    if not any(_is_genuine(each) for each in bound_to or ("anonymous",)):
        raise Refused(403, "form_expired")


def _is_genuine(bound_to: str) -> bool:
    return genuine(services().form_signer, request.form.get("nonce", ""), bound_to, g.now)


def begin(member: str, to: str = "") -> Response:
    """Open a session under a new token, whatever token came, and lead on."""
    old = request.cookies.get(cookie_name(), "")
    if old:
        services().access.close_session(old)
    token = services().access.open_session(member, g.now)
    response = cast(Response, redirect(local(to) or url_for("staff.home"), 303))
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=services().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    response.delete_cookie(TARGET, secure=services().settings.secure, httponly=True)
    return response


def end() -> Response:
    services().access.close_session(request.cookies.get(cookie_name(), ""))
    response = cast(Response, redirect(url_for("sign_in.ask"), 303))
    response.delete_cookie(cookie_name(), path="/", secure=services().settings.secure, httponly=True)
    return response


def remember_target(response: Response, target: str) -> None:
    """Keep in the browser where the member wanted to go, until the link in the mail is opened there."""
    if target:
        life = int(LINK_LIFE.total_seconds())
        secure = services().settings.secure
        response.set_cookie(TARGET, target, max_age=life, secure=secure, httponly=True, samesite="Lax")


def remembered_target() -> str:
    return request.cookies.get(TARGET, "")


def local(target: str) -> str:
    """The target if it stays on this site, else nothing: a link must not lead elsewhere through us."""
    try:
        parts = urlsplit(target)
    except ValueError:  # it is no address at all
        return ""
    fits = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if fits and not parts.scheme and not parts.netloc else ""


def _here() -> str | None:
    return request.full_path.rstrip("?") if request.path != "/" else None


def _before() -> str | None:
    """The page of ours that the posted form stood on."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return None
    return local(parts.path) if parts.netloc == request.host else None

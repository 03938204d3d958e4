"""Zoom's side of the company: its account, the users in it, and what its administrator says of our app."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from chouseiapo.sandbox.calls import Json

ACCOUNT = "sandboxAccount"
BASIC, LICENSED = 1, 2
TYPES = (BASIC, LICENSED)
STATUSES = ("active", "inactive", "pending")
APPROVALS = ("free", "needed", "requested", "approved")
"""May members authorize an app by themselves? free: yes. needed: not before an administrator has approved
it; requested: somebody has asked for that."""

LOCKS = ("passcode", "waiting_room", "join_before_host", "meeting_authentication")
"""What an administrator can fix for everybody: meetings then follow the user's setting, whatever they ask."""


@dataclass(frozen=True)
class User:
    """Somebody with a Zoom account. `settings` are those that differ from Zoom's, by section; `account` is
    the company's, or another one that our app has nothing to do with."""

    email: str
    name: str
    type: int = LICENSED
    status: str = "active"
    account: str = ACCOUNT
    settings: Json = field(default_factory=dict)
    locked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.email.count("@") != 1 or any(c.isspace() for c in self.email):
            raise ValueError(f"{self.email!r} is no e-mail address.")
        if not self.name or not isinstance(self.name, str):
            raise ValueError("A user at Zoom needs a name.")
        if isinstance(self.type, bool) or self.type not in TYPES:
            raise ValueError(f"type is 1 (Basic) or 2 (Licensed), not {self.type!r}.")
        if self.status not in STATUSES:
            raise ValueError(f"status is one of {', '.join(STATUSES)}, not {self.status!r}.")
        if unknown := sorted(set(self.locked) - set(LOCKS)):
            raise ValueError(f"There is no lock {', '.join(unknown)}; there is {', '.join(LOCKS)}.")

    @property
    def id(self) -> str:
        """Zoom's user id: 22 characters."""
        return hashlib.sha256(f"zoom {self.email}".encode()).hexdigest()[:22]

    @property
    def licensed(self) -> bool:
        return self.type == LICENSED

    @property
    def ours(self) -> bool:
        """Of the company's account."""
        return self.account == ACCOUNT


COLLEAGUES = (
    User("host01@example.com", "配信用ホスト 1"),
    User("host02@example.com", "配信用ホスト 2"),
    User("host03@example.com", "セミナー室"),
    User("kobayashi@example.com", "小林", BASIC),
    User("watanabe@example.com", "渡辺", BASIC),
    User("retired@example.com", "退職者", LICENSED, "inactive"),
)
"""In the company's account beside the people who have a mailbox here, so that hosts can be chosen."""


class Directory:
    """The users by address, in the order they came, and the state of the app's approval."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {each.email: each for each in COLLEAGUES}
        self.approval = "free"
        self.redirects: tuple[str, ...] = ()
        """Where the app's authorizations may lead; empty: to any address."""

    def add(self, user: User) -> User:
        """ValueError when the address is taken."""
        if user.email in self.users:
            raise ValueError(f"{user.email} has a Zoom account already.")
        self.users[user.email] = user
        return user

    def join(self, email: str, name: str) -> None:
        """Who has a mailbox here has Zoom, too: licensed, unless something else was said of that person."""
        known = self.users.get(email)
        self.users[email] = replace(known, name=name) if known else User(email, name)

    def user(self, email: str) -> User:
        """ValueError for somebody without Zoom."""
        try:
            return self.users[email]
        except KeyError as error:
            raise ValueError(f"{email} has no account at zoom.") from error

    def change(self, email: str, wish: Mapping[str, Any]) -> User:
        """Any of name, type, status, account, settings and locked; settings that are not named stay."""
        user = self.user(email)
        self.users[email] = replace(user, **wish)
        return self.users[email]

    def named(self, user_id: str) -> User | None:
        """By id or by address, whichever account it is in."""
        known = self.users.get(user_id)
        return known or next((each for each in self.users.values() if each.id == user_id), None)

    def listed(self) -> list[User]:
        """People with a mailbox here before their colleagues."""
        beside = {each.email for each in COLLEAGUES}
        return sorted(self.users.values(), key=lambda each: each.email in beside)

    @property
    def owner(self) -> User:
        """Of the company's account: the first who has a mailbox here."""
        return next(each for each in self.listed() if each.ours and each.status == "active")

    def approve(self, state: str) -> None:
        if state not in APPROVALS:
            raise ValueError(f"approval is one of {', '.join(APPROVALS)}, not {state!r}.")
        self.approval = state

    def saved(self) -> Json:
        return {"users": [asdict(each) for each in self.users.values()], **self._app()}

    def _app(self) -> Json:
        return {"approval": self.approval, "redirects": list(self.redirects)}

    def restore(self, saved: Json) -> None:
        for each in saved["users"]:
            self.users[each["email"]] = User(**(each | {"locked": tuple(each["locked"])}))
        self.approval, self.redirects = saved["approval"], tuple(saved["redirects"])

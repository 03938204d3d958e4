"""Who somebody is at Zoom, who else is in the account, and what is asked of their meetings."""

from __future__ import annotations

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.account import ACCOUNT, STATUSES, User
from chouseiapo.sandbox.zoom.errors import invalid, refuse
from chouseiapo.sandbox.zoom.paging import page
from chouseiapo.sandbox.zoom.settings import settings_of


def reached(world: World, caller: str, user_id: str) -> User:
    """A person's token reaches its own user: as me, by id or by address. The account's reaches everybody in
    it; `me` is then the account's owner: a hypothesis, as Zoom's documents tell Server-to-Server apps not to
    say it, and some examples do."""
    if caller != ACCOUNT:
        user = world.zoom.user(caller)
        if user_id not in ("me", user.email, user.id):
            raise refuse(404, 1001, f"User does not exist: {user_id}.")
        return user
    found = world.zoom.owner if user_id == "me" else world.zoom.named(user_id)
    if found is None:
        raise refuse(404, 1001, f"User does not exist: {user_id}.")
    if not found.ours:
        raise refuse(400, 1010, f"User not found on this account: {ACCOUNT}.")
    return found


def list_users(world: World, _: str, call: Call) -> Reply:
    """Those of the account, active ones unless `status` says otherwise."""
    status = call.one("status", "active")
    if status not in STATUSES:
        raise invalid({"status": f"The value should be one of {list(STATUSES)}."})
    found = sorted(
        (each for each in world.zoom.users.values() if each.ours and each.status == status),
        key=lambda each: each.email,
    )
    users, about = page(world, call, found)
    answer: Json = {"page_number": 1, "page_count": -(-len(found) // about["page_size"])}
    return Reply(200, answer | about | {"users": [_listed(each) for each in users]})


def _listed(user: User) -> Json:
    return {
        "id": user.id,
        "email": user.email,
        "display_name": user.name,
        "first_name": "",
        "last_name": user.name,
        "type": user.type,
        "status": user.status,
        "timezone": "Asia/Tokyo",
        "verified": 1,
        "pmi": 5_000_000_000 + int(user.id[:6], 16),
        "created_at": "2024-04-01T00:00:00Z",
    }


def get(world: World, caller: str, _: Call, user_id: str) -> Reply:
    user = reached(world, caller, user_id)
    return Reply(200, _listed(user) | {"account_id": user.account, "language": "jp-JP"})


def settings(world: World, caller: str, call: Call, user_id: str) -> Reply:
    """Everything but security and sign-in, which have to be asked for by name."""
    user, option = reached(world, caller, user_id), call.one("option")
    answers = settings_of(user)
    sections: dict[str, Json] = {
        "": {name: answers[name] for name in ("schedule_meeting", "in_meeting", "recording")}
        | {name: answers[name] for name in ("email_notification", "feature")},
        "meeting_security": {"meeting_security": answers["meeting_security"]},
        "meeting_authentication": answers["meeting_authentication"],
    }
    if option not in sections:
        raise invalid({"option": f"The value should be one of {[each for each in sections if each]}."})
    return Reply(200, sections[option])

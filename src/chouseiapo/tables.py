"""The tables beside the events: one definition for SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """A UTC instant: aware in Python on both stores."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        plain = value.astimezone(UTC)
        return plain.replace(tzinfo=None) if dialect.name == "sqlite" else plain

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(name: str, default: str = "", **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, default=default, **options)


def _key(name: str) -> Column[str]:
    return Column(name, String, primary_key=True)


# Projections: how far each has read, and the streams that wait because one of their events failed.
positions = Table("positions", metadata, _key("projection"), Column("position", Integer, nullable=False))
parked = Table(
    "parked",
    metadata,
    _key("projection"),
    _key("stream"),
    Column("position", Integer, nullable=False),
    _text("error"),
    Column("since", Instant, nullable=False),
)

# Settling: who is at work, which lane (mailbox, host, mail queue) is whose, and what is due in it.
workers = Table("workers", metadata, _key("id"), Column("alive_until", Instant, nullable=False))
lanes = Table(
    "lanes",
    metadata,
    _key("ledger"),
    _key("lane"),
    Column("holder", String),
    Column("not_before", Instant, nullable=False),
    _text("error"),
)
tasks = Table(
    "tasks",
    metadata,
    _key("ledger"),
    _key("key"),
    Column("lane", String, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("attempts", Integer, nullable=False, default=0),
    Column("parked", Boolean, nullable=False, default=False),
    _text("error"),
    Column("failing_since", Instant),
    # By lane and in order, because a lane may have tens of thousands of mails to send.
    Index("tasks_due", "ledger", "lane", "parked", "due_at", "key"),
)

# Ledger of calendar entries: wanted (rebuilt from events) and placed (facts about the outside).
holds = Table(
    "holds",
    metadata,
    _key("key"),
    Column("link", String, nullable=False),
    Column("owner", String, nullable=False, index=True),
    Column("appointment", String, nullable=False, index=True),
    Column("candidate", String, nullable=False),
    Column("fingerprint", String, nullable=False),
)
entries = Table(
    "entries",
    metadata,
    _key("key"),
    Column("link", String, nullable=False),
    Column("appointment", String, nullable=False, index=True),
    Column("candidate", String, nullable=False),
    _text("vendor_id"),
    Column("generation", Integer, nullable=False, default=1),
    _text("etag"),
    _text("fingerprint"),
    Column("unsure", Boolean, nullable=False, default=False),
    _text("calendar"),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("placed_at", Instant),
    Index("entries_vendor", "link", "vendor_id"),
)
# How far each linked calendar has been read for what its owner does there.
watched = Table(
    "watched",
    metadata,
    _key("link"),
    _key("calendar"),
    _text("token"),
    Column("window_ends_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
)
# What the last comparison of a calendar with the events has found; details name ids and times only.
audits = Table(
    "audits",
    metadata,
    _key("link"),
    Column("owner", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("wanted", Integer, nullable=False, default=0),
    Column("standing", Integer, nullable=False, default=0),
    Column("missing", Integer, nullable=False, default=0),
    Column("orphans", Integer, nullable=False, default=0),
    Column("moved", Integer, nullable=False, default=0),
    Column("foreign_entries", Integer, nullable=False, default=0),
    _text("error"),
    _text("details"),
)
builtin_entries = Table(
    "builtin_entries",
    metadata,
    _key("link"),
    _key("id"),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    _text("entry"),
    Index("builtin_entries_time", "link", "starts_at"),
)

# Ledger of meetings.
meetings = Table(
    "meetings",
    metadata,
    _key("appointment"),
    Column("link", String, nullable=False),
    Column("fingerprint", String, nullable=False),
)
# `look`: how often, since the last look, something was seen or said whose truth only a direct read tells.
issued_meetings = Table(
    "issued_meetings",
    metadata,
    _key("key"),
    Column("appointment", String, nullable=False, index=True),
    Column("generation", Integer, nullable=False, default=1),
    Column("link", String, nullable=False),
    _text("meeting_id"),
    _text("fingerprint"),
    Column("unsure_since", Instant),
    Column("look", Integer, nullable=False, default=0),
    Index("issued_meetings_meeting", "meeting_id"),
)
# How often meetings were made or changed for a host on one UTC day: Zoom allows a hundred.
host_writes = Table(
    "host_writes",
    metadata,
    _key("host"),
    _key("day"),
    Column("count", Integer, nullable=False, default=0),
)
# What vendors have told us lately, as digests: told again, it is no news.
notices = Table("notices", metadata, _key("digest"), Column("seen_at", Instant, nullable=False, index=True))

# Ledger of mails: `mails` says what should be sent and why, `sent_mails` what became of it. `asked_by`: who
# had a mail sent once more by hand.
mails = Table(
    "mails",
    metadata,
    _key("key"),
    Column("appointment", String, nullable=False, index=True),
    Column("recipient", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    _text("sealed"),
    _text("asked_by"),
)
sent_mails = Table(
    "sent_mails",
    metadata,
    _key("key"),
    Column("message_id", String, nullable=False),
    Column("sent_at", Instant),
    Column("given_up_at", Instant),
    _text("outcome"),
)
# Mails rendered before they are due, sealed; good as long as everything they were rendered from (`basis`)
# stands, until `good_until`. Nothing is lost with a row: the mail is rendered when it leaves.
rendered_mails = Table(
    "rendered_mails",
    metadata,
    _key("key"),
    Column("appointment", String, nullable=False, index=True),
    Column("good_until", Instant, nullable=False, index=True),
    _text("basis"),
    Column("sealed", LargeBinary, nullable=False),
)

# Read models.
people = Table(
    "people",
    metadata,
    _key("id"),
    Column("kind", String, nullable=False),
    _text("email"),
    _text("name"),
    _text("search"),
)
appointments = Table(
    "appointments",
    metadata,
    _key("id"),
    Column("state", String, nullable=False),
    Column("author", String, nullable=False),
    _text("title"),
    _text("guest_company"),
    _text("guest_name"),
    _text("guest_email"),
    _text("search"),
    Column("proposed_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("deadline", Instant),
    Column("next_start", Instant),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("meeting_awaited_since", Instant),
    Column("open_count", Integer, nullable=False, default=0),
    # The guest's; empty for the organization's, nothing in rows from before it was noted.
    Column("time_zone", Text),
    Index("appointments_state", "state", "starts_at"),
    Index("appointments_awaiting", "meeting_awaited_since"),
)
appointment_people = Table(
    "appointment_people",
    metadata,
    _key("appointment"),
    _key("member"),
    Index("appointment_people_member", "member"),
)
offers = Table(
    "offers",
    metadata,
    _key("appointment"),
    _key("candidate"),
    _key("resource"),
    Column("confirmed", Boolean, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("offers_time", "resource", "ends_at"),
    Index("offers_start", "confirmed", "starts_at", "appointment"),
)

# Secrets and sessions: only digests of what people hold, only sealed tokens and keys.
keys = Table("keys", metadata, _key("subject"), _text("sealed"), Column("destroyed_at", Instant))
vault = Table(
    "vault",
    metadata,
    _key("link"),
    Column("member", String, nullable=False, index=True),
    Column("provider", String, nullable=False),
    _text("sealed"),
    Column("revision", Integer, nullable=False, default=1),
    Column("refreshing_until", Instant),
)
# Linkings that were begun: what the vendor's answer is held against, sealed.
link_attempts = Table(
    "link_attempts",
    metadata,
    _key("digest"),
    _text("sealed"),
    Column("expires_at", Instant, nullable=False, index=True),
)
api_tokens = Table(
    "api_tokens",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)
sign_in_links = Table(
    "sign_in_links",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)
sessions = Table(
    "sessions",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
# What members have begun to write, sealed: it names guests.
drafts = Table(
    "drafts",
    metadata,
    _key("id"),
    Column("member", String, nullable=False, index=True),
    _text("sealed"),
    Column("updated_at", Instant, nullable=False, index=True),
)
requests_seen = Table(
    "requests_seen",
    metadata,
    _key("command"),
    Column("body_digest", String, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
)

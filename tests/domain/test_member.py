"""A member: language and zone, told as given / when / then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chouseiapo.domain.errors import Invalid
from chouseiapo.domain.links import Provider
from chouseiapo.domain.member import Member
from tests.domain.given import NOW


def registered() -> Member:
    member = Member("member-1")
    member.register("tanaka@example.com", "田中", NOW)
    member.collect_events()
    return member


def test_language_and_zone_are_chosen_together_or_apart() -> None:
    member = registered()
    member.choose_locality("en", None, NOW)
    member.choose_locality(None, "America/New_York", NOW)
    assert [
        (e.locale, e.time_zone) for e in member.collect_events() if isinstance(e, Member.LocalityChosen)
    ] == [
        ("en", ""),
        ("en", "America/New_York"),
    ]
    assert (member.locale, member.time_zone) == ("en", "America/New_York")


def test_choosing_what_stands_changes_nothing_and_empty_is_the_organizations() -> None:
    member = registered()
    member.choose_locality("", "", NOW)
    assert member.collect_events() == []
    member.choose_locality("en", "", NOW)
    member.choose_locality("", None, NOW)
    assert member.locale == ""


@pytest.mark.parametrize(
    ("locale", "time_zone"), [("fr", ""), ("ja", "Asia/Edo"), ("ja", "../../etc/passwd")]
)
def test_an_unknown_language_or_zone_is_refused(locale: str, time_zone: str) -> None:
    member = registered()
    with pytest.raises(Invalid):
        member.choose_locality(locale, time_zone, NOW)
    assert member.collect_events() == []


def test_what_an_older_token_met_breaks_no_account_that_was_linked_since() -> None:
    member = registered()
    member.link("google-1-a", Provider.GOOGLE, "tanaka@example.com", NOW)
    member.break_link("google-1-a", "token_refused", NOW - timedelta(seconds=1))
    assert [link.broken for link in member.links.values()] == [""]
    member.break_link("google-1-a", "token_refused", NOW)
    assert [link.broken for link in member.links.values()] == ["token_refused"]


def test_a_feed_is_issued_anew_and_revoked_and_no_address_ever_comes_back() -> None:
    member = registered()
    assert member.feed == 0
    standing = []
    for act in (member.issue_feed, member.issue_feed, member.revoke_feed, member.issue_feed):
        act(NOW)
        standing.append(member.feed)
    assert standing == [1, 2, 0, 3]


def test_a_feed_that_there_is_not_is_revoked_by_doing_nothing() -> None:
    member = registered()
    member.revoke_feed(NOW)
    member.issue_feed(NOW)
    member.revoke_feed(NOW)
    member.revoke_feed(NOW)
    assert [type(e) for e in member.collect_events()] == [Member.FeedIssued, Member.FeedRevoked]

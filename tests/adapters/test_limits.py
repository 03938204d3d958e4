"""What adapters share: texts are cut whole, errors find their places, nothing personal gets into a log."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from chouseiapo.adapters import Pool
from chouseiapo.ports import Placed, PortError, cut, in_chunks
from tests.adapters.homes import VendorHome
from tests.adapters.test_calendars import changed

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize("text", ["", "短い", f"{FAMILY}", "a\nb"])
def test_a_text_that_fits_is_left_alone(text: str) -> None:
    assert cut(text, 20) == text


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("あいうえお", 4, "あいう…"),
        (f"ab{FAMILY}", 12, "ab…"),  # eleven UTF-16 units, and no half families
        ("か\u3099か\u3099か\u3099", 5, "か\u3099か\u3099…"),
        ("🇯🇵🇯🇵", 7, "🇯🇵…"),
        ("word another", 6, "word…"),
        ("長い長い本文" * 9 + "\n\nhttps://a.example", 40, "長い長い本文" * 3 + "長い長…\nhttps://a.example"),
        ("長い本文\nとても長い最後の行です", 10, "長い本文\nとても長…"),
    ],
)
def test_a_text_is_cut_between_what_people_call_characters(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected
    assert len(expected.encode("utf-16-le")) // 2 <= most


def test_an_error_of_a_whole_call_stays_with_its_chunk_and_the_rest() -> None:
    def work(chunk: Sequence[str]) -> list[Placed | PortError]:
        if "c" in chunk:
            raise PortError("throttled", retry_after=3)
        return [Placed(key) for key in chunk]

    results = in_chunks("abcdef", 2, work)
    assert results[:2] == [Placed("a"), Placed("b")]
    assert [str(result) for result in results[2:]] == ["throttled"] * 4
    assert in_chunks("", 2, work) == []


def test_an_error_that_is_the_accounts_is_raised_when_nothing_went_through() -> None:
    def refused(permanent: bool, auth: bool) -> list[Placed | PortError]:
        error = PortError("no", permanent=permanent, auth=auth)
        return in_chunks("ab", 1, lambda chunk: [error for _ in chunk])

    with pytest.raises(PortError):
        refused(permanent=False, auth=False)
    with pytest.raises(PortError):
        refused(permanent=True, auth=True)
    assert len(refused(permanent=True, auth=False)) == 2


class Client:
    """Something that is opened and closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_a_client_is_used_by_one_at_a_time_and_kept_for_the_next() -> None:
    pool = Pool(Client)
    with pool.one() as first, pool.one() as second:
        assert first is not second
    with pool.one() as again:
        assert again in (first, second)
    pool.close()
    assert first.closed
    assert second.closed
    with pool.one() as new:
        assert new not in (first, second)


def test_a_client_that_failed_or_went_stale_is_not_kept() -> None:
    pool = Pool(Client, works=lambda client: client is not stale)
    with pool.one() as stale:
        pass
    with pool.one() as fresh:
        assert fresh is not stale
    assert stale.closed
    with pytest.raises(PortError), pool.one() as failing:
        raise PortError("unreachable")
    assert failing is fresh
    assert fresh.closed
    with pool.one() as new:
        assert new is not fresh


def test_nothing_personal_and_no_token_is_ever_logged(
    vendor: VendorHome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    entry = vendor.entry(body="お客様: 山田太郎 yamada@example.net", location="秘密の会議室")
    placed = vendor.put(entry)
    vendor.move_by_hand(placed[0].vendor_id, entry.start, entry.end)
    vendor.try_put([entry], placed)
    vendor.restore(changed(entry, confirmed=True), placed[0])
    vendor.try_put([changed(entry, key="bad", end=entry.start)])
    vendor.put(entry, unsure=True)
    vendor.fault("status", status=503)
    for refused in ([entry], [entry, changed(entry, key="other")]):
        with pytest.raises(PortError) as caught:
            vendor.try_put(refused)
        assert "yamada" not in repr(caught.value)
        assert caught.value.__cause__ is None
    token = vendor.vault.access_token(vendor.link)
    for secret in ("山田", "yamada", "秘密", token, ascii("山田")[1:-1]):
        assert secret not in caplog.text

"""Exchange takes four requests at a time for a mailbox: parts of a batch go one after the other."""

from __future__ import annotations

import pytest

from chouseiapo.ports import Placed, PortError
from tests.adapters.homes import LINK_LINE, VendorHome
from tests.adapters.recorded import RecordedRequests
from tests.adapters.test_calendars import FAMILY, changed
from tests.product import at


def parts(outlook: VendorHome) -> list[int]:
    """How many parts each request had; 0 for one that was alone."""
    return [r.get("parts", 0) for r in outlook.requests()]


def test_each_part_waits_for_the_one_before(outlook: VendorHome, recorded_requests: RecordedRequests) -> None:
    outlook.put(*outlook.several(20))
    (batch,) = [r for r in recorded_requests if r.url.endswith("/$batch")]
    asked = batch.json()["requests"]
    assert [part.get("dependsOn") for part in asked] == [None, *([part["id"]] for part in asked[:-1])]
    assert outlook.outside.state()["in_flight"][outlook.email] == 1
    assert len(outlook.seen()) == 20


def test_more_than_twenty_go_in_several(outlook: VendorHome) -> None:
    outlook.vault.access_token(outlook.link)
    outlook.requests()
    placed = outlook.put(*outlook.several(22))
    assert parts(outlook) == [20, 2]
    outlook.remove(*placed)
    assert parts(outlook) == [20, 2]
    assert outlook.seen() == []


def test_what_is_long_goes_in_several(outlook: VendorHome, recorded_requests: RecordedRequests) -> None:
    body = f"{FAMILY * 20_000}\n\n{LINK_LINE}"
    placed = outlook.put(*(changed(entry, body=body) for entry in outlook.several(10)))
    assert [s.id for s in outlook.seen()] == [p.vendor_id for p in placed]
    batches = [r for r in recorded_requests if r.url.endswith("/$batch")]
    assert len(batches) > 1
    assert max(len(r.body) for r in batches) < 4_000_000


def test_one_that_fails_does_not_hold_up_those_after_it(outlook: VendorHome) -> None:
    entries = outlook.several(6)
    placed = outlook.put(*entries)
    outlook.delete_by_hand(placed[1].vendor_id)
    outlook.move_by_hand(placed[3].vendor_id, at(28, 1), at(28, 2))
    outlook.requests()
    results = outlook.try_put([changed(entry, confirmed=True) for entry in entries], placed)
    touched = [isinstance(r, PortError) and r.reason == "touched" for r in results]
    assert touched == [False, True, False, True, False, False]
    # Each failure ends a batch; what was not reached goes in the next.
    assert parts(outlook) == [6, 4, 2]
    assert [s.candidate for s in outlook.seen() if s.confirmed] == ["c1", "c3", "c5", "c6"]


def test_removing_what_is_gone_holds_up_nothing(outlook: VendorHome) -> None:
    placed = outlook.put(*outlook.several(4))
    for gone in placed[:3]:
        outlook.delete_by_hand(gone.vendor_id)
    assert not any(p.present for p in outlook.remove(*placed))
    assert outlook.seen() == []


def test_when_we_are_asked_to_wait_the_rest_waits_too(outlook: VendorHome) -> None:
    outlook.vault.access_token(outlook.link)
    outlook.requests()
    outlook.fault("status", status=429, retry_after_s=3, limit=1)
    with pytest.raises(PortError) as caught:
        outlook.put(*outlook.several(3))
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 3)
    assert parts(outlook) == [3]
    placed = outlook.put(*outlook.several(3), unsure=True)
    assert [seen.id for seen in outlook.seen()] == [p.vendor_id for p in placed]


def test_what_went_through_before_we_were_asked_to_wait_is_known(outlook: VendorHome) -> None:
    entries = outlook.several(3)
    room = outlook.add_room()
    outlook.outside.fault("microsoft", "status", status=429, retry_after_s=3, mailbox=room)
    wanted = [entries[0], changed(entries[1], calendar=room), entries[2]]
    first, second, third = outlook.try_put(wanted)
    assert isinstance(first, Placed)
    assert [isinstance(r, PortError) and r.retry_after for r in (second, third)] == [3, 3]
    assert [s.id for s in outlook.seen()] == [first.vendor_id]


def test_an_event_that_upsets_the_vendor_does_not_hold_up_those_after_it(outlook: VendorHome) -> None:
    outlook.fault("status", status=500, limit=1)
    first, second, third = outlook.try_put(outlook.several(3))
    assert isinstance(first, PortError)
    assert (first.reason, first.permanent) == ("unavailable", False)
    assert isinstance(second, Placed)
    assert isinstance(third, Placed)


@pytest.mark.parametrize("count", [1, 3])
def test_removing_what_is_gone_may_be_refused_in_another_way(outlook: VendorHome, count: int) -> None:
    """With immutable ids, Exchange has been seen to say so: microsoftgraph/msgraph-sdk-dotnet#3047."""
    placed = outlook.put(*outlook.several(count))
    outlook.fault("status", status=403, reason="ErrorCannotDeleteObject", limit=1)
    assert not any(p.present for p in outlook.remove(*placed))

"""What every conferencing platform promises, held against each kind of host over real HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chouseiapo.ports import Issued, ListedMeeting, PortError, Registrant
from tests.adapters.conferences import PLAN, SOON, HostHome, planned

YAMADA = Registrant("山田太郎", "yamada@example.net", "ja")
REGISTERED = {"registration": True}


def test_a_conference_is_made_as_planned(host: HostHome) -> None:
    issued = host.create()
    (meeting,) = host.meetings()
    assert (issued.meeting_id, issued.join_url) == (str(meeting["id"]), meeting["join_url"])
    assert issued.passcode == meeting["passcode"]
    assert (meeting["topic"], meeting["duration"]) == (PLAN.topic, 60)
    assert datetime.fromisoformat(meeting["start"]) == PLAN.start


def test_it_is_found_by_its_tag_and_by_no_other(host: HostHome) -> None:
    issued = host.create()
    host.create(planned(tag="appointment-11"))
    again = host.create(planned(tag="appointment-1/2"))
    assert host.find() == issued
    assert host.find("appointment-1/2") == again
    assert host.find("appointment-2") is None


def test_all_of_ours_are_listed_and_nobody_else_s(host: HostHome) -> None:
    ids = [host.create(planned(tag=f"appointment-{n}")).meeting_id for n in (1, 2)]
    listed = host.conferencing.listed(host.link)
    assert {ListedMeeting(id, f"appointment-{n}") for id, n in zip(ids, (1, 2), strict=True)} == set(listed)


def test_it_is_found_on_a_later_page(host: HostHome) -> None:
    issued = host.create(planned(start=SOON + timedelta(days=30)))
    for n in range(301):
        host.create(planned(tag=f"appointment-{n + 2}"))
    assert host.find() == issued
    assert len(host.conferencing.listed(host.link)) == 302


def test_it_follows_the_appointment(host: HostHome) -> None:
    issued = host.create()
    later = SOON + timedelta(days=1)
    host.conferencing.update(host.link, issued.meeting_id, planned(start=later, minutes=30, topic="変更"))
    (meeting,) = host.meetings()
    assert (str(meeting["id"]), meeting["duration"], meeting["topic"]) == (issued.meeting_id, 30, "変更")
    assert datetime.fromisoformat(meeting["start"]) == later
    assert host.find() == issued


def test_it_is_deleted_once_and_for_all(host: HostHome) -> None:
    issued = host.create()
    host.conferencing.delete(host.link, issued.meeting_id)
    assert host.meetings() == []
    host.conferencing.delete(host.link, issued.meeting_id)


def test_one_that_somebody_deleted_is_gone_for_whoever_asks(host: HostHome) -> None:
    issued = host.create()
    host.delete_by_hand(issued.meeting_id)
    assert host.conferencing.look(host.link, issued.meeting_id, PLAN) is None
    asked: list[Any] = [
        lambda: host.conferencing.update(host.link, issued.meeting_id, PLAN),
        lambda: host.conferencing.update(host.link, issued.meeting_id, planned(settings={"passcode": True})),
        lambda: host.conferencing.start_url(host.link, issued.meeting_id),
    ]
    for ask in asked:
        with pytest.raises(PortError) as caught:
            ask()
        assert (caught.value.reason, caught.value.permanent) == ("gone", True)


def test_a_look_says_whether_people_were_told_the_truth(host: HostHome) -> None:
    issued = host.create()

    def look() -> tuple[Issued, bool]:
        looked = host.conferencing.look(host.link, issued.meeting_id, PLAN)
        assert looked is not None
        return looked.issued, not looked.otherwise

    assert look() == (issued, True)
    host.change_by_hand(issued.meeting_id, start=SOON + timedelta(hours=1))
    assert look() == (issued, False)
    host.conferencing.update(host.link, issued.meeting_id, PLAN)
    assert look() == (issued, True)
    host.change_by_hand(issued.meeting_id, topic="別の話")
    assert look() == (issued, False)


def test_a_look_brings_a_new_way_in(host: HostHome) -> None:
    issued = host.create()
    host.change_by_hand(issued.meeting_id, passcode="n3w-c0de")
    looked = host.conferencing.look(host.link, issued.meeting_id, PLAN)
    assert looked is not None
    assert looked.otherwise == ""
    assert looked.issued.passcode == "n3w-c0de"
    assert looked.issued.join_url != issued.join_url


def test_what_takes_place_several_times_has_no_fixed_time(host: HostHome) -> None:
    issued = host.create(planned(start=None))
    looked = host.conferencing.look(host.link, issued.meeting_id, planned(start=None))
    assert looked is not None
    assert looked.otherwise == ""
    assert host.meetings()[0]["start"] is None


@pytest.mark.parametrize(
    ("wish", "stands"),
    [
        ({"waiting_room": True}, {"waiting_room": True}),
        ({"waiting_room": False}, {"waiting_room": False}),
        ({"join_before_host": "never"}, {"join_before_host": False}),
        ({"join_before_host": "anytime"}, {"join_before_host": True, "jbh_time": 0}),
        ({"join_before_host": "10"}, {"join_before_host": True, "jbh_time": 10}),
        ({"sign_in": True}, {"meeting_authentication": True}),
        ({"registration": True}, {"approval_type": 0, "registrants_email_notification": False}),
        ({"registration": False}, {"approval_type": 2}),
        ({"host_video": True, "participant_video": True}, {"host_video": True, "participant_video": True}),
        ({"mute_on_entry": True}, {"mute_upon_entry": True}),
        ({"recording": "none"}, {"auto_recording": "none"}),
        ({"recording": "cloud"}, {"auto_recording": "cloud"}),
        ({"summary": False}, {"auto_start_meeting_summary": False}),
        ({"platform_mails": False}, {"email_notification": False}),
    ],
    ids=str,
)
def test_each_option_reaches_the_platform(
    host: HostHome, wish: dict[str, Any], stands: dict[str, Any]
) -> None:
    host.create(planned(settings=wish))
    changed = host.create(planned(tag="appointment-2"))
    host.conferencing.update(host.link, changed.meeting_id, planned(settings=wish))
    for meeting in host.meetings():
        assert {name: meeting["settings"][name] for name in stands} == stands


def test_what_is_left_to_the_host_is_not_said(host: HostHome) -> None:
    host.create()
    assert [r for r in host.requests() if r["method"] == "POST"]
    (meeting,) = host.meetings()
    assert meeting["settings"]["email_notification"] is True


def test_a_passcode_is_made_when_one_is_wanted_and_none_where_none_is(host: HostHome) -> None:
    with_one = host.create(planned(settings={"passcode": True}))
    without = host.create(planned(settings={"passcode": False}, tag="appointment-2"))
    assert 6 <= len(with_one.passcode) <= 10
    assert without.passcode == ""


def test_a_passcode_stands_through_changes_until_none_is_wanted(host: HostHome) -> None:
    issued = host.create(planned(settings={"passcode": True}))

    def passcode_after(**changes: Any) -> str:
        plan = planned(**changes)
        host.conferencing.update(host.link, issued.meeting_id, plan)
        looked = host.conferencing.look(host.link, issued.meeting_id, plan)
        assert looked is not None
        return looked.issued.passcode

    assert passcode_after(settings={"passcode": True}, topic="変更") == issued.passcode
    assert passcode_after(topic="また変更") == issued.passcode
    assert passcode_after(settings={"passcode": False}) == ""
    assert passcode_after(settings={"passcode": True}) not in ("", issued.passcode)


def test_a_guest_is_registered_once_and_gets_an_own_way_in(host: HostHome) -> None:
    issued = host.create(planned(settings=REGISTERED, registrant=YAMADA))
    first, again = (host.conferencing.register(host.link, issued.meeting_id, YAMADA) for _ in range(2))
    assert first == again
    assert first not in ("", issued.join_url)


def test_who_cannot_be_registered_is_refused_for_good(host: HostHome) -> None:
    issued = host.create()
    with pytest.raises(PortError) as caught:
        host.conferencing.register(host.link, issued.meeting_id, YAMADA)
    assert (caught.value.permanent, caught.value.auth) == (True, False)


def test_the_host_s_way_in_is_fresh_each_time_and_told_nowhere_else(host: HostHome) -> None:
    issued = host.create()
    looked = host.conferencing.look(host.link, issued.meeting_id, PLAN)
    urls = {host.conferencing.start_url(host.link, issued.meeting_id) for _ in range(2)}
    assert len(urls) == 2
    assert all("zak=" in url for url in urls)
    for told in (issued, host.find(), looked, host.conferencing.listed(host.link)):
        assert "zak=" not in repr(told)


def test_a_lost_answer_is_followed_by_a_look(host: HostHome) -> None:
    host.fault("drop_after", limit=1)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    found = host.find()
    (meeting,) = host.meetings()
    assert found is not None
    assert (found.meeting_id, found.passcode) == (str(meeting["id"]), meeting["passcode"])


@pytest.mark.parametrize("failure", [{"status": 503}, {"status": 429}, {"status": 500}], ids=str)
def test_creating_is_asked_once_whatever_happens(host: HostHome, failure: dict[str, Any]) -> None:
    host.create(planned(tag="appointment-2"))
    host.requests()
    host.fault("status", limit=1, **failure)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.permanent, caught.value.auth) == (False, False)
    assert [r["method"] for r in host.requests()] == ["POST"]


def test_a_limit_says_how_long_to_wait(host: HostHome) -> None:
    host.fault("status", status=429, retry_after_s=2)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 2)


def test_silence_is_no_answer(host: HostHome) -> None:
    id = host.create().meeting_id
    asked: list[Any] = [
        lambda: host.find(),
        lambda: host.conferencing.look(host.link, id, PLAN),
        lambda: host.conferencing.delete(host.link, id),
    ]
    for ask in asked:
        host.fault("drop_before", limit=1)
        with pytest.raises(PortError) as caught:
            ask()
        assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)


def test_what_the_platform_does_not_take_is_permanent(host: HostHome) -> None:
    with pytest.raises(PortError) as caught:
        host.create(planned(time_zone="Mars/Olympus"))
    assert caught.value.reason.startswith("rejected_400_")
    assert (caught.value.permanent, caught.value.auth) == (True, False)


def test_what_the_host_has_there_is_told(host: HostHome) -> None:
    assert host.conferencing.plan_of(host.link) == "licensed"


def test_a_long_topic_is_cut_on_a_grapheme(host: HostHome) -> None:
    host.create(planned(topic="👩‍💻" * 100, minutes=2000))
    (meeting,) = host.meetings()
    assert len(meeting["topic"]) <= 200
    assert meeting["topic"].rstrip("…") == "👩‍💻" * meeting["topic"].count("👩‍💻")
    assert meeting["duration"] == 1440

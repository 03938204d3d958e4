"""The HTTP API: what it answers, and how it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from openapi_core import OpenAPI

from chouseiapo.domain.errors import CandidateMoved
from chouseiapo.domain.member import Role
from chouseiapo.domain.slots import Slot
from chouseiapo.web import limits
from chouseiapo.worker import Worker
from tests.product import BY, NOW, YAMADA, at
from tests.web.api import Api, proposal


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    limits.forget_all()


def one(start: str, end: str, **more: str) -> dict[str, Any]:
    """A proposal's change to one candidate; a time of day alone is on 25 November in Tokyo."""
    whole = [f"2026-11-25T{t}:00+09:00" if len(t) == 5 else t for t in (start, end)]
    return {"candidates": [{"start": whole[0], "end": whole[1]} | more]}


class TestProposing:
    def test_it_answers_with_the_appointment(self, api: Api) -> None:
        made = api.tanaka.propose(message="よろしく", note="内部")
        assert made["state"] == "proposed"
        assert made["revision"] == 1
        assert [c["state"] for c in made["candidates"]] == ["open", "open"]
        assert made["candidates"][0]["start"] == "2026-11-25T10:00:00+09:00"
        assert made["calendar"] == {"wanted": 4, "settled": 0, "removing": 0, "failed": []}
        assert (made["confirmed"], made["round"], made["meeting"]) == (None, None, None)
        assert made["guest_url"].startswith("http://127.0.0.1:8000/g/")
        assert made["author"] == made["organizer"] == "tanaka@example.com"

    def test_a_blank_title_is_computed_when_shown(self, api: Api) -> None:
        assert api.tanaka.propose()["shown_title"] == "ABC株式会社:山田太郎 様"
        assert api.tanaka.propose(title="ご提案")["shown_title"] == "ご提案"

    def test_the_organizer_is_the_first_attendee_unless_said_otherwise(self, api: Api) -> None:
        body = proposal()
        del body["organizer"]
        status, made = api.tanaka.call("POST", "/appointments", body)
        assert (status, made["organizer"]) == (201, "tanaka@example.com")

    def test_the_author_need_not_attend(self, api: Api) -> None:
        made = api.sato.propose()
        assert made["author"] == "sato@example.com"
        assert "sato@example.com" not in made["attendees"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"attendees": []}, "attendees"),
            ({"attendees": ["nobody@example.com"], "organizer": "nobody@example.com"}, "attendees"),
            ({"attendees": "tanaka@example.com"}, "attendees"),
            ({"organizer": "sato@example.com"}, "organizer"),
            ({"candidates": []}, "candidates"),
            (one("2026-11-25T10:00:00", "2026-11-25T11:00:00+09:00"), "candidates.0.start"),
            (one("soon", "2026-11-25T11:00:00+09:00"), "candidates.0.start"),
            ({"candidates": [{"end": "2026-11-25T11:00:00+09:00"}]}, "candidates.0.start"),
            (one("2026-11-20T10:00:00+09:00", "2026-11-20T11:00:00+09:00"), "candidates.0.start"),
            (one("2026-11-25T10:10:00+09:00", "2026-11-25T11:00:00+09:00"), "candidates.0.start"),
            (one("2026-11-25T10:00:00+09:00", "2026-11-26T11:00:00+09:00"), "candidates.0.end"),
            (one("10:00", "11:00", room="room-x"), "candidates.0.room"),
            ({"kind": "party"}, "kind"),
            ({"kind": "visit_them"}, "place"),
            ({"kind": "visit_us", "platform": "zoom"}, "platform"),
            ({"platform": "teams"}, "platform"),
            ({"platform": "url", "url": "ftp://x"}, "url"),
            ({"title": "題" * 252}, "title"),
            ({"guest": {"email": "no"}}, "guest.email"),
            ({"guest": {"name": "山田"}}, "guest.email"),
            ({"delivery": "link", "guest": {"company": "ABC"}}, "guest.name"),
            ({"guest": {"email": "a@b.example", "phone": "0" * 256}}, "guest.phone"),
            ({"guest": {"email": "a@b.example", "nickname": "x"}}, "guest.nickname"),
            ({"deadline": "2026-11-20T10:00:00+09:00"}, "deadline"),
            ({"colour": "blue"}, "colour"),
        ],
    )  # fmt: skip
    def test_bad_input_is_told_at_its_field(self, api: Api, changes: dict[str, Any], field: str) -> None:
        status, answer = api.tanaka.call("POST", "/appointments", proposal(**changes))
        assert (status, answer["code"]) == (422, "invalid")
        assert field in [error["field"] for error in answer["errors"]]
        assert all(error["message"] for error in answer["errors"])

    def test_messages_come_in_the_readers_language(self, api: Api) -> None:
        for language, sentence in (("ja", "担当者を1名以上選んでください。"), ("en", "at least one")):
            _, answer = api.tanaka.call(
                "POST", "/appointments", proposal(attendees=[]), Accept_Language=language
            )
            assert sentence in answer["errors"][0]["message"]

    @pytest.mark.parametrize(
        "content",
        [
            b'{"title": "\\ud800"}',
            b'{"title": "a\\u0000b"}',
            b'{"title": "\xff"}',
            b"[" * 100_000,
        ],
        ids=["half a surrogate pair", "NUL", "no UTF-8", "too deep"],
    )
    def test_what_no_store_could_keep_is_refused(self, api: Api, content: bytes) -> None:
        headers = {"Authorization": f"Bearer {api.tanaka._token}"}
        answer = api.http.post(
            "/api/v1/appointments", data=content, content_type="application/json", headers=headers
        )
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")

    @pytest.mark.parametrize("start", ["0001-01-01T00:00:00+09:00", "9999-12-31T23:00:00-12:00"])
    def test_times_outside_every_calendar_are_told_at_their_field(self, api: Api, start: str) -> None:
        status, answer = api.tanaka.call("POST", "/appointments", proposal(**one(start, start)))
        assert (status, answer["errors"][0]["field"]) == (422, "candidates.0.start")

    @pytest.mark.parametrize("path", ["/g/a%00b", "/api/v1/members?q=%00", "/sign-in/%00"])
    def test_an_address_with_a_nul_is_a_bad_request(self, api: Api, path: str) -> None:
        answer = api.http.get(path, headers={"Authorization": f"Bearer {api.tanaka._token}"})
        assert answer.status_code in (400, 404)

    def test_what_is_no_json_is_refused(self, api: Api) -> None:
        headers = {"Authorization": f"Bearer {api.tanaka._token}"}
        for content, kind, status in (
            (b"{", "application/json", 400),
            (b"a=b", "text/plain", 415),
            (b"[]", "application/json", 422),
        ):
            answer = api.http.post("/api/v1/appointments", data=content, content_type=kind, headers=headers)
            assert answer.status_code == status
            assert answer.content_type == "application/problem+json"


class TestIdempotency:
    def test_the_same_key_answers_the_same_appointment(self, api: Api) -> None:
        made = [api.tanaka.call("POST", "/appointments", proposal(), Idempotency_Key="k1") for _ in range(2)]
        assert [status for status, _ in made] == [201, 201]
        assert made[0][1]["id"] == made[1][1]["id"]

    def test_with_another_body_it_is_refused(self, api: Api) -> None:
        api.tanaka.call("POST", "/appointments", proposal(), Idempotency_Key="k1")
        status, answer = api.tanaka.call("POST", "/appointments", proposal(title="別"), Idempotency_Key="k1")
        assert (status, answer["code"]) == (422, "idempotency_key_reused")

    def test_keys_of_different_members_have_nothing_to_do_with_each_other(self, api: Api) -> None:
        ids = {
            program.call("POST", "/appointments", proposal(), Idempotency_Key="k1")[1]["id"]
            for program in (api.tanaka, api.suzuki)
        }
        assert len(ids) == 2

    def test_a_key_is_forgotten_after_a_day(self, api: Api) -> None:
        _, first = api.tanaka.call("POST", "/appointments", proposal(), Idempotency_Key="k1")
        api.clock.now = NOW + timedelta(hours=25)
        status, second = api.tanaka.call("POST", "/appointments", proposal(title="別"), Idempotency_Key="k1")
        assert (status, second["title"]) == (201, "別")
        assert second["id"] != first["id"]

    def test_a_guests_key_with_another_choice_is_refused(self, api: Api) -> None:
        made = api.tanaka.propose()
        path = f"/guest/{made['guest_url'].rpartition('/')[2]}/confirm"
        answers = [
            api.guest.call("POST", path, {"candidate": candidate}, Idempotency_Key="k3")
            for candidate in ("c1", "c1", "c2")
        ]
        assert [status for status, _ in answers] == [200, 200, 422]
        assert answers[2][1]["code"] == "idempotency_key_reused"

    def test_a_repeated_cancellation_is_one(self, api: Api) -> None:
        made = api.tanaka.propose()
        for _ in range(2):
            status, answer = api.tanaka.call(
                "POST", f"/appointments/{made['id']}/cancel", {"reason": "都合"}, Idempotency_Key="k2"
            )
            assert (status, answer["state"], answer["revision"]) == (200, "cancelled", 2)


class TestConfirming:
    def test_the_same_choice_again_answers_the_same(self, api: Api) -> None:
        made = api.tanaka.propose()
        for _ in range(2):
            status, view = api.guest.confirm(made, "c1")
            assert status == 200
            assert view["confirmed"]["candidate"] == "c1"
        assert len(api.services.coordination.stream(made["id"])) == 2

    def test_another_choice_afterwards_is_told_what_stands(self, api: Api) -> None:
        made = api.tanaka.propose()
        api.guest.confirm(made, "c1")
        status, answer = api.guest.confirm(made, "c2")
        assert (status, answer["code"]) == (409, "already_confirmed")
        assert answer["confirmed"]["start"] == "2026-11-25T10:00:00+09:00"

    def test_a_time_that_is_gone_is_taken_with_what_is_left(self, api: Api) -> None:
        first, second = api.tanaka.propose(), api.tanaka.propose()
        api.guest.confirm(first, "c1")
        status, answer = api.guest.confirm(second, "c1")
        assert (status, answer["code"]) == (409, "candidate_taken")
        assert "c2" in [c["id"] for c in answer["candidates"]]

    def test_a_time_that_was_moved_since_is_told_with_what_is_offered_now(self, api: Api) -> None:
        made = api.tanaka.propose()
        route = f"/guest/{made['guest_url'].rpartition('/')[2]}/confirm"
        app, there = api.services.coordination, Slot(at(27, 2), at(27, 3))
        app.note_deviation(made["id"], api.office.tanaka, "c2", there, NOW)
        stale = app.appointment(made["id"])
        app.follow_deviation(made["id"], api.office.tanaka, "c2", there, NOW)
        with pytest.raises(CandidateMoved):  # whoever has loaded it before decides again
            app.confirm(made["id"], "c2", YAMADA, BY, NOW, known=stale, start=at(26, 2))
        body = {"candidate": "c2", "start": "2026-11-26T11:00:00+09:00"}
        status, answer = api.guest.call("POST", route, body)
        assert (status, answer["code"], answer["confirmed"]) == (409, "candidate_moved", None)
        [now] = [c["start"] for c in answer["candidates"] if c["id"] == "c2"]
        assert now == "2026-11-27T11:00:00+09:00"
        for _ in range(2):
            status, view = api.guest.call("POST", route, body | {"start": now})
            assert (status, view["confirmed"]["start"]) == (200, now)

    @pytest.mark.parametrize(
        ("start", "code"),
        [
            ("2026-11-25T10:00:00", "time_without_offset"),
            ("0001-01-01T00:00:00Z", "time_invalid"),
            (1, "wrong_type"),
        ],
    )
    def test_a_start_that_is_none_is_wrong_input(self, api: Api, start: object, code: str) -> None:
        made = api.tanaka.propose()
        route = f"/guest/{made['guest_url'].rpartition('/')[2]}/confirm"
        status, answer = api.guest.call("POST", route, {"candidate": "c1", "start": start})
        assert (status, [(e["field"], e["code"]) for e in answer["errors"]]) == (422, [("start", code)])

    def test_name_and_address_are_needed_when_unknown(self, api: Api) -> None:
        made = api.tanaka.propose(delivery="link", guest={"name": "山田"})
        status, answer = api.guest.confirm(made, "c1")
        assert (status, [e["field"] for e in answer["errors"]]) == (422, ["guest.email"])
        status, view = api.guest.confirm(made, "c1", email="yamada@example.net")
        assert status == 200
        assert "email" not in view["guest"]

    def test_a_known_address_is_neither_shown_nor_replaced(self, api: Api) -> None:
        made = api.tanaka.propose()
        api.guest.confirm(made, "c1", name="山田", email="somebody@else.example")
        _, shown = api.tanaka.call("GET", f"/appointments/{made['id']}")
        assert shown["guest"]["email"] == "yamada@example.net"

    @pytest.mark.parametrize(("candidate", "field"), [("c9", "candidate"), ("", "candidate")])
    def test_an_unknown_candidate_is_wrong_input(self, api: Api, candidate: str, field: str) -> None:
        status, answer = api.guest.confirm(api.tanaka.propose(), candidate)
        assert (status, answer["errors"][0]["field"]) == (422, field)

    def test_after_a_cancellation_it_is_gone(self, api: Api) -> None:
        made = api.tanaka.propose()
        api.tanaka.call("POST", f"/appointments/{made['id']}/cancel", {})
        assert api.guest.confirm(made, "c1")[1]["code"] == "cancelled"
        assert api.guest.confirm(made, "c1")[0] == 410

    def test_after_the_deadline_it_is_expired(self, api: Api) -> None:
        made = api.tanaka.propose(deadline="2026-11-24T09:00:00+09:00")
        api.clock.now = at(24, 0)
        status, answer = api.guest.confirm(made, "c1")
        assert (status, answer["code"]) == (410, "expired")

    def test_an_older_link_is_revoked(self, api: Api) -> None:
        made = api.tanaka.propose()
        status, new = api.tanaka.call("POST", f"/appointments/{made['id']}/link")
        assert (status, new["guest_url"] == made["guest_url"]) == (200, False)
        assert api.guest.confirm(made, "c1")[1]["code"] == "revoked"
        assert api.guest.confirm(made, "c1")[0] == 410
        assert api.guest.confirm(new, "c1")[0] == 200

    @pytest.mark.parametrize("secret", ["x", "A" * 46, "%E3%81%82", "A" * 2000])
    def test_an_unknown_link_is_not_found(self, api: Api, secret: str) -> None:
        assert api.guest.call("GET", f"/guest/{secret}")[0] == 404
        assert api.guest.call("POST", f"/guest/{secret}/confirm", {"candidate": "c1"})[0] == 404

    def test_a_forged_link_is_not_found(self, api: Api) -> None:
        secret = api.tanaka.propose()["guest_url"].rpartition("/")[2]
        for n in range(0, len(secret) - 1, 5):
            forged = secret[:n] + ("A" if secret[n] != "A" else "B") + secret[n + 1 :]
            assert api.guest.call("GET", f"/guest/{forged}")[0] == 404

    def test_reading_changes_nothing(self, api: Api) -> None:
        made = api.tanaka.propose()
        secret = made["guest_url"].rpartition("/")[2]
        for _ in range(3):
            api.guest.call("GET", f"/guest/{secret}")
            assert api.http.head(f"/g/{secret}").status_code == 200
            assert api.http.get(f"/g/{secret}").status_code == 200
        assert len(api.services.coordination.stream(made["id"])) == 1

    def test_the_internal_note_never_reaches_the_guest(self, api: Api) -> None:
        made = api.tanaka.propose(note="秘密のメモ")
        secret = made["guest_url"].rpartition("/")[2]
        _, view = api.guest.call("GET", f"/guest/{secret}")
        assert "秘密" not in str(view)
        assert "秘密" not in api.http.get(f"/g/{secret}").get_data(as_text=True)

    def test_guessing_links_is_slowed_and_valid_ones_still_open(self, api: Api) -> None:
        secret = api.tanaka.propose()["guest_url"].rpartition("/")[2]
        answers = [api.guest.call("GET", f"/guest/{'A' * 40}{n:06}")[0] for n in range(31)]
        assert answers == [404] * 30 + [429]
        assert api.guest.call("GET", f"/guest/{secret}")[0] == 200


class TestStaff:
    def test_without_a_token_nothing_is_told(self, api: Api) -> None:
        for method, path in (("GET", "/members"), ("POST", "/appointments"), ("GET", "/appointments/x")):
            status, answer = api.guest.call(method, path)
            assert (status, answer["code"]) == (401, "unauthorized")

    def test_another_members_appointment_does_not_exist(self, api: Api) -> None:
        made = api.tanaka.propose()
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("POST", "/candidates"),
            ("DELETE", "/candidates/c1"),
            ("POST", "/cancel"),
            ("POST", "/resend"),
            ("POST", "/link"),
            ("GET", "/history"),
        ):
            status, answer = api.sato.call(method, f"/appointments/{made['id']}{path}", {})
            assert (status, answer["code"]) == (404, "not_found"), path
        assert len(api.services.coordination.stream(made["id"])) == 1

    def test_attendees_and_administrators_see_and_change_it(self, api: Api) -> None:
        made = api.tanaka.propose()
        assert api.suzuki.call("GET", f"/appointments/{made['id']}")[0] == 200
        api.services.coordination.register_member(
            "admin@example.com", "管理", BY, NOW, role=Role.ADMINISTRATOR
        )
        admin = api.of("admin@example.com")
        assert admin.call("PATCH", f"/appointments/{made['id']}", {"title": "変更"})[1]["title"] == "変更"

    def test_words_and_attendees_change_in_one_step(self, api: Api) -> None:
        made = api.tanaka.propose()
        change = {"title": "新", "note": "メモ", "visibility": "private", "attendees": ["tanaka@example.com"]}
        status, changed = api.tanaka.call("PATCH", f"/appointments/{made['id']}", change)
        assert (status, changed["attendees"], changed["title"]) == (200, ["tanaka@example.com"], "新")
        assert changed["calendar"]["wanted"] == 2

    def test_candidates_are_added_and_withdrawn(self, api: Api) -> None:
        made = api.tanaka.propose()
        more = {"candidates": [{"start": "2026-11-27T10:00:00+09:00", "end": "2026-11-27T11:00:00+09:00"}]}
        status, added = api.tanaka.call("POST", f"/appointments/{made['id']}/candidates", more)
        assert (status, [c["id"] for c in added["candidates"]]) == (201, ["c1", "c2", "c3"])
        for candidate in ("c1", "c2"):
            assert api.tanaka.call("DELETE", f"/appointments/{made['id']}/candidates/{candidate}")[0] == 200
        status, answer = api.tanaka.call("DELETE", f"/appointments/{made['id']}/candidates/c3")
        assert (status, answer["code"]) == (409, "last_candidate")
        assert api.tanaka.call("DELETE", f"/appointments/{made['id']}/candidates/c9")[0] == 404

    def test_once_confirmed_candidates_stay_as_they_are(self, api: Api) -> None:
        made = api.tanaka.propose()
        api.guest.confirm(made, "c1")
        status, answer = api.tanaka.call("DELETE", f"/appointments/{made['id']}/candidates/c2")
        assert (status, answer["code"]) == (409, "not_proposed")

    def test_a_reserved_time_is_refused_at_its_field(self, api: Api) -> None:
        api.guest.confirm(api.tanaka.propose(), "c1")
        status, answer = api.tanaka.call("POST", "/appointments", proposal())
        assert (status, answer["errors"][0]["field"]) == (422, "candidates.0.start")

    def test_the_list_is_found_filtered_and_paged(self, api: Api) -> None:
        for n in range(55):
            api.tanaka.propose(title=f"第{n}回 ミーティング", attendees=["tanaka@example.com"])
        api.sato.propose(attendees=["sato@example.com"], organizer="sato@example.com")
        Worker(api.services).read()
        _, page = api.tanaka.call("GET", "/appointments")
        assert len(page["appointments"]) == 50
        _, rest = api.tanaka.call("GET", f"/appointments?cursor={page['cursor']}")
        assert (len(rest["appointments"]), rest["cursor"]) == (5, None)
        _, found = api.tanaka.call("GET", "/appointments?q=みーてぃんぐ 第7回")
        assert [line["shown_title"] for line in found["appointments"]] == ["第7回 ミーティング"]
        assert api.tanaka.call("GET", "/appointments?state=confirmed")[1]["appointments"] == []

    def test_people_are_found_by_kana_latin_and_any_width(self, api: Api) -> None:
        Worker(api.services).read()
        for query in ("たなか", "タナカ", "ﾀﾅｶ", "tanaka", "TANAKA", "田中", "ichiro tana"):
            _, found = api.sato.call("GET", f"/members?q={query}")
            assert [m["name"] for m in found["members"]] == ["田中 一郎"], query
        assert api.sato.call("GET", "/rooms")[1]["rooms"][0]["name"] == "会議室A"

    def test_only_administrators_register_people(self, api: Api) -> None:
        body = {"email": "new@example.com", "name": "新人"}
        assert api.tanaka.call("POST", "/members", body)[1]["code"] == "forbidden"
        api.services.coordination.register_member(
            "admin@example.com", "管理", BY, NOW, role=Role.ADMINISTRATOR
        )
        admin = api.of("admin@example.com")
        assert admin.call("POST", "/members", body)[0] == 201
        assert admin.call("POST", "/members", body)[1]["code"] == "already_exists"
        assert admin.call("POST", "/members", body | {"email": "x"})[1]["errors"][0]["field"] == "email"

    def test_free_busy_counts_holds_and_reservations_and_knows_unknown(self, api: Api) -> None:
        made = api.tanaka.propose()
        Worker(api.services).read()
        window = "start=2026-11-25T00:00:00%2B09:00&end=2026-11-27T00:00:00%2B09:00"
        query = f"{window}&members=tanaka@example.com,sato@example.com"
        _, found = api.sato.call("GET", f"/freebusy?{query}")
        assert found["members"]["tanaka@example.com"][0] == {
            "start": "2026-11-25T10:00:00+09:00",
            "end": "2026-11-25T11:00:00+09:00",
        }
        assert found["members"]["sato@example.com"] == []
        api.guest.confirm(made, "c2")
        Worker(api.services).read()
        _, found = api.sato.call("GET", f"/freebusy?{query}")
        assert [b["start"][:13] for b in found["members"]["tanaka@example.com"]] == ["2026-11-26T11"]

    @pytest.mark.parametrize(
        "query", ["", "start=x&end=y", "start=2026-11-25T00:00:00&end=2026-11-26T00:00:00Z"]
    )
    def test_free_busy_needs_a_window(self, api: Api, query: str) -> None:
        assert api.tanaka.call("GET", f"/freebusy?{query}")[0] == 422

    @pytest.mark.parametrize(
        ("who", "field"), [("members=nobody@example.com", "members"), ("rooms=room-nowhere", "rooms")]
    )
    def test_free_busy_of_somebody_unknown_is_no_free_time(self, api: Api, who: str, field: str) -> None:
        window = "start=2026-11-25T00:00:00Z&end=2026-11-26T00:00:00Z"
        status, answer = api.tanaka.call("GET", f"/freebusy?{window}&{who}")
        assert (status, answer["errors"][0]["field"]) == (422, field)

    def test_a_search_of_any_length_is_answered(self, api: Api) -> None:
        for path in ("/members", "/rooms", "/appointments"):
            assert api.tanaka.call("GET", f"{path}?q={'a' * 60_000}")[0] == 200

    def test_a_state_that_is_none_is_refused(self, api: Api) -> None:
        status, answer = api.tanaka.call("GET", "/appointments?state=nonsense")
        assert (status, answer["errors"][0]["field"]) == (422, "state")

    def test_the_history_tells_who_did_what(self, api: Api) -> None:
        made = api.tanaka.propose()
        api.guest.confirm(made, "c1")
        _, found = api.tanaka.call("GET", f"/appointments/{made['id']}/history")
        assert [(line["actor"], line["what"]) for line in found["history"]] == [
            ("田中 一郎", "appointment.proposed"),
            ("お客様", "appointment.confirmed"),
        ]
        assert "11月25日(水) 10:00〜11:00" in found["history"][1]["text"]


class TestAnswers:
    def test_the_description_is_valid_and_names_every_route(self, api: Api) -> None:
        document = api.http.get("/api/v1/openapi.json").get_json()
        OpenAPI.from_dict(document)
        described = {
            (method.upper(), path) for path, methods in document["paths"].items() for method in methods
        }
        routed = {
            (method, rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}"))
            for rule in api.app.url_map.iter_rules()
            if rule.rule.startswith("/api/v1/") and rule.endpoint != "openapi"
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        assert described == routed

    def test_every_answer_bears_strict_headers(self, api: Api) -> None:
        secret = api.tanaka.propose()["guest_url"].rpartition("/")[2]
        for path in (f"/g/{secret}", "/api/v1/openapi.json", "/nowhere", "/healthz"):
            headers = api.http.get(path).headers
            assert "default-src 'self'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "Access-Control-Allow-Origin" not in headers

    def test_an_unexpected_failure_shows_no_trace(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        made = api.tanaka.propose()

        def fail(*_: object) -> None:
            raise ArithmeticError("secret detail")

        monkeypatch.setattr(api.services.coordination, "appointment", fail)
        answer = api.http.get(
            f"/api/v1/appointments/{made['id']}", headers={"Authorization": f"Bearer {api.tanaka._token}"}
        )
        assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
        assert "secret" not in answer.get_data(as_text=True)

    def test_wrong_methods_and_addresses_are_problems_too(self, api: Api) -> None:
        assert api.tanaka.call("GET", "/nowhere")[1]["code"] == "not_found"
        assert api.tanaka.call("DELETE", "/members")[1]["code"] == "method_not_allowed"

    def test_a_title_of_blanks_is_blank(self, api: Api) -> None:
        made = api.tanaka.propose(title="ご提案")
        _, changed = api.tanaka.call("PATCH", f"/appointments/{made['id']}", {"title": "  "})
        assert (changed["title"], changed["shown_title"]) == ("", "ABC株式会社:山田太郎 様")

    def test_too_much_is_refused(self, api: Api) -> None:
        status, answer = api.tanaka.call("POST", "/appointments", proposal(message="a" * 3_000_000))
        assert (status, answer["code"]) == (413, "too_large")

    def test_readiness_tells_whether_a_worker_lives(self, api: Api) -> None:
        assert api.http.get("/healthz").get_json() == {"status": "ok"}
        assert api.http.get("/readyz").status_code == 503
        worker = Worker(api.services)
        worker._beat()
        answer = api.http.get("/readyz")
        assert (answer.status_code, answer.get_json()["worker"]) == (200, "ok")

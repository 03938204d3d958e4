"""Calling off one of several times, where it can't be done as it was asked for."""

from __future__ import annotations

import pytest

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import LONGEST_REASON, Appointment
from chouseiapo.domain.errors import Busy
from tests.product import BY, NOW
from tests.web.desk import Company, page_of
from tests.web.pages import Form
from tests.web.test_direct import WEEKLY, registered

ONE = "/occurrences/c2/cancel"


def asking(company: Company, made: Appointment) -> Form:
    return company.tanaka.open(page_of(made, ONE)).form(ONE)


class TestTheReason:
    def test_one_too_long_is_kept_on_the_page_of_that_one_time(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        reason = "長" * (LONGEST_REASON + 1)
        page = company.tanaka.send(asking(company, made), reason=reason)
        assert company.tanaka.status == 422
        assert "この回をキャンセルしますか?" in page.text
        assert page.problems == ["1000文字以内で入力してください。"]
        assert page.form(ONE).value("reason") == reason
        assert [form.action for form in page.forms if form.action.endswith("/cancel")] == [page_of(made, ONE)]
        assert len(company.appointment(made.id).occurrences) == 4

    def test_shortened_there_it_is_taken(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = company.tanaka.send(asking(company, made), reason="長" * (LONGEST_REASON + 1))
        page = company.tanaka.send(page.form(ONE), reason="休業日のため")
        assert "この回をキャンセルしました。" in page.text
        assert [c.id for c in company.appointment(made.id).occurrences] == ["c1", "c3", "c4"]

    def test_its_lines_end_as_those_of_other_texts_do(self, company: Company) -> None:
        """A browser sends two characters for each end of a line: they count as one."""
        made = registered(company, **WEEKLY)
        lines = ["休"] * (LONGEST_REASON // 2)
        company.tanaka.send(asking(company, made), reason="\r\n".join(lines))
        stream = company.services.coordination.stream(made.id)
        [left_out] = [e for e in stream if isinstance(e, Appointment.OccurrenceCancelled)]
        assert left_out.reason == "\n".join(lines)


class TestWhatElseIsInTheWay:
    def test_that_it_is_the_last_one_is_said_on_the_appointment_s_page(self, company: Company) -> None:
        made = registered(company, **WEEKLY | {"times": "2"})
        form = asking(company, made)
        company.services.coordination.cancel_occurrence(made.id, "c1", "", BY, NOW)
        page = company.tanaka.send(form, reason="長" * (LONGEST_REASON + 1))
        assert company.tanaka.status == 409
        assert "残りはこの回だけです。" in page.text

    def test_that_there_is_no_time_for_it_is_no_refusal(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = registered(company, **WEEKLY)
        form = asking(company, made)

        def cancel_occurrence(*said: object) -> Appointment:
            raise Busy

        monkeypatch.setattr(Coordination, "cancel_occurrence", cancel_occurrence)
        answer = company.tanaka.post(form.action, form.filled())
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")

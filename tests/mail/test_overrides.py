"""An operator's own templates: whatever is wrong with one is told with its place, and holds no mail back."""

from __future__ import annotations

import logging
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from chouseiapo.mail import WRONG, Mails, Rule, own_templates
from chouseiapo.mail_overrides import Fault, find_faults
from tests.mail.reading import read
from tests.mail.stories import NOW, SETTINGS, facts, reader, story

BODY = "ja/guest_confirmation/body.txt"


def put(folder: Path, file: str, text: str | bytes) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def faults(folder: Path) -> list[Fault]:
    return find_faults(replace(SETTINGS, mail_templates=folder), NOW)


def the_fault(folder: Path, file: str, text: str | bytes) -> Fault:
    put(folder, file, text)
    [fault] = faults(folder)
    return fault


def sent(folder: Path, rule: Rule = Rule.CONFIRMATION) -> EmailMessage:
    told = story(rule)
    to = reader(told, "guest")
    mails = Mails(replace(SETTINGS, mail_templates=folder))
    return mails.render(rule, to, facts(told), message_id="<a@b.example>", sequence=1, now=NOW)


class TestWhatIsFound:
    def test_nothing_without_a_folder_or_in_an_empty_one(self, tmp_path: Path) -> None:
        assert find_faults(SETTINGS, NOW) == []
        assert faults(tmp_path) == []

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        assert [fault.code for fault in faults(tmp_path / "nowhere")] == ["no_folder"]

    def test_our_own_templates_as_overrides_are_faultless(self, tmp_path: Path) -> None:
        for file in own_templates().rglob("*"):
            if file.is_file():
                put(tmp_path, str(file.relative_to(own_templates())), file.read_bytes())
        assert faults(tmp_path) == []

    def test_an_unknown_name_with_its_line_and_the_names_there_are(self, tmp_path: Path) -> None:
        fault = the_fault(tmp_path, BODY, "確定しました。\n\n{{ compnay }} {{ chosen.text }}\n")
        assert (fault.file, fault.line, fault.code, fault.name) == (BODY, 3, "unknown_name", "compnay")
        assert fault.known[0] == "company", "what may have been meant comes first"
        assert {"company", "chosen", "guest_url"} <= set(fault.known)
        assert not {"note", "staff_url"} & set(fault.known), "a guest's mail does not know the staff's names"

    def test_a_name_that_no_sample_reaches(self, tmp_path: Path) -> None:
        fault = the_fault(tmp_path, BODY, '{% if kind == "phone" %}\n{{ phnoe }}\n{% endif %}')
        assert (fault.line, fault.name) == (2, "phnoe")

    def test_a_name_of_another_side(self, tmp_path: Path) -> None:
        assert the_fault(tmp_path, BODY, "{{ note }}").name == "note"

    def test_asking_whether_a_name_is_defined_is_no_fault(self, tmp_path: Path) -> None:
        put(tmp_path, "ja/_base/calendar.txt", "{% if note is defined and note %}{{ note }}{% endif %}")
        assert faults(tmp_path) == []

    def test_what_a_template_looks_for_in_a_value(self, tmp_path: Path) -> None:
        fault = the_fault(tmp_path, BODY, "一行目\n{{ chosen.txet }}")
        assert (fault.file, fault.line, fault.code) == (BODY, 2, "failed")
        assert "txet" in fault.name
        assert "text" in fault.known

    def test_syntax(self, tmp_path: Path) -> None:
        fault = the_fault(tmp_path, BODY, "一行目\n{% if chosen %}\n{{ chosen.text }}\n")
        assert (fault.file, fault.line, fault.code) == (BODY, 3, "syntax")
        assert "endif" in fault.said
        assert the_fault(tmp_path, BODY, "一行目\n{{ chosen.text }\n三行目").line == 2

    def test_a_shared_file_is_one_fault_however_many_mails_have_it(self, tmp_path: Path) -> None:
        fault = the_fault(
            tmp_path,
            "ja/_base/guest.txt",
            "{{ salutation }}\n{{ salutatoin }}\n{% block main %}{% endblock %}",
        )
        assert (fault.file, fault.line, fault.name) == ("ja/_base/guest.txt", 2, "salutatoin")

    @pytest.mark.parametrize(
        ("file", "meant"),
        [
            ("ja/guest_confirmaton/body.txt", "ja/guest_confirmation/body.txt"),
            ("ja/guest_confirmation/subjekt.txt", "ja/guest_confirmation/subject.txt"),
            ("jp/guest_confirmation/body.html", "ja/guest_confirmation/body.html"),
            ("style.css", "_base/style.css"),
        ],
    )
    def test_a_misspelt_file_and_what_may_have_been_meant(
        self, tmp_path: Path, file: str, meant: str
    ) -> None:
        fault = the_fault(tmp_path, file, "はい")
        assert (fault.file, fault.line, fault.code) == (file, 0, "unknown_file")
        assert meant in fault.known

    def test_a_file_of_ones_own_that_another_one_includes(self, tmp_path: Path) -> None:
        put(tmp_path, "ja/_base/slogan.txt", "{{ company }}とともに\n")
        put(tmp_path, BODY, '{{ chosen.text }}\n{% include "ja/_base/slogan.txt" %}')
        assert faults(tmp_path) == []
        assert "株式会社サンプルとともに" in read(sent(tmp_path)).text

    def test_notes_beside_the_templates_are_left_alone(self, tmp_path: Path) -> None:
        put(tmp_path, "README.md", "{{ not a template")
        put(tmp_path, ".git/config", "[core]")
        assert faults(tmp_path) == []

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (b"\x82\xb1\x82\xf1", "unreadable"),
            ("{{ 1 / 0 }}", "failed"),
            ("{{ company + 1 }}", "failed"),
            ('{% include "ja/nothing.txt" %}', "failed"),
            ('{% include "' + BODY + '" %}', "failed"),
            ("{{ company|datefmt }}", "syntax"),
        ],
    )
    def test_whatever_else_goes_wrong(self, tmp_path: Path, text: str | bytes, code: str) -> None:
        fault = the_fault(tmp_path, BODY, text)
        assert (fault.file, fault.code) == (BODY, code)


class TestNoMailIsHeldBack:
    @pytest.mark.parametrize("file", ["subject.txt", "body.txt", "body.html"])
    @pytest.mark.parametrize(
        "text", ["{{ compnay }}", "{% if %}", "{{ 1 / 0 }}", b"\x82\xb1\x82\xf1", "{{ company + 1 }}"]
    )
    def test_ours_takes_the_place_of_a_wrong_one(self, tmp_path: Path, file: str, text: str | bytes) -> None:
        put(tmp_path, f"ja/guest_confirmation/{file}", text)
        assert sent(tmp_path).as_bytes() == sent(tmp_path / "none").as_bytes()

    def test_a_shared_one_too(self, tmp_path: Path) -> None:
        for file in ("ja/_base/guest.html", "_base/style.css", "_base/layout.html", "ja/_base/calendar.txt"):
            put(tmp_path, file, "{{ compnay }}")
        assert sent(tmp_path).as_bytes() == sent(tmp_path / "none").as_bytes()

    def test_the_others_stay_the_operators(self, tmp_path: Path) -> None:
        put(tmp_path, "ja/guest_confirmation/subject.txt", "{{ compnay }}")
        put(tmp_path, BODY, "決まりました。")
        it = read(sent(tmp_path))
        assert it.subject == "[株式会社サンプル]アポイントメントの日程が確定しました"
        assert it.text == "決まりました。\n"

    def test_the_log_names_the_template_once_and_nobody(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        put(tmp_path, BODY, "{{ company + 1 }}")
        told = story(Rule.CONFIRMATION)
        mails = Mails(replace(SETTINGS, mail_templates=tmp_path))
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                mails.render(
                    Rule.CONFIRMATION,
                    reader(told, "guest"),
                    facts(told),
                    message_id="<a@b.example>",
                    sequence=1,
                    now=NOW,
                )
        [line] = caplog.messages
        assert BODY in line
        assert "山田" not in line

    def test_a_look_at_them_raises_what_is_wrong(self, tmp_path: Path) -> None:
        put(tmp_path, BODY, "{{ compnay }}")
        told = story(Rule.CONFIRMATION)
        strict = Mails(replace(SETTINGS, mail_templates=tmp_path), strict=True)
        with pytest.raises(WRONG):
            strict.render(
                Rule.CONFIRMATION,
                reader(told, "guest"),
                facts(told),
                message_id="<a@b.example>",
                sequence=1,
                now=NOW,
            )

"""Templates as files: complete in both languages, strict, and the operator's to replace one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from chouseiapo import mail_preview
from chouseiapo.mail import Mails, Rule, own_templates
from chouseiapo.mail_facts import words
from tests.mail.reading import read
from tests.mail.stories import NOW, SETTINGS, facts, reader, story

RENDERED = mail_preview.names()


def files(locale: str) -> set[str]:
    root = own_templates() / locale
    return {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}


def confirmation(folder: Path, side: str = "guest") -> str:
    told = story(Rule.CONFIRMATION)
    mails = Mails(replace(SETTINGS, mail_templates=folder), strict=True)
    to = reader(told, side)
    message = mails.render(
        Rule.CONFIRMATION, to, facts(told), message_id="<a@b.example>", sequence=1, now=NOW
    )
    it = read(message)
    return f"{it.subject}\n{it.text}\n{it.html}"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


class TestOurs:
    def test_both_languages_have_the_same_files(self) -> None:
        japanese, english = files("ja"), files("en")
        assert japanese <= english
        assert english - japanese == {"_base/words.txt"}

    def test_every_mail_has_its_three_files_and_every_folder_is_a_mail(self) -> None:
        folders = {name.rpartition("/")[0] for name in files("ja")} - {"_base"}
        assert folders == {name.removeprefix("ja/") for name in RENDERED if name.startswith("ja/")}
        for name in RENDERED:
            mine = {file.name for file in (own_templates() / name).iterdir()}
            assert {"subject.txt", "body.txt", "body.html"} <= mine
            for part in mine - {"subject.txt", "body.txt", "body.html"}:
                for body in ("body.txt", "body.html"):
                    told = (own_templates() / name / body).read_text(encoding="utf-8")
                    assert f"{name}/{part}" in told, "a sentence of its own stands in both bodies"

    @pytest.mark.parametrize("name", RENDERED)
    def test_every_mail_has_a_preview(self, name: str) -> None:
        it = read(mail_preview.preview(Mails(SETTINGS), name, NOW))
        assert it.subject
        assert it.text.strip()
        assert it.html

    @pytest.mark.parametrize("side", ["guest", "member"])
    def test_the_readme_tells_of_every_name_that_a_template_knows(self, side: str) -> None:
        told = story(Rule.CONFIRMATION)
        to = replace(reader(told, side), time_zone="Asia/Tokyo")
        readme = (own_templates() / "README.md").read_text(encoding="utf-8")
        for name in words(Rule.CONFIRMATION, to, facts(told), SETTINGS, NOW):
            assert f"`{name}`" in readme, name

    def test_an_unknown_preview_is_refused(self) -> None:
        with pytest.raises(KeyError):
            mail_preview.preview(Mails(SETTINGS), "ja/../../etc", NOW)


class TestTheOperators:
    def test_one_file_is_replaced_the_rest_stays(self, tmp_path: Path) -> None:
        write(tmp_path, "ja/guest_confirmation/subject.txt", "ご予約が確定しました: {{ chosen.text }}\n")
        changed = confirmation(tmp_path)
        assert changed.startswith("ご予約が確定しました: 11月25日(水) 10:00〜11:00\n")
        assert "日程が確定しました" in changed
        assert confirmation(tmp_path, "member").startswith("ABC株式会社:山田太郎様\n")

    def test_the_looks_are_one_file(self, tmp_path: Path) -> None:
        write(tmp_path, "_base/style.css", ".heading { color: #abcdef; }")
        assert 'class="heading" style="color: #abcdef;"' in confirmation(tmp_path)

    def test_a_part_that_mails_share_can_be_replaced(self, tmp_path: Path) -> None:
        write(tmp_path, "ja/_base/join.txt", "入室: {{ meeting.join_url }}\n")
        assert "入室: https://" in confirmation(tmp_path)

    def test_a_subject_of_several_lines_is_one_line(self, tmp_path: Path) -> None:
        write(tmp_path, "ja/guest_confirmation/subject.txt", "確定\r\nBcc: all@evil.example\n\n")
        assert confirmation(tmp_path).startswith("確定 Bcc: all@evil.example\n")

    @pytest.mark.parametrize("word", ["note", "staff_url", "appointment", "misspelt", "meeting.start_url"])
    def test_what_is_not_for_the_guest_does_not_exist_for_their_templates(
        self, tmp_path: Path, word: str
    ) -> None:
        write(tmp_path, "ja/guest_confirmation/body.txt", f"{{{{ {word} }}}}")
        with pytest.raises(UndefinedError):
            confirmation(tmp_path)

    def test_a_language_without_templates_is_an_error_not_an_empty_mail(self) -> None:
        told = story(Rule.CONFIRMATION)
        with pytest.raises(LookupError):
            Mails(SETTINGS).render(
                Rule.CONFIRMATION,
                reader(told, "guest", "fr"),
                facts(told),
                message_id="<a@b.example>",
                sequence=1,
                now=NOW,
            )

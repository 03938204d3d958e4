"""What holds for everybody, for administrators: one page, whose sections have forms of their own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.reminder_rules import MOST_RULES
from chouseiapo.web.request import services
from chouseiapo.web.staff import session
from chouseiapo.web.staff.frame import administrators_only, moment
from chouseiapo.web.staff.reminding import UNIT_NAMES, Typed, as_typed, read, worded

organization = Blueprint("organization", __name__, url_prefix="/settings/organization")
# The sections in their order, each a template.
SECTIONS = ("staff/_organization_reminders.html", "staff/_organization_meetings.html")


@organization.get("")
@session.signed_in
def page() -> Any:
    administrators_only()
    return _page()


@organization.post("/reminders")
@session.signed_in
def choose_reminders() -> Any:
    """Set the rules. Another button than the first gives the form a line more or less and keeps nothing."""
    administrators_only()
    typed, action = read(request.form), request.form.get("action", "save")
    if action != "save":
        return _page(typed.after(action))
    if problems := typed.problems:
        return _page(typed, problems), 422
    rules = tuple(typed.rules.values())
    services().coordination.choose_reminders(rules, session.command(), g.now)
    return redirect(url_for("organization.page", saved="reminders", _anchor="reminders"), 303)


def _page(typed: Typed | None = None, problems: dict[str, Problem] | None = None) -> str:
    """The page; `typed` is what stands in the form of the reminders without being kept yet."""
    reminders = services().reminders
    rules = [each.rule for each in reminders.in_force()]
    upcoming = reminders.upcoming(g.now)
    return render_template(
        "staff/organization.html",
        sections=SECTIONS,
        saved=request.args.get("saved", "") if request.method == "GET" else "",
        rules=[worded(rule) for rule in rules],
        next_at=moment(upcoming[0]) if upcoming else "",
        next_count=upcoming[1] if upcoming else 0,
        typed=typed or as_typed(rules),
        unsaved=typed is not None,
        problems=problems or {},
        units=UNIT_NAMES,
        most=MOST_RULES,
        no_server=services().mailer is None,
    )

"""What an appointment decides about its conference: made, made anew, changed, deleted by somebody."""

from __future__ import annotations

from datetime import datetime

from chouseiapo.domain import errors
from chouseiapo.domain.appointment_state import AppointmentState
from chouseiapo.domain.errors import Invalid
from chouseiapo.domain.meeting_options import USUAL, MeetingOptions, check_options
from chouseiapo.domain.proposal import Meeting, Platform


class MeetingDecisions(AppointmentState):
    """The conference of a confirmed appointment on a platform that issues them."""

    def request_meeting(self, reserved: str, now: datetime) -> None:
        """Have the conference made, or, where one stands, another one in its place. While one is being made,
        only another host is news. `reserved`: the organization's link that is to host."""
        self._must_meet(now)
        conference = self.conference
        under_way = conference.generation > conference.standing
        if under_way and conference.wanted and conference.reserved == reserved:
            return
        generation = conference.generation if under_way else conference.generation + 1
        self._record(self.MeetingRequested, now, generation=generation, host=reserved)

    def issue_meeting(
        self,
        meeting: Meeting,
        host: str,
        now: datetime,
        options: MeetingOptions = USUAL,
        generation: int = 1,
    ) -> None:
        """Take the conference's data, new or changed; what comes after a cancellation concerns nobody, nor
        does a conference that another one has replaced."""
        if self.chosen is None or self.erased or generation < self.conference.standing:
            return
        known = (self.meeting, self.conference.standing)
        if self.conference.wanted and known != (meeting, generation):
            about = {"host": host, "options": options, "generation": generation}
            self._record(self.MeetingIssued, now, meeting=meeting, **about)

    def delay_meeting(self, now: datetime) -> None:
        """Stop waiting for the conference, so that the confirmation mails go without it."""
        if self.holds_confirmation_back:
            self._record(self.MeetingDelayed, now)

    def choose_meeting_options(self, options: MeetingOptions, now: datetime) -> None:
        """Say what the conference is to be like; one that stands keeps what it has until that is applied."""
        self._must_stand(now)
        if problems := list(check_options(options)):
            raise Invalid(*problems)
        if options != self.meeting_options:
            self._record(self.MeetingOptionsChosen, now, options=options)

    def apply_meeting_options(self, options: MeetingOptions, now: datetime) -> None:
        """Let the conference that stands have these options, all layers taken together."""
        self._must_meet(now)
        if self.meeting is not None and self.conference.options != options:
            self._record(self.MeetingOptionsApplied, now, options=options)

    def note_meeting_gone(self, generation: int, now: datetime) -> None:
        """Note that somebody deleted the conference on its platform; a person is to say what follows."""
        stands = self.meeting is not None and self.conference.standing == generation
        if stands and self.chosen is not None and not self.is_over(now):
            self._record(self.MeetingVanished, now, generation=generation)

    def forgo_meeting(self, now: datetime) -> None:
        """Answer that no other conference is needed."""
        if self.conference.asked:
            self._record(self.MeetingForgone, now)

    def withdraw_meeting(self, host: str, now: datetime) -> None:
        """The conferences that were issued through that link are deleted at its owner's wish: another is
        needed."""
        if self.meeting is not None and self.conference.host == host and not self.is_over(now):
            self._record(self.MeetingWithdrawn, now, generation=self.conference.generation + 1)

    def _must_meet(self, now: datetime) -> None:
        self._must_stand(now)
        if self.chosen is None:
            raise errors.NotConfirmed
        if self.platform is not Platform.ZOOM:
            raise errors.NoConference

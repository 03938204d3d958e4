"""A web meeting at a fixed address: where none was entered, the organizer's own counts."""

from __future__ import annotations

import msgspec

from chouseiapo.application import Coordination
from chouseiapo.domain.proposal import Platform, Proposal


def with_fixed_url(app: Coordination, proposal: Proposal) -> Proposal:
    """The proposal with the organizer's own address where it needs one and names none."""
    if proposal.platform is not Platform.URL or proposal.url or not proposal.organizer:
        return proposal
    url = app.members([proposal.organizer])[proposal.organizer].meeting_url
    return msgspec.structs.replace(proposal, url=url)

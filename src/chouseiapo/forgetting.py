"""What is thrown away by itself, once an hour: what has run out, accounts that speak for nobody any more, and
the traces that forgotten things leave in the database's files.
"""

from __future__ import annotations

from datetime import datetime

from chouseiapo.accounts.drafts import Drafts
from chouseiapo.accounts.vault import Held
from chouseiapo.bootstrap import Services
from projections.notices import forget_notices
from projections.place_holds import is_used, let_go


class Forgetting:
    """One worker's; `once` is its turn."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._left: frozenset[Held] = frozenset()

    def once(self) -> None:
        services, now = self._services, self._services.clock()
        services.access.forget_old(now)
        Drafts(services.rows, services.sealer).forget_old(now)
        forget_notices(services.rows, now)
        self._forget_left_accounts(now)
        services.rows.shred()

    def _forget_left_accounts(self, now: datetime) -> None:
        """Tokens of accounts that speak for nobody any more and have nothing left to be done with them.

        They go in the second turn that finds them so: what is being linked stands in the vault first.
        """
        services = self._services
        app, vault = services.coordination, services.vault
        left = frozenset(
            held
            for held in vault.held()
            if not app.is_linked(held.link) and not is_used(self._services.rows, held.link, now)
        )
        for held in left & self._left:
            services.forget_account(held.link, held.revision)
            if held.link not in {each.link for each in vault.held()}:  # linked anew just now
                let_go(self._services.rows, held.link)
        self._left = left

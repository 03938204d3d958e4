"""Another process that wants a token, many times at once: orders come in as JSON, tokens go out."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from chouseiapo.accounts.secrets import Sealer
from chouseiapo.accounts.vault import Vault
from chouseiapo.accounts.zoom import ZoomAccounts
from chouseiapo.config import read_settings
from chouseiapo.storage import Rows


def main() -> None:
    orders = json.load(sys.stdin)
    rows = Rows(orders["rows"])
    settings = read_settings(orders["settings"])
    sealer = Sealer([orders["secret"]], "vault")
    vaults = [
        Vault(rows, sealer, {"zoom": ZoomAccounts(settings)}, lambda: datetime.now(UTC)) for _ in range(2)
    ]
    asked = [vault for vault in vaults for _ in range(4)]
    with ThreadPoolExecutor(len(asked)) as pool:
        tokens = list(pool.map(lambda vault: vault.access_token(orders["link"]), asked))
    rows.close()
    json.dump(tokens, sys.stdout)


if __name__ == "__main__":
    main()

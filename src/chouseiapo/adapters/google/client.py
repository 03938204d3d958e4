"""The vendor's own client, with the discovery document that it bundles. It is imported when first needed."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chouseiapo.adapters import TIMEOUT_S, Pool
from chouseiapo.adapters.google.account import Account
from chouseiapo.config import Settings
from chouseiapo.ports import Tokens

if TYPE_CHECKING:
    from httplib2 import Http

# It warns with the whole content of an answer that it can't read.
logging.getLogger("googleapiclient.http").setLevel(logging.ERROR)


class Client:
    """Shared by all threads and accounts."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._root = settings.google_api_root
        self._authorities = str(settings.ca_file) if settings.ca_file else None
        self._tokens = tokens
        self._zone = settings.zone
        self._https = Pool(self._http)

    @contextmanager
    def account(self, link: str) -> Iterator[Account]:
        from google_auth_httplib2 import AuthorizedHttp

        credentials = _credentials()(self._tokens, link)
        with self._https.one() as http:
            authorized = AuthorizedHttp(credentials, http=http, max_refresh_attempts=1)
            yield Account(self._service, authorized, self._zone)

    def close(self) -> None:
        self._https.close()

    def _http(self) -> Http:
        """Without a timeout it would wait for ever."""
        from httplib2 import Http

        return Http(timeout=TIMEOUT_S, ca_certs=self._authorities)

    @functools.cached_property
    def _service(self) -> Any:
        """Batches ignore the client's `api_endpoint`; rewriting the document's root moves everything."""
        from googleapiclient import discovery, discovery_cache
        from httplib2 import Http

        document: Any = json.loads(discovery_cache.get_static_doc("calendar", "v3") or "{}")  # type: ignore[no-untyped-call]
        document["rootUrl"] = f"{self._root}/"
        build: Any = discovery.build_from_document  # type: ignore[attr-defined]  # the stubs have forgotten it
        return build(document, http=Http(timeout=TIMEOUT_S))


@functools.cache
def _credentials() -> Any:
    """A class, made when it is first needed: its base takes long to import."""
    from google.auth.credentials import Credentials

    class LinkCredentials(Credentials):
        """Takes the link's token; when Google refuses it, the client asks for another, once."""

        def __init__(self, tokens: Tokens, link: str) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self._tokens = tokens
            self._link = link

        def refresh(self, request: object) -> None:
            self.token = self._tokens.access_token(self._link, refused=self.token or "")

    return LinkCredentials

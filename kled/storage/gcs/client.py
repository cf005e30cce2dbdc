"""The clients for Google Cloud Storage: who asks, and where.

STORAGE_EMULATOR_HOST names an emulator, which wants no credentials. Else they are the application
default ones: GOOGLE_APPLICATION_CREDENTIALS, the login of gcloud, or the machine's own.
"""

import json
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kled.errors import StoreDenied
from kled.storage.pages import came_instead
from kled.storage.timeouts import CONNECTIONS, DEFAULT, Timeouts

if TYPE_CHECKING:
    import requests
    from google.cloud.storage import Blob, Client  # type: ignore[import-untyped]

_GOOGLE: Final = "https://storage.googleapis.com"
_SCOPES: Final = ("https://www.googleapis.com/auth/devstorage.full_control",)
_OK: Final = 300


def emulator(env: Mapping[str, str]) -> str | None:
    """Return the URL of the emulator that the environment names."""
    host = env.get("STORAGE_EMULATOR_HOST")
    return host if not host or "://" in host else f"http://{host}"


class GoogleClients:
    """A session, and google-cloud-storage upon it; made when first needed. Safe for threads."""

    def __init__(
        self, env: Mapping[str, str], endpoint: str | None, timeouts: Timeouts = DEFAULT
    ) -> None:
        self._env, self._endpoint = env, endpoint
        self.timeouts = timeouts
        self._lock = threading.Lock()
        self._made: tuple[requests.Session, Client] | None = None

    @property
    def endpoint(self) -> str:
        """Who is asked."""
        return self._endpoint or _GOOGLE

    def client(self) -> "Client":
        """Return the library's client."""
        return self._once()[1]

    def blob(self, bucket: str, name: str) -> "Blob":
        """Return the library's handle of an object; nothing is asked."""
        return self.client().bucket(bucket).blob(name)

    def ask(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        accepted: tuple[int, ...] = (),
    ) -> "requests.Response":
        """GET; return the answer with its body unread. Raises what the libraries raise."""
        from google.api_core import exceptions  # noqa: PLC0415 - slow to import

        session = self._once()[0]
        answer = session.get(
            self.endpoint + path,
            params=dict(query),
            headers={"Accept-Encoding": "gzip", **(headers or {})},
            stream=True,
            timeout=self.timeouts.pair(),
        )
        if answer.status_code >= _OK and answer.status_code not in accepted:
            with answer:
                raise exceptions.from_http_response(answer)  # type: ignore[no-untyped-call]
        return answer

    def ask_json(
        self, path: str, query: Mapping[str, str], *, kind: str, where: str
    ) -> Mapping[str, Any]:
        """GET a document of this kind; `where` names it in the error.

        Raises `StoreUnavailable` where something else comes, and what the libraries raise.
        """
        with self.ask(path, query) as answer:
            body, content_type = answer.content, answer.headers.get("Content-Type", "")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or document.get("kind") != kind:
            raise came_instead(f"{where} at {self.endpoint}", kind, body, content_type)
        return document

    def _once(self) -> "tuple[requests.Session, Client]":
        with self._lock:
            if self._made is None:
                self._made = self._connect()
            return self._made

    def _connect(self) -> "tuple[requests.Session, Client]":
        from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415 - slow
        from google.cloud.storage import Client  # noqa: PLC0415
        from requests.adapters import HTTPAdapter  # noqa: PLC0415

        credentials, project = self._credentials()
        session: Any = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        session.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        client = Client(
            project=project or "none",
            credentials=credentials,
            _http=session,
            client_options={"api_endpoint": self.endpoint},
        )
        return session, client

    def _credentials(self) -> Any:  # noqa: ANN401 - (credentials, project) of any of its kinds
        import google.auth  # noqa: PLC0415 - slow to import
        from google.auth import exceptions  # noqa: PLC0415
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415

        if self._endpoint:
            return AnonymousCredentials(), None  # type: ignore[no-untyped-call]
        file = self._env.get("GOOGLE_APPLICATION_CREDENTIALS")
        try:
            if file:
                with warnings.catch_warnings():  # it warns of files that strangers supply
                    warnings.simplefilter("ignore", DeprecationWarning)
                    return google.auth.load_credentials_from_file(file, scopes=_SCOPES)  # type: ignore[no-untyped-call]
            return google.auth.default(scopes=_SCOPES)
        except exceptions.GoogleAuthError as error:
            message = str(error).partition(". ")[0].rstrip(".")
            raise StoreDenied(
                f"Google Cloud Storage: {message[:1].lower()}{message[1:]}",
                hint="run gcloud auth application-default login, "
                "or set GOOGLE_APPLICATION_CREDENTIALS",
            ) from None

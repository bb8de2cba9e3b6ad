"""How is Google Cloud Storage talked to? By one client a process, and every refusal becomes one of our errors here.

Who it is: Workload Identity or any other Application Default Credentials, the key file that
``GOOGLE_APPLICATION_CREDENTIALS`` names, or nobody where ``STORAGE_EMULATOR_HOST`` names an emulator.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import requests
import urllib3
from google.api_core import exceptions as api
from google.api_core.client_options import ClientOptions
from google.auth import environment_vars
from google.auth import exceptions as auth
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter

from cliptask.errors import ClipTaskError, OutputError, SetupError, TransientError
from cliptask_renderer.storage.crc32c import Checksum
from cliptask_renderer.storage.deadline import DEADLINE_S
from cliptask_renderer.storage.deadline import deadline_s as default_deadline_s
from cliptask_renderer.storage.location import Location
from cliptask_renderer.storage.words import one_line

EMULATOR = "STORAGE_EMULATOR_HOST"
READER = "Storage Object Viewer (roles/storage.objectViewer)"
WRITER = "Storage Object User (roles/storage.objectUser)"
_CONNECTIONS = 64
"""Kept open to one host, more than any process has threads that store or fetch; beyond them each call opens its own."""
_BUCKET_REQUESTS_OFF = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
"""Else the client asks for each bucket's metadata in a thread of its own, for traces that nobody collects."""
_CREDENTIALS_REMEDY = (
    "in a cluster, bind its Kubernetes service account to a Google one (Workload Identity Federation); elsewhere, set "
    "GOOGLE_APPLICATION_CREDENTIALS to a key file or run: gcloud auth application-default login"
)

Refusal = (api.GoogleAPIError, auth.GoogleAuthError, requests.RequestException, urllib3.exceptions.HTTPError)
"""Everything that the client raises for what went wrong outside this process."""


@dataclass(frozen=True)
class Connection:
    """A client, safe for many threads at once, and how long it tries."""

    client: Client
    deadline_s: float = DEADLINE_S
    """For one request with all its attempts; several make up a large upload."""
    page_objects: int = 1000
    """Of one request of a listing; more are not given."""
    buckets_seen: set[str] = field(default_factory=set)
    """Buckets that are known to exist."""
    temporary_s: float = 86400
    """How long temporary objects stay at least."""
    tidied: dict[Location, float] = field(default_factory=dict)
    """By place: when it was last rid of older ones, in seconds of the monotonic clock."""

    @property
    def call(self) -> dict[str, object]:
        """Arguments of every call but uploads."""
        return self._patience(self.deadline_s / 6)

    @property
    def upload(self) -> dict[str, object]:
        """Arguments of uploads: what limits connecting limits the sending of a whole chunk too, which may take its time."""
        return self._patience(self.deadline_s * 2)

    @property
    def tidying(self) -> dict[str, object]:
        """Arguments of calls that another one will make if they fail: a few attempts at most."""
        return self.call | {"retry": self._retry(self.deadline_s / 3)}

    def _patience(self, connect_s: float) -> dict[str, object]:
        return {"retry": self._retry(self.deadline_s), "timeout": (connect_s, self.deadline_s / 2)}

    def _retry(self, deadline_s: float) -> object:
        first_s = min(0.5, self.deadline_s / 20)
        return DEFAULT_RETRY.with_timeout(deadline_s).with_delay(initial=first_s, maximum=20 * first_s)

    def check_bucket(self, bucket: str) -> None:
        """Raise ``SetupError`` where there is no such bucket: an object's 404 does not tell whether its bucket exists."""
        if bucket not in self.buckets_seen:
            with explained(bucket, f"gs://{bucket} cannot be listed"):
                blobs = self.client.list_blobs(bucket, max_results=1, fields="items(name)", **self.call)
                next(iter(blobs), None)
            self.buckets_seen.add(bucket)

    def download(
        self, location: Location, write: Callable[[bytes], object], generation: int | None = None
    ) -> None:
        """Write an object's bytes as they are stored, piece by piece, and compare their CRC32C with the stored one.

        A broken connection is resumed. Raises what the client raises, and ``TransientError`` where the bytes differ.
        """
        content = Checksum(write)
        blob = self.client.bucket(location.bucket).blob(location.path, generation=generation)
        # The client's own check leaves out downloads that it resumed.
        blob.download_to_file(content, raw_download=True, checksum=None, **self.call)
        if blob.crc32c is not None and blob.crc32c != str(content):
            message = f"gs://{location.bucket}/{location.path} arrived damaged: its CRC32C is {content}, not {blob.crc32c}; try again"
            raise TransientError(message)

    def read(self, location: Location, span: range) -> bytes:
        """A few of an object's bytes, without a check: there is no checksum of them. Raises what the client raises."""
        content, blob = io.BytesIO(), self.client.bucket(location.bucket).blob(location.path)
        # No range is empty: of none one byte is asked for, which tells whether the object is there.
        last = max(span.stop, span.start + 1) - 1
        with suppress(api.RequestRangeNotSatisfiable):
            blob.download_to_file(
                content, start=span.start, end=last, raw_download=True, checksum=None, **self.call
            )
        return content.getvalue()[: len(span)]


_shared: dict[str, tuple[object, Connection]] = {}
"""By emulator: which credentials it was made with, and the connection."""
_sharing = threading.Lock()


def shared_connection() -> Connection:
    """The process's connection, made when first asked for, and anew when its key file is another. Raises as ``connect``.

    Whoever has the earlier one goes on with that.
    """
    with _sharing:
        emulator, credentials = os.environ.get(EMULATOR, ""), _credentials()
        known = _shared.get(emulator)
        if known is None or known[0] != credentials:
            known = _shared[emulator] = credentials, connect()
        return known[1]


def _credentials() -> object:
    """Changes when the key file does: Google's client reads it once."""
    name = os.environ.get(environment_vars.CREDENTIALS, "")
    try:
        found = Path(name).stat()
    except OSError:
        return name
    return name, found.st_ino, found.st_mtime_ns, found.st_size


def connect(endpoint: str | None = None, deadline_s: float | None = None) -> Connection:
    """A new connection; ``endpoint`` (``http://host:port``) is an emulator's. Raises ``SetupError`` without credentials.

    Unless given, the deadline is that of the environment, or ``DEADLINE_S``.
    """
    emulator = os.environ.get(EMULATOR, "")
    if emulator and "://" not in emulator:
        message = f"{EMULATOR} must be a URL such as http://127.0.0.1:4443"
        raise SetupError(message)
    os.environ.setdefault(_BUCKET_REQUESTS_OFF, "true")
    options = ClientOptions(api_endpoint=endpoint)
    try:
        # Without a project: only making buckets needs one.
        client = Client(project=None, client_options=options, use_auth_w_custom_endpoint=endpoint is None)
    except (auth.GoogleAuthError, ValueError) as error:
        message = f"there are no credentials for Google Cloud Storage ({one_line(str(error))}): {_CREDENTIALS_REMEDY}"
        raise SetupError(message) from error
    # The client's session is no part of its interface, but there is no other way to more than ten connections.
    session: requests.Session = client._http  # noqa: SLF001
    adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    session.hooks["response"].append(_read_refusals)
    return Connection(client, default_deadline_s() if deadline_s is None else deadline_s)


def _read_refusals(response: requests.Response, **_arguments: object) -> None:
    """Read what the client leaves unread when it tries a download again: its connection would be lost."""
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        _ = response.content


@contextmanager
def explained(bucket: str, what: str, role: str = WRITER) -> Iterator[None]:
    """Turn the client's refusals into our errors, ``what`` being the message's beginning, ``role`` what it takes.

    ``SetupError``: no such bucket, no permission, no credentials. ``TransientError``: it did not answer, or not well, to
    the end of the client's own attempts. ``OutputError``: the request itself is refused.
    """
    try:
        yield
    except Refusal as error:
        raise _translated(error, bucket, what, role) from error


def _translated(error: Exception, bucket: str, what: str, role: str) -> ClipTaskError:
    cause = error.cause if isinstance(error, api.RetryError) and error.cause else error
    said = f"{what}: {_reason(cause)}"
    kind: type[ClipTaskError] = SetupError
    match cause:
        case api.NotFound():
            said, remedy = f"there is no bucket {bucket} ({what})", "create it, or name another one"
        case api.Unauthorized() | api.Forbidden():
            remedy = f"grant the role {role} on the bucket {bucket} to the account that this runs as, or name another bucket"
        case auth.GoogleAuthError() if not (isinstance(cause, auth.TransportError) or cause.retryable):
            remedy = f"correct its credentials: {_CREDENTIALS_REMEDY}"
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
            remedy = f"correct {EMULATOR}, which names an emulator by http://host:port"
        case api.ClientError() if cause.code not in _BUSY:
            kind, remedy = OutputError, "name another place, or have its bucket changed"
        case _:
            kind, remedy = TransientError, "try again later"
    return kind(f"{said}; {remedy}")


_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


def _reason(error: BaseException) -> str:
    """What a refusal says, without the request's URL, which may hold the key to an upload."""
    match error:
        case api.GoogleAPICallError():
            return one_line(f"{error.code} {_answer(error) or HTTPStatus(error.code or 500).phrase}")
        case requests.Timeout() | urllib3.exceptions.TimeoutError() | TimeoutError():
            return "it does not answer in time"
        case requests.ConnectionError() | urllib3.exceptions.HTTPError() | ConnectionError():
            return "it cannot be reached, or breaks connections"
        case auth.GoogleAuthError():
            first = error.args[0] if error.args else type(error).__name__
            said = _reason(first) if isinstance(first, BaseException) else str(first)
            return one_line(f"there is no access token for it: {said}")
    return type(error).__name__


def _answer(error: api.GoogleAPICallError) -> str:
    """The server's own message: who lacks which permission."""
    response = error.response
    if not isinstance(response, requests.Response):
        return ""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return response.text if response.headers.get("Content-Type", "").startswith("text/plain") else ""

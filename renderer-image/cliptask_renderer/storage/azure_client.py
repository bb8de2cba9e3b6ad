"""How is Azure's blob storage talked to? By its own client, one a process, and every refusal becomes one of our errors here.

Which account: ``CLIPTASK_AZURE_ACCOUNT``, or the one of a connection string. Who it is: a connection string with a key or a
SAS, in ``AZURE_STORAGE_CONNECTION_STRING`` or the file that ``CLIPTASK_AZURE_CONNECTION_STRING_FILE`` names; else Azure's
default credentials find out: a pod's workload identity, a managed identity, ``az login``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from azure.core import exceptions as azure
from azure.core.credentials import TokenCredential
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from cliptask.errors import ClipTaskError, OutputError, SetupError, TransientError
from cliptask_renderer.storage.deadline import deadline_s as default_deadline_s
from cliptask_renderer.storage.words import one_line

ACCOUNT = "CLIPTASK_AZURE_ACCOUNT"
ENDPOINT = "CLIPTASK_AZURE_ENDPOINT"
FILE = "CLIPTASK_AZURE_CONNECTION_STRING_FILE"
_ACCOUNTS = (ACCOUNT, "AZURE_STORAGE_ACCOUNT")
_TEXT = "AZURE_STORAGE_CONNECTION_STRING"
_NAMED = (
    *_ACCOUNTS,
    ENDPOINT,
    _TEXT,
    FILE,
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_CLIENT_SECRET",
)
_SCOPE = "https://storage.azure.com/.default"
_CHUNK_BYTES = 32 << 20
"""Of what is read by one request, which is held in memory."""
_SOURCE_S = 3600
"""How long a source may be copied from that was signed for it."""
_CREDENTIALS_REMEDY = (
    "in a cluster, give its pods Azure's workload identity, or mount a file with a connection string; elsewhere, set "
    "AZURE_STORAGE_CONNECTION_STRING or run: az login"
)
READER = "Storage Blob Data Reader"
WRITER = "Storage Blob Data Contributor"

Refusal = (azure.AzureError, ValueError)
"""Everything that the client raises for what went wrong outside this process; ``ValueError`` where a key is none."""
_PASSING = (azure.ServiceRequestError, azure.ServiceResponseError, azure.IncompleteReadError)
_PASSING_CODES = {"ServerBusy", "OperationTimedOut", "InternalError"}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class Connection:
    """A client, safe for many threads at once, and how long it tries."""

    client: BlobServiceClient
    deadline_s: float
    """For one request with all its attempts."""
    identity: TokenCredential | None = None
    """Who it is, where no key or SAS says so."""
    page_objects: int = 1000
    """Of one request of a listing; more are not given."""
    containers_seen: set[str] = field(default_factory=set)
    """Containers that are known to exist."""

    def source(self, container: str, path: str) -> tuple[str, str | None]:
        """The URL by which the storage itself reads an object of its own, and what authorizes it to; None: the URL does."""
        url = self.client.get_blob_client(container, path).url
        if self.identity is not None:
            return url, f"Bearer {self.identity.get_token(_SCOPE).token}"
        key = getattr(self.client.credential, "account_key", None)
        if key is None:
            return url, None  # it has the SAS already
        until = datetime.now(UTC) + timedelta(seconds=_SOURCE_S)
        signed = generate_blob_sas(
            str(self.client.account_name), container, path, account_key=key, permission=BlobSasPermissions(read=True), expiry=until
        )  # fmt: skip
        return f"{url}?{signed}", None


_shared: dict[object, Connection] = {}
"""By what it was made with; the last one only."""
_sharing = threading.Lock()


def shared_connection() -> Connection:
    """The process's connection, made when first asked for, and anew when its connection string is another. Raises as ``connect``.

    Whoever has the earlier one goes on with that.
    """
    with _sharing:
        made_with = (*map(os.environ.get, _NAMED), connection_string())
        if made_with not in _shared:
            opened = connect()
            _shared.clear()
            _shared[made_with] = opened
        return _shared[made_with]


def connect(
    text: str = "", deadline_s: float | None = None, identity: TokenCredential | None = None
) -> Connection:
    """A new connection, by a connection string or an identity. Raises ``SetupError`` where no account is named.

    Unless given, the deadline and who it is are the environment's.
    """
    patience_s = default_deadline_s() if deadline_s is None else deadline_s
    options: Mapping[str, Any] = {
        "retry_total": 0,  # who stores tries again, and for how long
        "connection_timeout": patience_s / 6,
        "read_timeout": patience_s / 2,
        "max_single_put_size": _CHUNK_BYTES,
        "max_single_get_size": _CHUNK_BYTES,
        "max_chunk_get_size": _CHUNK_BYTES,
    }
    text = text or ("" if identity else connection_string())
    try:
        if text:
            return Connection(BlobServiceClient.from_connection_string(text, **options), patience_s)
        account = next((found for name in _ACCOUNTS if (found := os.environ.get(name))), "")
        endpoint = os.environ.get(ENDPOINT) or (account and f"https://{account}.blob.core.windows.net")
        if not endpoint:
            message = f"no account of Azure's storage is named: set {ACCOUNT}, or a connection string: {_CREDENTIALS_REMEDY}"
            raise SetupError(message)
        identity = identity or _default_identity()
        return Connection(BlobServiceClient(endpoint, credential=identity, **options), patience_s, identity)
    except Refusal as error:
        message = (
            f"there are no credentials for Azure's storage ({one_line(str(error))}): {_CREDENTIALS_REMEDY}"
        )
        raise SetupError(message) from error


def connection_string() -> str:
    """The environment's, or what its file holds; empty where neither is there. Raises ``SetupError`` for a file that cannot be read."""
    if text := os.environ.get(_TEXT, ""):
        return text
    file = os.environ.get(FILE)
    try:
        return Path(file).read_text().strip() if file else ""
    except FileNotFoundError:
        return ""  # a Secret of another cloud's credentials
    except (OSError, ValueError) as error:
        message = f"{FILE}: {file} cannot be read ({one_line(str(error))}): correct it"
        raise SetupError(message) from error


def _default_identity() -> TokenCredential:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415  not where a key says who it is

    # Who gives tokens is named by this pod's own environment: nobody else has to vouch for it.
    return DefaultAzureCredential(disable_instance_discovery=True)


def is_passing(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, azure.HttpResponseError) and error.status_code:
        status = error.status_code
        return (
            status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY or code_of(error) in _PASSING_CODES
        )
    return isinstance(error, _PASSING)


def code_of(error: azure.HttpResponseError) -> str:
    """The storage's own word for what happened."""
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code) or "")


@contextmanager
def explained(container: str, what: str, *, reads: bool = False) -> Iterator[None]:
    """See ``Bucket.explained``."""
    try:
        yield
    except Refusal as error:
        raise _translated(error, container, what, READER if reads else WRITER) from error


def _translated(error: Exception, container: str, what: str, role: str) -> ClipTaskError:
    said = f"{what}: {_reason(error)}"
    status = getattr(error, "status_code", None) if isinstance(error, azure.HttpResponseError) else None
    kind: type[ClipTaskError] = SetupError
    if status == HTTPStatus.NOT_FOUND:
        said, remedy = f"there is no container {container} ({what})", "create it, or name another one"
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        remedy = f"give the role {role} on the container {container} to who this runs as, or name another container"
    elif isinstance(error, azure.ClientAuthenticationError | ValueError):
        remedy = f"correct its credentials: {_CREDENTIALS_REMEDY}"
    elif status and not is_passing(error):
        kind, remedy = OutputError, "name another place, or have its container changed"
    else:
        kind, remedy = TransientError, "try again later"
    return kind(f"{said}; {remedy}")


def _reason(error: Exception) -> str:
    """What a refusal says, without the request's URL, which may hold a signature."""
    if isinstance(error, azure.HttpResponseError) and error.status_code:
        words = (
            str(error.message).partition("\n")[0] if code_of(error) else HTTPStatus(error.status_code).phrase
        )
        return one_line(f"{error.status_code} {words}")
    if isinstance(
        error, azure.ServiceRequestTimeoutError | azure.ServiceResponseTimeoutError
    ) or "timed out" in str(error):
        return "it does not answer in time"
    if isinstance(error, _PASSING):
        return "it cannot be reached, or breaks connections"
    return one_line(str(error).partition("\n")[0])

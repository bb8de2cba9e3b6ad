"""How is S3, or what speaks as it does, talked to? By botocore's client, one a process, and every refusal becomes one of our errors here.

Who it is: botocore finds that out. In a cluster of AWS the pod's identity (IRSA, EKS Pod Identity), elsewhere
``AWS_ACCESS_KEY_ID``, the file that ``AWS_SHARED_CREDENTIALS_FILE`` names, a profile. ``CLIPTASK_S3_ENDPOINT`` names another
server than AWS's own, ``CLIPTASK_S3_REGION`` the region; without them those of botocore's own settings count.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from botocore import exceptions as boto
from botocore.config import Config
from botocore.session import Session

from cliptask.errors import ClipTaskError, OutputError, SetupError, TransientError
from cliptask_renderer.storage.deadline import deadline_s as default_deadline_s
from cliptask_renderer.storage.words import one_line

ENDPOINT = "CLIPTASK_S3_ENDPOINT"
REGION = "CLIPTASK_S3_REGION"
_ENDPOINTS = (ENDPOINT, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS = (REGION, "AWS_REGION", "AWS_DEFAULT_REGION")
_USUAL_REGION = "us-east-1"
"""What servers that have no regions expect; AWS itself says where a bucket is, if it is elsewhere."""
_FILES = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}
_NAMED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN")
_CONNECTIONS = 64
"""Kept open, more than any process has threads that store or fetch."""
_CREDENTIALS_REMEDY = (
    "in a cluster, bind its Kubernetes service account to a role of IAM (IRSA or EKS Pod Identity), or mount a file as ~/.aws/credentials; "
    "elsewhere, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or run: aws configure"
)
READS = "s3:GetObject and s3:ListBucket"
WRITES = "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket"

Refusal = (boto.BotoCoreError, boto.ClientError)
"""Everything that the client raises for what went wrong outside this process."""
_NOBODY = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
    boto.UnauthorizedSSOTokenError,
    boto.TokenRetrievalError,
)
_PASSING = (boto.ConnectionError, boto.HTTPClientError, boto.ResponseStreamingError, boto.IncompleteReadError)
_PASSING_CODES = {
    "SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
    "InternalError", "ServiceUnavailable", "RequestTimeTooSkewed",
}  # fmt: skip
_REFUSED_CODES = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
    "TokenRefreshRequired", "AuthorizationHeaderMalformed", "InvalidClientTokenId", "InvalidIdentityToken",
}  # fmt: skip


@dataclass(frozen=True)
class Connection:
    """A client, safe for many threads at once, and how long it tries."""

    client: Any
    """botocore makes its class when asked for."""
    deadline_s: float
    """For one request with all its attempts."""
    page_objects: int = 1000
    """Of one request of a listing; more are not given."""
    buckets_seen: set[str] = field(default_factory=set)
    """Buckets that are known to exist."""
    temporary_s: float = 86400
    """How long unfinished uploads stay at least."""
    tidied: dict[tuple[str, str], float] = field(default_factory=dict)
    """By bucket and prefix: when it was last rid of older ones, in seconds of the monotonic clock."""


_shared: dict[object, Connection] = {}
"""By what it was made with; the last one only."""
_sharing = threading.Lock()


def shared_connection() -> Connection:
    """The process's connection, made when first asked for, and anew when its credentials' file is another. Raises as ``connect``.

    Whoever has the earlier one goes on with that.
    """
    with _sharing:
        made_with = (_first(_ENDPOINTS), _first(_REGIONS), *map(os.environ.get, _NAMED), *_files())
        if made_with not in _shared:
            opened = connect()
            _shared.clear()
            _shared[made_with] = opened
        return _shared[made_with]


def connect(
    endpoint: str | None = None, deadline_s: float | None = None, key: tuple[str, str] | None = None
) -> Connection:
    """A new connection; ``endpoint`` is a server's ``http://host:port``. Raises ``SetupError`` without credentials.

    Unless given, the endpoint, the deadline and the key with its secret are the environment's.
    """
    endpoint = endpoint or _first(_ENDPOINTS) or None
    if endpoint and "://" not in endpoint:
        message = f"{ENDPOINT} must be a URL such as https://minio.example.com:9000, not {endpoint!r}"
        raise SetupError(message)
    patience_s = default_deadline_s() if deadline_s is None else deadline_s
    config = Config(
        connect_timeout=patience_s / 6,
        read_timeout=patience_s / 2,
        max_pool_connections=_CONNECTIONS,
        retries={"total_max_attempts": 1},  # who stores tries again, and for how long
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        session = Session()
        if key is not None:
            session.set_credentials(*key)
        if session.get_credentials() is None:
            raise boto.NoCredentialsError
        region = _first(_REGIONS) or session.get_config_variable("region") or _USUAL_REGION
        client = session.create_client("s3", region_name=region, endpoint_url=endpoint, config=config)
    except (*Refusal, ValueError) as error:
        message = f"there are no credentials for S3 ({one_line(str(error))}): {_CREDENTIALS_REMEDY}"
        raise SetupError(message) from error
    return Connection(client, patience_s)


def is_passing(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, boto.ClientError):
        code, status = told(error)
        return (
            code in _PASSING_CODES
            or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            or status == HTTPStatus.TOO_MANY_REQUESTS
        )
    return isinstance(error, _PASSING)


def told(error: boto.ClientError) -> tuple[str, int]:
    """The code and the status of an answer."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code, int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def explained(bucket: str, what: str, *, reads: bool = False) -> Iterator[None]:
    """See ``Bucket.explained``."""
    try:
        yield
    except Refusal as error:
        raise _translated(error, bucket, what, READS if reads else WRITES) from error


def _translated(error: Exception, bucket: str, what: str, actions: str) -> ClipTaskError:
    said = f"{what}: {_reason(error)}"
    code, status = told(error) if isinstance(error, boto.ClientError) else ("", 0)
    kind: type[ClipTaskError] = SetupError
    if code == "NoSuchBucket" or status == HTTPStatus.NOT_FOUND:
        said, remedy = f"there is no bucket {bucket} ({what})", "create it, or name another one"
    elif code in _REFUSED_CODES or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        remedy = f"allow {actions} on the bucket {bucket} to the role or user that this runs as, or name another bucket"
    elif isinstance(error, _NOBODY):
        remedy = f"correct its credentials: {_CREDENTIALS_REMEDY}"
    elif isinstance(error, boto.InvalidEndpointConfigurationError | boto.EndpointProviderError):
        remedy = f"correct {ENDPOINT}, which names a server by https://host:port"
    elif code and not is_passing(error):
        kind, remedy = OutputError, "name another place, or have its bucket changed"
    else:
        kind, remedy = TransientError, "try again later"
    return kind(f"{said}; {remedy}")


def _reason(error: Exception) -> str:
    """What a refusal says, without the request's URL."""
    match error:
        case boto.ClientError():
            code, status = told(error)
            words = str(error.response.get("Error", {}).get("Message") or "") or code
            return one_line(f"{status} {words}")
        case boto.ConnectTimeoutError() | boto.ReadTimeoutError():
            return "it does not answer in time"
        case (
            boto.ConnectionError()
            | boto.HTTPClientError()
            | boto.ResponseStreamingError()
            | boto.IncompleteReadError()
        ):
            return "it cannot be reached, or breaks connections"
    return one_line(str(error))


def _first(names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := os.environ.get(name))), "")


def _files() -> Iterator[object]:
    """Changes when a file of credentials does: botocore reads them once."""
    for setting, usual in _FILES.items():
        try:
            found = Path(os.environ.get(setting) or usual).expanduser().stat()
        except (OSError, RuntimeError):
            yield None
        else:
            yield found.st_ino, found.st_mtime_ns, found.st_size

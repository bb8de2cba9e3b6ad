"""Which store is behind a URI? Apart from the port and its adapters, so that neither knows the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from cliptask.errors import SetupError
from cliptask.names import public_url
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.location import SCHEMES, Location, location

if TYPE_CHECKING:
    from cliptask_renderer.storage.bucket import Bucket


def open_store(uri: str, scratch: Path | None = None) -> Store:
    """The store behind ``file:///folder``, ``gs://bucket/prefix``, ``s3://bucket/prefix`` or ``az://container/prefix``. Raises ``SetupError`` for any other URI.

    ``scratch`` is where it prepares objects; None: in the folder itself, or for a bucket where temporary files lie.

    A folder need not exist: the first write makes it. A bucket must; its stores share one client in a process, whose
    credentials are looked for here: ``SetupError`` where there are none.
    """
    shown = public_url(uri) if "://" in uri else repr(uri.partition("?")[0])
    scheme = urlsplit(uri).scheme
    if scheme in SCHEMES:
        place = location(uri)
        if place is None:
            message = f"cannot store in {shown}: write a bucket's URI as {scheme}://bucket/campaigns, ? as %3F and # as %23"
            raise SetupError(message)
        return _bucket_store(scheme, place, scratch)
    return _folder_store(uri, shown, scratch)


def open_bucket(scheme: str, name: str) -> Bucket:
    """A bucket of S3, or a container of Azure's, by the client that this process shares. Raises ``SetupError`` without credentials."""
    if scheme == "az":
        from cliptask_renderer.storage import azure_client  # noqa: PLC0415  a client's library costs memory and time
        from cliptask_renderer.storage.azure import AzureContainer  # noqa: PLC0415  see above

        return AzureContainer(azure_client.shared_connection(), name, scheme)
    from cliptask_renderer.storage.s3 import S3Bucket  # noqa: PLC0415  a client's library costs memory and time
    from cliptask_renderer.storage.s3_client import shared_connection  # noqa: PLC0415  see above

    return S3Bucket(shared_connection(), name, scheme)


def _bucket_store(scheme: str, place: Location, scratch: Path | None) -> Store:
    # Each implementation is imported when asked for: a bucket's client library costs memory and time.
    if scheme == "gs":
        from cliptask_renderer.storage import gcs_client  # noqa: PLC0415  see above
        from cliptask_renderer.storage.gcs import GcsStore  # noqa: PLC0415  see above

        return GcsStore(place, gcs_client.shared_connection(), scratch)
    from cliptask_renderer.storage.object_store import ObjectStore  # noqa: PLC0415  see above

    return ObjectStore(open_bucket(scheme, place.bucket), place.path, scratch)


def _folder_store(uri: str, shown: str, scratch: Path | None) -> Store:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        message = (
            f"cannot store in {shown}: only folders and buckets of Google Cloud Storage, S3 and Azure are supported, "
            "written e.g. file:///srv/campaigns, gs://bucket/campaigns, s3://bucket/campaigns and az://container/campaigns"
        )
        raise SetupError(message)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        message = f"cannot store in {shown}: a folder's URI has three slashes, e.g. file:///srv/campaigns"
        raise SetupError(message)
    if parts.query or parts.fragment or "%00" in parts.path:
        message = f"cannot store in {shown}: write ? as %3F and # as %23 in a folder's URI"
        raise SetupError(message)
    from cliptask_renderer.storage.folder import FolderStore  # noqa: PLC0415  see above

    return FolderStore(Path(unquote(parts.path)), scratch)

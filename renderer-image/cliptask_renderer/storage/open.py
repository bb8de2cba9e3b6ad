"""Which store is behind a URI? Apart from the port and its adapters, so that neither knows the other."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from cliptask.errors import SetupError
from cliptask.names import public_url
from cliptask_renderer.storage.base import Store


def open_store(uri: str, scratch: Path | None = None) -> Store:
    """The store behind ``file:///folder`` or ``gs://bucket/prefix``. Raises ``SetupError`` for any other URI.

    ``scratch`` is where it prepares objects; None: in the folder itself, or for a bucket where temporary files lie.

    A folder need not exist: the first write makes it. A bucket must; its stores share one client in a process, whose
    credentials are looked for here: ``SetupError`` where there are none.
    """
    shown = public_url(uri) if "://" in uri else repr(uri.partition("?")[0])
    parts = urlsplit(uri)
    # Each implementation is imported when asked for: a bucket's client library costs memory and time.
    if parts.scheme == "gs":
        from cliptask_renderer.storage import gcs_client  # noqa: PLC0415  see above
        from cliptask_renderer.storage.gcs import GcsStore  # noqa: PLC0415  see above

        place = gcs_client.location(uri)
        if place is None:
            message = f"cannot store in {shown}: write a bucket's URI as gs://bucket/campaigns, ? as %3F and # as %23"
            raise SetupError(message)
        return GcsStore(place, gcs_client.shared_connection(), scratch)
    if parts.scheme != "file":
        message = (
            f"cannot store in {shown}: only folders and buckets of Google Cloud Storage are supported, "
            "written e.g. file:///srv/campaigns and gs://bucket/campaigns"
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

"""How is a bucket of S3 asked? One request a method, of S3's and of what speaks as it does (MinIO)."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from cliptask_renderer.storage.bucket import Changed, Damaged, Gone, Known, Taken, Upload, patiently
from cliptask_renderer.storage.crc32c import as_text
from cliptask_renderer.storage.joining import Limits
from cliptask_renderer.storage.labels import Label, packed, unpacked
from cliptask_renderer.storage.s3_client import Connection, Refusal, explained, is_passing, told

_PIECE_BYTES = 1 << 18
LIMITS = Limits(least=5 << 20, most=5 << 30, most_sent=32 << 20)
"""Parts of less than 5 MiB are refused, but the last; larger pieces to send would take memory, smaller ones requests."""
_HEADS_AT_A_TIME = 16
_CONDITIONS = {
    "NoSuchKey": Gone,
    "NoSuchUpload": Gone,
    "BadDigest": Damaged,
    "XAmzContentChecksumMismatch": Damaged,
    "XAmzContentSHA256Mismatch": Damaged,
    "InvalidRange": Changed,
}
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")


@dataclass(frozen=True)
class S3Bucket:
    """A ``Bucket``."""

    connection: Connection
    name: str
    scheme: str = "s3"
    limits: Limits = LIMITS

    @property
    def deadline_s(self) -> float:
        """How long is tried until a request passes for failed."""
        return self.connection.deadline_s

    @property
    def storage(self) -> object:
        """Its server: between its buckets it copies."""
        return self.connection.client.meta.endpoint_url

    def head(self, path: str) -> Known | None:
        """What there is, or None."""
        try:
            answer = self._call("head_object", Key=path)
        except Gone:
            return None
        return _known(path, answer, answer["ContentLength"])

    def list(self, prefix: str) -> Iterator[Known]:
        """Everything below: a listing tells no metadata, so each object is asked for its own, many at a time."""

        def head(path: str) -> Known | None:
            return patiently(self, lambda: self.head(path))

        with ThreadPoolExecutor(_HEADS_AT_A_TIME) as pool:
            # No more are asked ahead than a page has.
            paths = self._paths(prefix)
            while page := [*islice(paths, self.connection.page_objects)]:
                yield from (known for known in pool.map(head, page) if known is not None)

    @contextmanager
    def open(
        self, path: str, span: range | None = None, etag: str | None = None
    ) -> Iterator[tuple[Known, Iterator[bytes]]]:
        """An object's content from somewhere on, in pieces."""
        conditions: dict[str, object] = {} if etag is None else {"IfMatch": etag}
        if span is not None:
            # No range is empty: of none one byte is asked for, which tells whether the object is there.
            conditions["Range"] = f"bytes={span.start}-{max(span.stop, span.start + 1) - 1}"
        try:
            answer = self._call("get_object", Key=path, **conditions)
        except Changed:
            known = self.head(path)  # nothing lies beyond an object's end, which is no change of it
            if span is None or known is None or etag not in {None, known.etag}:
                raise
            yield known, iter(())
            return
        size = _TOTAL.match(answer.get("ContentRange", ""))
        with closing(answer["Body"]) as body:
            pieces = body.iter_chunks(_PIECE_BYTES)
            yield (
                _known(path, answer, int(size[1]) if size else answer["ContentLength"]),
                _first(pieces, span),
            )

    def put(self, path: str, content: bytes, label: Label, *, replace: bool) -> None:
        """Make an object at once."""
        self._call(
            "put_object",
            Key=path,
            Body=content,
            ChecksumCRC32C=as_text(label.crc32c or 0),
            **_told(path, label),
            **({} if replace else {"IfNoneMatch": "*"}),
        )
        self.connection.buckets_seen.add(self.name)

    def begin(self, path: str, label: Label) -> Upload:
        """Make one piece by piece."""
        answer = self._call("create_multipart_upload", Key=path, **_told(path, label))
        return _Upload(self, path, answer["UploadId"], {})

    def remove(self, path: str) -> None:
        """It need not be there."""
        self._call("delete_object", Key=path)

    def check(self) -> None:
        """Raise the client's error where there is no such bucket."""
        if self.name not in self.connection.buckets_seen:
            patiently(self, lambda: self._call("list_objects_v2", MaxKeys=1))
            self.connection.buckets_seen.add(self.name)

    def tidy(self, root: str) -> None:
        """Once a day, abort uploads that crashes have left. Whatever hinders it, another one will."""
        tidied, here, now = self.connection.tidied, (self.name, root), time.monotonic()
        if now - tidied.get(here, -math.inf) < self.connection.temporary_s:
            return
        tidied[here] = now
        oldest = datetime.now(UTC) - timedelta(seconds=self.connection.temporary_s)
        with suppress(*Refusal, Gone):
            for each in self._pages("list_multipart_uploads", "Uploads", Prefix=root):
                if each["Initiated"] < oldest:
                    self._call("abort_multipart_upload", Key=each["Key"], UploadId=each["UploadId"])

    def is_passing(self, error: Exception) -> bool:
        """Whether another attempt may succeed."""
        return is_passing(error)

    def explained(self, what: str, *, reads: bool = False) -> AbstractContextManager[None]:
        """Turn the client's errors into ours."""
        return explained(self.name, what, reads=reads)

    def _paths(self, prefix: str) -> Iterator[str]:
        for each in self._pages("list_objects_v2", "Contents", Prefix=prefix):
            yield each["Key"]

    def _pages(self, operation: str, items: str, **arguments: object) -> Iterator[Any]:
        most = "MaxKeys" if operation == "list_objects_v2" else "MaxUploads"
        going_on: dict[str, object] = {}
        while True:
            asked = {**arguments, most: self.connection.page_objects, **going_on}
            answer = patiently(self, lambda asked=asked: self._call(operation, **asked))  # type: ignore[misc]
            yield from answer.get(items, ())
            if not answer.get("IsTruncated"):
                return
            going_on = (
                {"ContinuationToken": answer["NextContinuationToken"]}
                if operation == "list_objects_v2"
                else {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}
            )

    def _call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401  botocore's answers have no types
        """One request. Raises what the client raises, and the conditions."""
        try:
            return getattr(self.connection.client, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            code, status = told(error)
            if code in _CONDITIONS:
                raise _CONDITIONS[code] from error
            if status == HTTPStatus.PRECONDITION_FAILED:
                raise (Taken if "IfNoneMatch" in arguments else Changed) from error
            if status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket":
                raise Gone from error
            raise


@dataclass(frozen=True)
class _Upload:
    """A multipart upload."""

    bucket: S3Bucket
    path: str
    upload: str
    etags: dict[int, str]

    def send(self, number: int, content: bytes, crc32c: int) -> None:
        """The piece of that number."""
        answer = self._call("upload_part", PartNumber=number, Body=content, ChecksumCRC32C=as_text(crc32c))
        self.etags[number] = answer["ETag"]

    def copy(self, number: int, bucket: str, source: Known, span: range) -> None:
        """The same from an object."""
        answer = self._call(
            "upload_part_copy",
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": source.path},
            CopySourceIfMatch=source.etag,
            CopySourceRange=f"bytes={span.start}-{span.stop - 1}",
        )
        self.etags[number] = answer["CopyPartResult"]["ETag"]

    def commit(self, *, replace: bool) -> None:
        """Make the object."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(self.etags.items())]
        self._call(
            "complete_multipart_upload",
            MultipartUpload={"Parts": parts},
            **({} if replace else {"IfNoneMatch": "*"}),
        )

    def abandon(self) -> None:
        """Remove the pieces as far as possible."""
        with suppress(*Refusal, Gone):
            self._call("abort_multipart_upload")

    def _call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401  as above
        return self.bucket._call(operation, Key=self.path, UploadId=self.upload, **arguments)  # noqa: SLF001  the same door


def _told(path: str, label: Label) -> dict[str, object]:
    own: dict[str, object] = {"Metadata": packed(path, label), "ContentType": label.content_type}
    return own | ({"CacheControl": label.cache_control} if label.cache_control else {})


def _known(path: str, answer: Any, size_bytes: int) -> Known:  # noqa: ANN401  as above
    label = unpacked(answer.get("Metadata", {}))
    return Known(path, size_bytes, answer["ETag"], label, answer.get("ContentEncoding", ""))


def _first(pieces: Iterator[bytes], span: range | None) -> Iterator[bytes]:
    """No more than was asked for."""
    left = math.inf if span is None else len(span)
    for piece in pieces:
        if left <= 0:
            return
        yield piece[: int(min(left, len(piece)))]
        left -= len(piece)

"""Are a cluster's videos signed by its Secrets, and what is told where they cannot be?"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.real_renderers import real
from support.signing import VALID, Authority

SIGNED = {"credentials": {"secretName": "ads"}}


@pytest.fixture
def signing(bed: Bed) -> Bed:
    """An operator that lets tasks be signed by one Secret, and renderers that make what they are told to."""
    bed.stop()
    bed.settings |= {"CLIPTASK_CREDENTIALS_SECRETS": "ads", "CLIPTASK_RETRY_SECONDS": "1"}
    bed.start()
    bed.renderers.judge = real(bed.gcs.url, lambda name: held(bed, name))
    return bed


def held(bed: Bed, name: str) -> Mapping[str, bytes]:
    """What the API has in a Secret."""
    data = json.loads(bed.kubectl("get", "secret", name, "--output=json"))["data"]
    return {key: base64.b64decode(value) for key, value in data.items()}


def issue(bed: Bed, authority: Authority, folder: Path, valid: tuple[timedelta, timedelta] = VALID) -> None:
    """Have the namespace hold a certificate, as cert-manager would."""
    authority.issue(folder, valid=valid)
    bed.kubectl("delete", "secret", "ads", "--ignore-not-found")
    bed.kubectl(
        "create", "secret", "tls", "ads", f"--cert={folder / 'tls.crt'}", f"--key={folder / 'tls.key'}"
    )


def test_videos_of_a_cluster_are_signed(signing: Bed, tmp_path: Path) -> None:
    """A laptop's would be, and those that run would not."""
    bed, authority = signing, Authority()
    issue(bed, authority, tmp_path / "ads")

    bed.apply(bed.task("camp", [[0, 1], [2]], disclosure=SIGNED, captions={"mode": "none"}))
    bed.wait("camp", timeout_s=240)

    videos = bed.videos("camp")
    assert len(videos) == 2
    for name in videos:
        with bed.renderers.store(f"gs://{bed.bucket}/out").local(name) as video:
            assert authority.verified(video).state == "Trusted"
    keys = {
        tuple(
            each["key"]
            for volume in job["spec"]["template"]["spec"]["volumes"]
            if "secret" in volume
            for each in volume["secret"]["items"]
        ): job["metadata"]["labels"]["cliptask.dev/step"]
        for job in bed.jobs("camp")
    }
    assert keys == {("tls.crt", "tls.key"): "variant", ("tls.crt",): "segment"}


def test_an_expired_certificate_is_told_at_once_and_a_renewed_one_goes_on(
    signing: Bed, tmp_path: Path
) -> None:
    """It would be found out when all is encoded, and a campaign fail for good for what passes."""
    bed, authority = signing, Authority()
    issue(bed, authority, tmp_path / "old", (timedelta(days=-9), timedelta(days=-1)))
    bed.apply(bed.task("camp", [[0, 1], [2]], disclosure=SIGNED, captions={"mode": "none"}))

    bed.wait_for(
        lambda: bed.condition("camp", "Complete").get("reason") == "Misconfigured", "it is told", 120
    )
    assert (
        "spec.disclosure.credentials: the Secret ads signs no videos: its certificate expired on"
        in (bed.condition("camp", "Complete")["message"])
    )
    assert [*bed.renderers.store(f"gs://{bed.bucket}/out/.cliptask").list("segments/")] == []
    issue(bed, authority, tmp_path / "new")

    assert bed.wait("camp", timeout_s=240)["succeeded"] == 2


def test_a_secret_that_is_not_listed_signs_nothing(signing: Bed) -> None:
    """Whoever writes tasks could use each certificate of the namespace."""
    other = {"credentials": {"secretName": "web-tls"}}

    signing.apply(signing.task("camp", [[0]], disclosure=other))

    signing.wait_for(
        lambda: signing.condition("camp", "Accepted").get("reason") == "SecretNotAllowed", "it is refused"
    )
    assert signing.jobs("camp") == []

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from cliptask.errors import SetupError
from cliptask_renderer.signing.certificate import check, known_certificate
from support.signing import KEYS, Authority

AUTHORITY = Authority()
DAY = timedelta(days=1)


def refusal(secrets: Path | str, *, with_key: bool = True) -> str:
    """The sentence with which the Secret ``ads`` is refused."""
    with pytest.raises(SetupError) as raised:
        check(str(secrets), "ads", with_key=with_key)
    return str(raised.value)


def locked(folder: Path) -> None:
    """Give a key a password."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )


def other_key(folder: Path) -> None:
    """Put another certificate's key there."""
    key = (AUTHORITY.issue(folder.parent / "other") / "tls.key").read_bytes()
    (folder / "tls.key").write_bytes(key)


BAD: dict[str, tuple[Callable[[Path], object], str, bool]] = {
    "no folder": (
        lambda _: None,
        "its tls.crt cannot be read (No such file or directory): create it with both",
        True,
    ),
    "no certificate": (
        lambda folder: (AUTHORITY.issue(folder) / "tls.crt").unlink(),
        "its tls.crt cannot be read (No such file or directory): create it with both",
        True,
    ),
    "no key": (
        lambda folder: (AUTHORITY.issue(folder) / "tls.key").unlink(),
        "its tls.key cannot be read (No such file or directory): create it with both",
        False,
    ),
    "empty": (
        lambda folder: (AUTHORITY.issue(folder) / "tls.crt").write_text(""),
        "its tls.crt holds no certificate that can be read",
        True,
    ),
    "no text": (
        lambda folder: (AUTHORITY.issue(folder) / "tls.crt").write_bytes(b"\xff\x00" * 99),
        "its tls.crt holds no certificate that can be read",
        True,
    ),
    "no PEM key": (
        lambda folder: (AUTHORITY.issue(folder) / "tls.key").write_text("key"),
        "its tls.key is no private key that can be read",
        False,
    ),
    "a key with a password": (
        lambda folder: locked(AUTHORITY.issue(folder)),
        "its tls.key is no private key that can be read",
        False,
    ),
    "another key": (
        lambda folder: other_key(AUTHORITY.issue(folder)),
        "its tls.key does not belong to the certificate in its tls.crt",
        False,
    ),
    "expired": (
        lambda folder: AUTHORITY.issue(folder, valid=(-90 * DAY, -DAY)),
        "its certificate expired on 20",
        True,
    ),
    "not yet valid": (
        lambda folder: AUTHORITY.issue(folder, valid=(DAY, 90 * DAY)),
        "its certificate is valid only from 20",
        True,
    ),
    "of servers": (
        lambda folder: AUTHORITY.issue(folder, uses=[ExtendedKeyUsageOID.SERVER_AUTH]),
        "its certificate is not for what content credentials ask for: have it issued for",
        True,
    ),
    "of anything": (
        lambda folder: AUTHORITY.issue(folder, uses=[]),
        "its certificate is not for what content credentials ask for: have it issued for",
        True,
    ),
    "of encipherment": (
        lambda folder: AUTHORITY.issue(folder, signs=False),
        "its certificate is not for digital signatures: have it issued for",
        True,
    ),
    "a small key": (
        lambda folder: AUTHORITY.issue(folder, key=rsa.generate_private_key(65537, 1024)),  # noqa: S505  that is what is wrong with it
        "its certificate has a kind of key that content credentials do not know: use ECDSA",
        True,
    ),
    "another curve": (
        lambda folder: AUTHORITY.issue(folder, key=ec.generate_private_key(ec.SECP256K1())),
        "its certificate has a kind of key that content credentials do not know: use ECDSA",
        True,
    ),
}
"""What is wrong, what is said of it, and whether that can be told without the key."""


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_sign_is_refused_in_a_sentence(tmp_path: Path, what: str) -> None:
    """All of a campaign would be encoded before a stranger's word for it is told, or videos signed that nobody trusts."""
    spoil, words, is_plain = BAD[what]
    spoil(tmp_path / "ads")

    said = refusal(tmp_path)
    assert said.startswith("spec.disclosure.credentials: the Secret ads signs no videos: ")
    assert words in said
    assert re.search(r": (create|put|use|renew|have) ", said)
    assert "\n" not in said
    if is_plain:
        assert words in refusal(tmp_path, with_key=False)
    else:
        check(str(tmp_path), "ads", with_key=False)


def test_a_secret_that_is_not_known_here_is_told_where_to_put() -> None:
    """On a laptop there are no Secrets."""
    assert refusal("") == (
        "spec.disclosure.credentials: the Secret ads is not known here: name a folder in CLIPTASK_SECRETS, and put "
        "ads/tls.crt and ads/tls.key there"
    )


@pytest.mark.parametrize("algorithm", sorted(KEYS))
@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_keys_are_taken_as_their_makers_write_them(
    tmp_path: Path, algorithm: str, form: serialization.PrivateFormat
) -> None:
    """cert-manager writes the older form unless told otherwise."""
    if algorithm == "ed25519":
        form = serialization.PrivateFormat.PKCS8  # the only one that there is
    AUTHORITY.issue(tmp_path / "ads", algorithm, form=form)

    check(str(tmp_path), "ads")

    assert known_certificate(str(tmp_path), "ads").algorithm == algorithm


def test_a_renewed_certificate_is_taken_without_a_new_start(tmp_path: Path) -> None:
    """Kubernetes writes a mounted Secret anew under a process that runs for hours."""
    AUTHORITY.issue(tmp_path / "ads")
    before = known_certificate(str(tmp_path), "ads")
    again = known_certificate(str(tmp_path), "ads")

    AUTHORITY.issue(tmp_path / "ads", "ed25519")

    assert again is before
    assert known_certificate(str(tmp_path), "ads").algorithm == "ed25519"

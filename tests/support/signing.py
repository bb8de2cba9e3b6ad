"""Who signs videos, and who verifies them: an authority with certificates of every kind, and the reader of the standard's authors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cliptask_renderer.mux.boxes import places
from cliptask_renderer.signing.binding import CLAIM_BOX

KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
"""By the algorithm that they sign with."""
VALID = timedelta(days=-1), timedelta(days=90)
"""From now."""


@dataclass(frozen=True)
class Authority:
    """Issues certificates, itself and through an authority below it."""

    key: CertificateIssuerPrivateKeyTypes = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Signed by itself: what verifiers trust."""
        return _authority(_name("Root"), _name("Root"), self.key, self.key, 1)

    @property
    def pem(self) -> str:
        """The same as text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self,
        folder: Path,
        algorithm: str = "es256",
        valid: tuple[timedelta, timedelta] = VALID,
        uses: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        *,
        signs: bool = True,
        form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
        key: Any = None,  # noqa: ANN401  any that certificates know
    ) -> Path:
        """Write a Secret's files into a folder, as cert-manager would; returns the folder."""
        key, below = key or KEYS[algorithm](), ec.generate_private_key(ec.SECP256R1())
        middle = _authority(_name("Below"), self.certificate.subject, below, self.key, 0)
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name("Advertiser"))
            .issuer_name(middle.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + valid[0])
            .not_valid_after(now + valid[1])
            .add_extension(_usage(digital_signature=signs, key_cert_sign=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(below.public_key()), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        leaf = builder.sign(below, hashes.SHA256())
        folder.mkdir(parents=True, exist_ok=True)
        pems = [each.public_bytes(serialization.Encoding.PEM) for each in (leaf, middle)]
        (folder / "tls.crt").write_bytes(b"".join(pems))
        (folder / "tls.key").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        )
        return folder

    def verified(self, video: Path) -> Verified:
        """What the standard's reader says of a video, where this authority is trusted."""
        settings = {"trust": {"trust_anchors": self.pem}, "verify": {"verify_trust": True}}
        with (
            c2pa.Context.from_dict(settings) as context,
            video.open("rb") as content,
            c2pa.Reader("video/mp4", content, context=context) as reader,
        ):
            told = json.loads(reader.json())
        return Verified(told)


@dataclass(frozen=True)
class Verified:
    """What a reader says."""

    told: Mapping[str, Any]

    @property
    def state(self) -> str:
        """Trusted, Valid or Invalid."""
        return str(self.told["validation_state"])

    @property
    def failures(self) -> list[str]:
        """Codes of what is wrong."""
        return [each["code"] for each in self.told["validation_results"]["activeManifest"]["failure"]]

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What is claimed."""
        found: Mapping[str, Any] = self.told["manifests"][self.told["active_manifest"]]
        return found

    @property
    def actions(self) -> list[Mapping[str, Any]]:
        """What was done."""
        (found,) = (each for each in self.manifest["assertions"] if each["label"].startswith("c2pa.actions"))
        actions: list[Mapping[str, Any]] = found["data"]["actions"]
        return actions


def without_claim(video: Path) -> bytes:
    """A signed video's bytes with nothing in the box of its claim, in which there are ids and salts of each signature's own."""
    content = bytearray(video.read_bytes())
    with video.open("rb") as file:
        claims = [
            span
            for kind, span in places(file)
            if kind == b"uuid" and content[span.start :].startswith(CLAIM_BOX)
        ]
    (claim,) = claims
    content[claim.start : claim.stop] = bytes(len(claim))
    return bytes(content)


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    key: CertificateIssuerPrivateKeyTypes,
    signing: CertificateIssuerPrivateKeyTypes,
    length: int,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        .add_extension(_usage(digital_signature=False, key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .sign(signing, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bikes"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, digital_signature: bool, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=not digital_signature and not key_cert_sign,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

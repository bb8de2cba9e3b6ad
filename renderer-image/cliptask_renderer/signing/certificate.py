"""Who signs? A certificate with its chain and its private key, as a Secret of the type kubernetes.io/tls has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

from cliptask.errors import SetupError

CHAIN, KEY = "tls.crt", "tls.key"
"""Files of the Secret: certificates from the signer's up, and the signer's private key, both as PEM."""

Algorithm = Literal["es256", "es384", "es512", "ps256", "ed25519"]
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_CURVES: dict[str, tuple[Algorithm, hashes.HashAlgorithm]] = {
    "secp256r1": ("es256", hashes.SHA256()),
    "secp384r1": ("es384", hashes.SHA384()),
    "secp521r1": ("es512", hashes.SHA512()),
}
_LEAST_RSA = 2048
_USES = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # signing of documents
    x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # signing of claims
)
"""Of which the standard wants one."""
_KINDS = "use ECDSA (P-256, P-384, P-521), RSA from 2,048 bits on, or Ed25519"
USAGES = "have it issued for digital signatures and e-mail protection (cert-manager: usages: [digital signature, email protection])"
"""What cert-manager calls them."""


@dataclass(frozen=True)
class Certificate:
    """What signs, and in whose name."""

    what: str
    """What messages call it."""
    chain: str
    """PEM."""
    algorithm: Algorithm
    sign: Callable[[bytes], bytes] = field(compare=False)


def check(secrets: str, name: str, *, with_key: bool = True) -> None:
    """Refuse a Secret that signs nothing, before anything is made for it. Raises ``SetupError`` saying why, and what to do.

    ``secrets`` is as of a ``WorkOrder``. Without the key the certificate alone is looked at: who only makes parts has no more.
    """
    if not with_key:
        _checked(_folder(secrets, name), datetime.now(UTC))
        return
    from cliptask_renderer.signing.library import try_out  # noqa: PLC0415  which needs this module

    try_out(known_certificate(secrets, name))


def known_certificate(secrets: str, name: str) -> Certificate:
    """The certificate of a Secret, which is read anew once it was written again. Raises ``SetupError`` as ``check``."""
    folder = _folder(secrets, name)
    return _read(folder, *(_state(folder / each) for each in (CHAIN, KEY)))


@lru_cache(maxsize=8)
def _read(folder: Path, *_states: tuple[int, ...]) -> Certificate:
    leaf, chain, algorithm = _checked(folder, datetime.now(UTC))
    try:
        key = serialization.load_pem_private_key(_content(folder, KEY), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        _refuse(
            folder,
            f"its {KEY} is no private key that can be read ({error})",
            "put it there as PEM, without a password",
        )
    if not isinstance(key, PrivateKey) or key.public_key() != leaf.public_key():
        _refuse(
            folder,
            f"its {KEY} does not belong to the certificate in its {CHAIN}",
            "put there what was issued together",
        )
    return Certificate(_what(folder), chain, algorithm, _signer(key))


def _folder(secrets: str, name: str) -> Path:
    if not secrets:
        message = (
            f"spec.disclosure.credentials: the Secret {name} is not known here: name a folder in CLIPTASK_SECRETS, and put "
            f"{name}/{CHAIN} and {name}/{KEY} there"
        )
        raise SetupError(message)
    return Path(secrets, name)


def _state(file: Path) -> tuple[int, ...]:
    """Another one once a file was written anew."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _checked(folder: Path, now: datetime) -> tuple[x509.Certificate, str, Algorithm]:
    content = _content(folder, CHAIN)
    try:
        leaf = x509.load_pem_x509_certificates(content)[0]
        chain = content.decode("ascii")
        algorithm = _algorithm(leaf.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        _refuse(
            folder,
            f"its {CHAIN} holds no certificate that can be read ({error})",
            "put there the signer's, and after it its issuers', as PEM",
        )
    if algorithm is None:
        _refuse(folder, "its certificate has a kind of key that content credentials do not know", _KINDS)
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not begins <= now <= ends:
        when = (
            f"is valid only from {begins:%Y-%m-%d %H:%M} on"
            if now < begins
            else f"expired on {ends:%Y-%m-%d %H:%M} UTC"
        )
        _refuse(folder, f"its certificate {when}", "renew it; videos that are there stay as they are")
    if leaf.issuer == leaf.subject:
        _refuse(
            folder,
            "its certificate is signed by itself",
            "have it issued by an authority, be it one of your own",
        )
    _check_uses(folder, leaf)
    return leaf, chain, algorithm


def _check_uses(folder: Path, leaf: x509.Certificate) -> None:
    try:
        extensions = leaf.extensions
    except ValueError as error:
        _refuse(folder, f"its certificate cannot be read ({error})", "have it issued anew")

    def value(kind: type[x509.ExtensionType]) -> object:
        try:
            return extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    usage, uses = value(x509.KeyUsage), value(x509.ExtendedKeyUsage)
    basic = value(x509.BasicConstraints)
    if isinstance(basic, x509.BasicConstraints) and basic.ca:
        _refuse(folder, "its certificate is an authority's, which signs no videos", "have it issue one")
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:
        _refuse(folder, "its certificate is not for digital signatures", USAGES)
    if not isinstance(uses, x509.ExtendedKeyUsage) or not any(each in uses for each in _USES):
        _refuse(folder, "its certificate is not for what content credentials ask for", USAGES)


def _algorithm(key: object) -> Algorithm | None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES[key.curve.name][0] if key.curve.name in _CURVES else None
    if isinstance(key, rsa.RSAPublicKey):
        return "ps256" if key.key_size >= _LEAST_RSA else None
    return "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else None


def _signer(key: PrivateKey) -> Callable[[bytes], bytes]:
    """What makes signatures as claims have them: of ECDSA two plain numbers, of RSA such with salt."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA256()
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return lambda content: key.sign(content, pss, digest)
    size, curve = (key.curve.key_size + 7) // 8, ec.ECDSA(_CURVES[key.curve.name][1])

    def sign(content: bytes) -> bytes:
        numbers = utils.decode_dss_signature(key.sign(content, curve))
        return b"".join(each.to_bytes(size) for each in numbers)

    return sign


def _content(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        _refuse(
            folder,
            f"its {name} cannot be read ({error.strerror})",
            "create it with both, as the type kubernetes.io/tls has them",
        )


def _what(folder: Path) -> str:
    return f"spec.disclosure.credentials: the Secret {folder.name}"


def _refuse(folder: Path, evidence: str, remedy: str) -> NoReturn:
    message = f"{_what(folder)} signs no videos: {evidence}: {remedy}"
    raise SetupError(message)

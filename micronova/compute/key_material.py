"""Keys themselves: checking what is imported, making new ones, and their fingerprints as Nova shows them.  Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from micronova.model.clock import utcnow
from micronova.model.errors import Invalid

_MAX_KEY = 16 * 1024
_COMMENT = "Generated-by-Nova"
# Microsoft's name of the user in a certificate (otherName), by which WinRM maps it to an account.
_UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_CERTIFICATE_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was made here.  ``private_key`` is given to the user once and never kept."""

    public_key: str
    private_key: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"NewKey(fingerprint={self.fingerprint!r}, private_key=***)"


def fingerprint(kind: str, public_key: str) -> str:
    """The fingerprint of a key of ``kind`` (ssh, x509), colons between bytes.  Raises Invalid if it is no such key."""
    if len(public_key) > _MAX_KEY:
        raise Invalid(f"Keypair data is invalid: a key has at most {_MAX_KEY} bytes")
    return _x509_fingerprint(public_key) if kind == "x509" else _ssh_fingerprint(public_key)


def generate(kind: str, user_id: str) -> NewKey:
    """Make a key: ssh ECDSA P-256 in PEM, or an x509 certificate for WinRM with RSA 2048."""
    return _generate_x509(user_id) if kind == "x509" else _generate_ssh()


def _ssh_fingerprint(public_key: str) -> str:
    text = public_key.strip()
    if any(ord(char) < 32 for char in text.replace("\t", " ")):
        raise Invalid("Keypair data is invalid: a public key is one line")
    try:
        serialization.load_ssh_public_key(text.encode())
        blob = base64.b64decode(text.split()[1], validate=True)
    except (ValueError, IndexError, binascii.Error, UnsupportedAlgorithm, UnicodeError) as err:
        raise Invalid("Keypair data is invalid: failed to generate fingerprint") from err
    # Not for security: the form of a fingerprint that clients compare.
    return _colons(hashlib.md5(blob, usedforsecurity=False).hexdigest())


def _x509_fingerprint(certificate: str) -> str:
    try:
        loaded = x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, UnsupportedAlgorithm, UnicodeError) as err:
        raise Invalid("Keypair data is invalid: failed to generate X509 fingerprint. Error message: not PEM") from err
    return _colons(loaded.fingerprint(hashes.SHA1()).hex())  # noqa: S303


def _colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _generate_ssh() -> NewKey:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    public_key = f"{public.decode()} {_COMMENT}"
    return NewKey(public_key=public_key, private_key=_pem(key), fingerprint=_ssh_fingerprint(public_key))


def _generate_x509(user_id: str) -> NewKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_id[:64] or "micronova")])
    upn = _utf8_string(f"{user_id}@localhost"[:120])
    now = utcnow()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.OtherName(_UPN, upn)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public_key = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return NewKey(public_key=public_key, private_key=_pem(key), fingerprint=_x509_fingerprint(public_key))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _utf8_string(text: str) -> bytes:
    """DER of a UTF8String shorter than 128 bytes."""
    data = text.encode()[:127]
    return bytes([0x0C, len(data)]) + data

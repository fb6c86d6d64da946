"""Fingerprints of known keys, and keys that are made here."""

from __future__ import annotations

import pytest
from cryptography import x509

from micronova.compute import key_material
from micronova.model.errors import Invalid

# Made with ssh-keygen; its fingerprint by "ssh-keygen -l -E md5".
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHkcCPnbFe0ep0H5FKqR2HUJYXZ1IzQ/SPpnRAgr/jEu someone"


def test_ssh_fingerprint_is_md5_with_colons() -> None:
    found = key_material.fingerprint("ssh", ED25519)
    assert found == key_material.fingerprint("ssh", ED25519.removesuffix(" someone") + "\n")
    assert len(found.split(":")) == 16
    assert all(len(byte) == 2 for byte in found.split(":"))


@pytest.mark.parametrize("kind", ["ssh", "x509"])
def test_made_keys_can_be_imported_and_say_nothing(kind: str) -> None:
    made = key_material.generate(kind, "user")
    assert key_material.fingerprint(kind, made.public_key) == made.fingerprint
    assert made.private_key not in repr(made)
    assert "PRIVATE" not in repr(made)
    assert key_material.generate(kind, "user").fingerprint != made.fingerprint


def test_certificates_name_the_user() -> None:
    made = key_material.generate("x509", "0123456789abcdef")
    certificate = x509.load_pem_x509_certificate(made.public_key.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    [name] = names.get_values_for_type(x509.OtherName)
    assert name.value.endswith(b"0123456789abcdef@localhost")
    assert certificate.subject.rfc4514_string() == "CN=0123456789abcdef"


@pytest.mark.parametrize("kind", ["ssh", "x509"])
@pytest.mark.parametrize("key", ["", "x", ED25519[:40], "ssh-rsa \x00", "\ud800", "A" * 20000])
def test_other_things_are_refused(kind: str, key: str) -> None:
    with pytest.raises(Invalid, match="Keypair data is invalid"):
        key_material.fingerprint(kind, key)

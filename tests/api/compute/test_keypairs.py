"""Keypairs through HTTP at all of their microversions."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from micronova.compute import quotas
from tests.api.compute.conftest import OWN, Cloud, message


def public_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode() + " me@here"


def test_import_show_list_delete_at_2_1(cloud: Cloud) -> None:
    key = public_key()
    made = cloud.post("/os-keypairs", {"keypair": {"name": "k", "public_key": key}}, as_="member")
    assert made.status_code == 200
    pair = made.json()["keypair"]
    assert set(pair) == {"name", "public_key", "fingerprint", "user_id"}
    assert (pair["public_key"], pair["user_id"]) == (key, "user-member")
    shown = cloud.get("/os-keypairs/k", as_="member").json()["keypair"]
    assert set(shown) == {
        *("name", "public_key", "fingerprint", "user_id"),
        *("id", "created_at", "updated_at", "deleted", "deleted_at"),
    }
    listed = cloud.get("/os-keypairs", as_="member").json()
    assert listed == {"keypairs": [{"keypair": {k: pair[k] for k in ("name", "public_key", "fingerprint")}}]}
    assert cloud.delete("/os-keypairs/k", as_="member").status_code == 202
    gone = cloud.get("/os-keypairs/k", as_="member")
    assert (gone.status_code, message(gone)) == (404, "Keypair k not found for user user-member")


def test_status_codes_and_types_since_2_2(cloud: Cloud) -> None:
    body = {"keypair": {"name": "k", "type": "ssh", "public_key": public_key()}}
    assert cloud.post("/os-keypairs", body, version="2.1").status_code == 400
    made = cloud.post("/os-keypairs", body, version="2.2")
    assert made.status_code == 201
    assert made.json()["keypair"]["type"] == "ssh"
    assert cloud.get("/os-keypairs", version="2.2").json()["keypairs"][0]["keypair"]["type"] == "ssh"
    assert cloud.delete("/os-keypairs/k", version="2.2").status_code == 204


def test_generated_ssh_key_is_a_pair_and_is_not_kept(cloud: Cloud) -> None:
    made = cloud.post("/os-keypairs", {"keypair": {"name": "k"}}, version="2.2").json()["keypair"]
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert made["public_key"] == f"{public.decode()} Generated-by-Nova"
    assert "private_key" not in cloud.get("/os-keypairs/k").json()["keypair"]


def test_generated_x509(cloud: Cloud) -> None:
    made = cloud.post("/os-keypairs", {"keypair": {"name": "k", "type": "x509"}}, version="2.2").json()["keypair"]
    assert made["public_key"].startswith("-----BEGIN CERTIFICATE-----")
    assert isinstance(serialization.load_pem_private_key(made["private_key"].encode(), None), rsa.RSAPrivateKey)
    assert len(made["fingerprint"]) == 59  # SHA-1, colons between
    again = {"keypair": {"name": "k2", "type": "x509", "public_key": made["public_key"]}}
    assert cloud.post("/os-keypairs", again, version="2.2").json()["keypair"]["fingerprint"] == made["fingerprint"]


def test_only_import_since_2_92(cloud: Cloud) -> None:
    assert cloud.post("/os-keypairs", {"keypair": {"name": "k"}}, version="2.91").status_code == 201
    refused = cloud.post("/os-keypairs", {"keypair": {"name": "k2"}}, version="2.92")
    assert (refused.status_code, message(refused).split(".")[0]) == (
        400,
        "Invalid input for field/attribute keypair",
    )
    assert "'public_key' is a required property" in message(refused)
    good = {"keypair": {"name": "me@example.org", "public_key": public_key()}}
    assert cloud.post("/os-keypairs", good, version="2.92").status_code == 201


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "semi;colon", "x" * 256, "ünicode", " a", "<script>"])
@pytest.mark.parametrize("version", ["2.1", "2.92"])
def test_names(cloud: Cloud, name: str, version: str) -> None:
    body = {"keypair": {"name": name, "public_key": public_key()}}
    assert cloud.post("/os-keypairs", body, version=version).status_code == 400
    assert cloud.get("/os-keypairs").json() == {"keypairs": []}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ssh-rsa",
        "ssh-rsa AAAA",
        "ssh-ed25519 !!!! me",
        "nonsense" * 10,
        "-----BEGIN CERTIFICATE-----",
        "ü",
        "ssh-rsa " + "A" * 20000,
    ],
)
def test_bad_keys(cloud: Cloud, key: str) -> None:
    for kind in ("ssh", "x509"):
        body = {"keypair": {"name": "k", "type": kind, "public_key": key}}
        refused = cloud.post("/os-keypairs", body, version="2.2")
        assert refused.status_code == 400
        assert message(refused).startswith("Keypair data is invalid: ")
    two_lines = {"keypair": {"name": "k", "public_key": public_key() + "\n" + public_key()}}
    assert cloud.post("/os-keypairs", two_lines).status_code == 400


def test_names_are_taken_once_per_user(cloud: Cloud) -> None:
    body = {"keypair": {"name": "k", "public_key": public_key()}}
    assert cloud.post("/os-keypairs", body, as_="member").status_code == 200
    taken = cloud.post("/os-keypairs", body, as_="member")
    assert (taken.status_code, message(taken)) == (409, "Key pair 'k' already exists.")
    assert cloud.post("/os-keypairs", body, as_="foreigner").status_code == 200


def test_other_users_keypairs_since_2_10_for_admins(cloud: Cloud) -> None:
    body = {"keypair": {"name": "k", "public_key": public_key(), "user_id": "user-member"}}
    assert cloud.post("/os-keypairs", body, version="2.9").status_code == 400
    assert cloud.post("/os-keypairs", body, version="2.10", as_="foreigner").status_code == 403
    made = cloud.post("/os-keypairs", body, version="2.10")
    assert made.json()["keypair"]["user_id"] == "user-member"
    assert cloud.get("/os-keypairs/k", as_="member").status_code == 200
    assert cloud.get("/os-keypairs/k", as_="foreigner").status_code == 404
    query = "?user_id=user-member"
    assert len(cloud.get(f"/os-keypairs{query}", version="2.10").json()["keypairs"]) == 1
    assert cloud.get(f"/os-keypairs{query}", version="2.9").json()["keypairs"] == []
    for call in ("get", "delete"):
        assert getattr(cloud, call)(f"/os-keypairs/k{query}", version="2.10", as_="foreigner").status_code == 403
    assert cloud.delete(f"/os-keypairs/k{query}", version="2.10").status_code == 204


def test_pages_since_2_35(cloud: Cloud) -> None:
    for name in ("b", "a", "d", "c"):
        cloud.post("/os-keypairs", {"keypair": {"name": name, "public_key": public_key()}})

    def names(query: str, version: str) -> list[str]:
        listed = cloud.get(f"/os-keypairs{query}", version=version).json()["keypairs"]
        return [item["keypair"]["name"] for item in listed]

    assert names("?limit=2", "2.34") == ["a", "b", "c", "d"]
    assert names("?limit=2", "2.35") == ["a", "b"]
    assert names("?limit=2&marker=b", "2.35") == ["c", "d"]
    links = cloud.get("/os-keypairs?limit=2", version="2.35").json()["keypairs_links"]
    assert links == [{"rel": "next", "href": "http://testserver/compute/v2.1/os-keypairs?limit=2&marker=b"}]
    assert cloud.get("/os-keypairs?marker=x", version="2.35").status_code == 400


def test_quota(cloud: Cloud) -> None:
    with cloud.database.write() as conn:
        quotas.update(conn, cloud.api.settings.quota, OWN, {"key_pairs": 1})
    assert cloud.post("/os-keypairs", {"keypair": {"name": "a", "public_key": public_key()}}).status_code == 200
    refused = cloud.post("/os-keypairs", {"keypair": {"name": "b", "public_key": public_key()}})
    assert (refused.status_code, message(refused)) == (403, "Quota exceeded, too many key pairs.")

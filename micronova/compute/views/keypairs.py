"""Keypairs as the API shows them (their type since 2.2)."""

from __future__ import annotations

from typing import Any

from micronova.compute.keypairs import KeyPair
from micronova.model.clock import micros
from micronova.web.request import Request


def summary(req: Request, pair: KeyPair) -> dict[str, Any]:
    """An item of the list."""
    view = {"name": pair.name, "public_key": pair.public_key, "fingerprint": pair.fingerprint}
    if req.at_least(2):
        view["type"] = pair.type
    return view


def created(req: Request, pair: KeyPair, private_key: str | None) -> dict[str, Any]:
    """The answer to a creation; the private key, if we made it, is shown here and never again."""
    view = {**summary(req, pair), "user_id": pair.user_id}
    if private_key is not None:
        view["private_key"] = private_key
    return view


def detail(req: Request, pair: KeyPair) -> dict[str, Any]:
    """One keypair."""
    return {
        **summary(req, pair),
        "user_id": pair.user_id,
        "id": pair.id,
        "created_at": micros(pair.created_at),
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }

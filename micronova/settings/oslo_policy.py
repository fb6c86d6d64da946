"""``[oslo_policy]``: the operator's rules."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import switch, text


@dataclass(frozen=True, slots=True, kw_only=True)
class OsloPolicy:
    """Where policy.yaml is."""

    policy_file: str = text(
        "policy.yaml", help="File of changed rules; a relative name is looked for beside the first --config-file."
    )
    enforce_scope: bool = switch(True, ours=True, help="No effect: scopes are always enforced.")
    enforce_new_defaults: bool = switch(True, help="No effect: the reader/member/manager/admin roles always apply.")

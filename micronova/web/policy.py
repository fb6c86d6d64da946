"""Policy: oslo.policy rules with Nova's, Keystone's, Glance's and Neutron's names, and an operator's policy.yaml.

Targets come from the database (the row's project and user), never from a request's body (T-ID2, T-API8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts
from oslo_policy import policy as oslo

from micronova.model.caller import Caller
from micronova.model.errors import Forbidden

RuleDefault = oslo.DocumentedRuleDefault
PlainRule = oslo.RuleDefault


class Policy:
    """All rules of all services, and the operator's changes to them."""

    def __init__(self, rules: Iterable[oslo.RuleDefault], policy_file: Path | None = None) -> None:
        conf = cfg.ConfigOpts()
        conf([], project="micronova", default_config_files=[], default_config_dirs=[])
        # No file: the defaults alone.  With one: read again when it changes, as operators expect.
        opts.set_defaults(conf, policy_file=str(policy_file) if policy_file else None, policy_dirs=[])
        self._enforcer = oslo.Enforcer(conf)
        self._enforcer.register_defaults(list(rules))
        self._enforcer.load_rules()

    @property
    def rules(self) -> Mapping[str, oslo.RuleDefault]:
        """The registered rules by name, for documents and tests."""
        rules: Mapping[str, oslo.RuleDefault] = self._enforcer.registered_rules
        return rules

    def allows(self, caller: Caller, rule: str, target: Mapping[str, object] | None = None) -> bool:
        """Whether ``caller`` may do ``rule`` to ``target`` (default: something in the caller's own project)."""
        if target is None:
            target = {"project_id": caller.project_id, "user_id": caller.user_id}
        return bool(self._enforcer.enforce(rule, dict(target), caller.credentials()))

    def authorize(self, caller: Caller, rule: str, target: Mapping[str, object] | None = None) -> None:
        """Raise Forbidden unless allowed."""
        if not self.allows(caller, rule, target):
            raise Forbidden(f"Policy doesn't allow {rule} to be performed.")

"""Policy: oslo.policy rules with Nova's, Keystone's, Glance's and Neutron's names, and an operator's policy.yaml.

Targets come from the database (the row's project and user), never from a request's body (T-ID2, T-API8).
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts
from oslo_policy import policy as oslo

from micronova.model.caller import Caller
from micronova.model.errors import Forbidden

RuleDefault = oslo.DocumentedRuleDefault
PlainRule = oslo.RuleDefault


# oslo.policy takes some 0.3 ms for a verdict; a list asks the same few questions again and again.
_MAX_KEPT = 8192


class Policy:
    """All rules of one service, and the operator's changes to them.  Thread safe.

    Verdicts are kept by everything that they depend on; a change of the file is noticed within a second.
    """

    def __init__(self, rules: Iterable[oslo.RuleDefault], policy_file: Path | None = None) -> None:
        conf = cfg.ConfigOpts()
        conf([], project="micronova", default_config_files=[], default_config_dirs=[])
        # No file: the defaults alone.  With one: read again when it changes, as operators expect.
        opts.set_defaults(conf, policy_file=str(policy_file) if policy_file else None, policy_dirs=[])
        self._enforcer = oslo.Enforcer(conf)
        self._enforcer.register_defaults(list(rules))
        self._enforcer.load_rules()
        self._file = policy_file
        self._kept: dict[Hashable, bool] = {}
        self._looked_at = 0.0
        self._changed_at = self._file_time()

    @property
    def rules(self) -> Mapping[str, oslo.RuleDefault]:
        """The registered rules by name, for documents and tests."""
        rules: Mapping[str, oslo.RuleDefault] = self._enforcer.registered_rules
        return rules

    def allows(self, caller: Caller, rule: str, target: Mapping[str, object] | None = None) -> bool:
        """Whether ``caller`` may do ``rule`` to ``target`` (default: something in the caller's own project)."""
        if target is None:
            target = {"project_id": caller.project_id, "user_id": caller.user_id}
        self._follow_file()
        who = (caller.user_id, caller.project_id, caller.domain_id, caller.system_scope, caller.roles)
        home = (caller.user_domain_id, caller.project_domain_id, caller.is_admin_project)
        key: Hashable = (rule, *who, *home, *sorted(target.items(), key=str))
        try:
            verdict = self._kept.get(key)
        except TypeError:  # a target with a list in it: not kept
            return self._verdict(caller, rule, target)
        if verdict is None:
            verdict = self._verdict(caller, rule, target)
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = verdict
        return verdict

    def authorize(self, caller: Caller, rule: str, target: Mapping[str, object] | None = None) -> None:
        """Raise Forbidden unless allowed."""
        if not self.allows(caller, rule, target):
            raise Forbidden(f"Policy doesn't allow {rule} to be performed.")

    def _verdict(self, caller: Caller, rule: str, target: Mapping[str, object]) -> bool:
        return bool(self._enforcer.enforce(rule, dict(target), caller.credentials()))

    def _follow_file(self) -> None:
        if self._file is None:
            return
        now = time.monotonic()
        if now - self._looked_at < 1.0:
            return
        self._looked_at = now
        changed_at = self._file_time()
        if changed_at != self._changed_at:
            self._changed_at = changed_at
            self._kept.clear()

    def _file_time(self) -> int:
        return 0 if self._file is None or not self._file.exists() else self._file.stat().st_mtime_ns

"""What a token of an application credential with access rules may ask for: these requests and no other.

Contract: keystonemiddleware; ``*`` and ``{name}`` stand for one segment of the path, ``**`` for any number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

# (service type, method, path pattern), as in the application credential.
Rule = tuple[str, str, str]
_WILDCARD = re.compile(r"\*\*|\*|\{[^/{}]*\}")


def permitted(rules: Sequence[Rule], service: str, method: str, path: str) -> bool:
    """Whether one of ``rules`` allows this request; ``path`` is that below the service's prefix."""
    return any(
        rule_service == service and rule_method == method and _compiled(pattern).fullmatch(path) is not None
        for rule_service, rule_method, pattern in rules
    )


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts, at = [], 0
    for wildcard in _WILDCARD.finditer(pattern):
        parts += [re.escape(pattern[at : wildcard.start()]), ".*" if wildcard[0] == "**" else "[^/]+"]
        at = wildcard.end()
    return re.compile("".join(parts) + re.escape(pattern[at:]))

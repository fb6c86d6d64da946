"""A decision in words: counts and codes for users (CVE-2019-14433), hosts and numbers for admins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from micronova.scheduler.decision import Cause, Decision, Reason

# Different combinations of causes that a user's text lists, and hosts that an admin's text lists.
_MAX_GROUPS = 8
_MAX_HOSTS = 50

_CLASS_FOR_USER = {"VCPU": "vCPUs", "PCPU": "dedicated CPUs", "MEMORY_MB": "memory", "DISK_GB": "disk"}
_CLASS_FOR_ADMIN = {"VCPU": "vcpus", "PCPU": "pcpus", "MEMORY_MB": "memory_mib", "DISK_GB": "disk_gib"}

_FOR_USER: Mapping[Reason, str] = {
    Reason.NO_RESOURCE: "without any {class_}",
    Reason.NOT_ENOUGH: "without enough {class_}",
    Reason.UNIT: "not giving {class_} in that amount",
    Reason.TRAIT_MISSING: "without trait {subject}",
    Reason.TRAIT_FORBIDDEN: "with forbidden trait {subject}",
    Reason.DISABLED: "disabled",
    Reason.DOWN: "down",
    Reason.NO_SERVICE: "without a compute service",
    Reason.OTHER_ZONE: "not in availability zone {subject}",
    Reason.ALREADY_TRIED: "where the build failed before",
    Reason.NOT_THE_FORCED_HOST: "not the requested host",
    Reason.CAPABILITY: "not matching {subject}",
    Reason.IMAGE_PROPERTIES: "not supporting the image's {subject}",
    Reason.NOT_SAME_HOST: "without the servers of hint same_host",
    Reason.NOT_DIFFERENT_HOST: "with a server of hint different_host",
    Reason.GROUP_AFFINITY: "without the other members of the affinity group",
    Reason.GROUP_ANTI_AFFINITY: "with a member of the anti-affinity group",
}


def explain_for_user(decision: Decision) -> str:
    """``No valid host was found: 3 hosts: 2 without enough memory, 1 without trait HW_CPU_X86_AVX512F``.

    Each rejected host counts once, under all of its causes.  Names neither hosts nor their numbers (T-API10).
    """
    total = len(decision.rejected)
    if total == 0:
        return "No valid host was found: there are no hosts."
    groups = Counter(" and ".join(_user_text(cause) for cause in one.causes) for one in decision.rejected)
    ordered = sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count} {text}" for text, count in ordered[:_MAX_GROUPS]]
    rest = sum(count for _, count in ordered[_MAX_GROUPS:])
    if rest:
        parts.append(f"{rest} for other reasons")
    return f"No valid host was found: {total} host{'' if total == 1 else 's'}: {', '.join(parts)}"


def explain_for_admin(decision: Decision) -> str:
    """One line per rejected host with its numbers; the first 50 hosts, and how many more there are."""
    lines = [
        f"{one.host}: {'; '.join(admin_text(cause) for cause in one.causes)}" for one in decision.rejected[:_MAX_HOSTS]
    ]
    if len(decision.rejected) > _MAX_HOSTS:
        lines.append(f"... and {len(decision.rejected) - _MAX_HOSTS} more hosts")
    return "\n".join(lines) or "there are no hosts"


def admin_text(cause: Cause) -> str:
    """``memory_mib: asked 8192, free 4096 of 16384 at ratio 1.0``."""
    name, numbers = _CLASS_FOR_ADMIN.get(cause.subject, cause.subject), cause.numbers
    if cause.reason is Reason.NOT_ENOUGH:
        free = f"free {numbers['free']} of {numbers['limit']} at ratio {numbers['ratio']}"
        text = f"{name}: asked {numbers['asked']}, {free}"
        max_unit = numbers.get("max_unit")
        if isinstance(max_unit, int) and int(numbers["asked"]) > max_unit:
            text += f", at most {max_unit} for one server"
        return text
    if cause.reason is Reason.UNIT:
        return f"{name}: " + ", ".join(f"{key} {value}" for key, value in numbers.items())
    text = _user_text(cause)
    details = ", ".join(f"{key} {value}" for key, value in numbers.items() if value != "")
    return f"{text} ({details})" if details else text


def _user_text(cause: Cause) -> str:
    return _FOR_USER[cause.reason].format(
        subject=cause.subject, class_=_CLASS_FOR_USER.get(cause.subject, cause.subject)
    )

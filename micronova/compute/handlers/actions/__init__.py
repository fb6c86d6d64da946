"""The actions of servers.  To add one: a file that defines ``ACTION``, and its place in ACTIONS."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.compute.handlers.actions import get_console_output
from micronova.compute.handlers.actions.action import Action

ACTIONS: Sequence[Action] = (get_console_output.ACTION,)

# Actions that the Compute API has and we do not have yet: refused as such, not as unknown.
NOT_YET = frozenset(
    {
        "addFixedIp", "addFloatingIp", "addSecurityGroup", "changePassword", "confirmResize", "createBackup",
        "createImage", "evacuate", "forceDelete", "injectNetworkInfo", "lock", "migrate", "os-getRDPConsole",
        "os-getSerialConsole", "os-getSPICEConsole", "os-getVNCConsole", "os-migrateLive", "os-resetState", "os-start",
        "os-stop", "pause", "reboot", "rebuild", "removeFixedIp", "removeFloatingIp", "removeSecurityGroup", "rescue",
        "resetNetwork", "resize", "restore", "resume", "revertResize", "shelve", "shelveOffload", "suspend",
        "trigger_crash_dump", "unlock", "unpause", "unrescue", "unshelve",
    }
)  # fmt: skip

"""The absolute limits, as the API names them.

2.36  no network limits    2.39  no maxImageMeta    2.57  no personality
"""

from __future__ import annotations

from collections.abc import Mapping

from micronova.compute.quotas import UNLIMITED, Used
from micronova.web.request import Request


def absolute(req: Request, found: Mapping[str, Used]) -> dict[str, int]:
    """Limits and use of one project."""
    view = {
        "maxTotalInstances": found["instances"].limit,
        "maxTotalCores": found["cores"].limit,
        "maxTotalRAMSize": found["ram"].limit,
        "maxTotalKeypairs": found["key_pairs"].limit,
        "maxServerMeta": found["metadata_items"].limit,
        "maxServerGroups": found["server_groups"].limit,
        "maxServerGroupMembers": found["server_group_members"].limit,
        "totalInstancesUsed": found["instances"].in_use,
        "totalCoresUsed": found["cores"].in_use,
        "totalRAMUsed": found["ram"].in_use,
        "totalServerGroupsUsed": found["server_groups"].in_use,
    }
    if not req.at_least(36):
        view |= {
            "maxTotalFloatingIps": UNLIMITED,
            "maxSecurityGroups": UNLIMITED,
            "maxSecurityGroupRules": UNLIMITED,
            "totalFloatingIpsUsed": 0,
            "totalSecurityGroupsUsed": 0,
        }
    if not req.at_least(39):
        view["maxImageMeta"] = found["metadata_items"].limit
    if not req.at_least(57):
        view["maxPersonality"] = found["injected_files"].limit
        view["maxPersonalitySize"] = found["injected_file_content_bytes"].limit
    return view

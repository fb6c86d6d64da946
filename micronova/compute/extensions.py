"""The calls that once were extensions, by the alias that old clients look for; only those that we answer."""

from __future__ import annotations

from collections.abc import Mapping

# alias -> (name, description)
EXTENSIONS: Mapping[str, tuple[str, str]] = {
    "OS-EXT-AZ": ("ExtendedAvailabilityZone", "Availability zones of servers."),
    "OS-EXT-IPS": ("ExtendedIps", "Types of a server's addresses."),
    "OS-EXT-IPS-MAC": ("ExtendedIpsMac", "MAC addresses of a server's addresses."),
    "OS-EXT-SRV-ATTR": ("ExtendedServerAttributes", "Attributes of servers for admins."),
    "OS-EXT-STS": ("ExtendedStatus", "VM, task and power state of servers."),
    "OS-FLV-DISABLED": ("FlavorDisabled", "Whether a flavor is disabled."),
    "OS-FLV-EXT-DATA": ("FlavorExtraData", "Ephemeral disk of flavors."),
    "OS-SCH-HNT": ("SchedulerHints", "Hints to the scheduler."),
    "OS-SRV-USG": ("ServerUsage", "When servers were launched and terminated."),
    "os-aggregates": ("Aggregates", "Host aggregates."),
    "os-availability-zone": ("AvailabilityZone", "Availability zones."),
    "os-config-drive": ("ConfigDrive", "Config drives of servers."),
    "os-console-output": ("ConsoleOutput", "Console logs of servers."),
    "os-flavor-access": ("FlavorAccess", "Private flavors."),
    "os-flavor-extra-specs": ("FlavorExtraSpecs", "Extra specs of flavors."),
    "os-flavor-manage": ("FlavorManage", "Creating and deleting flavors."),
    "os-flavor-rxtx": ("FlavorRxtx", "The rxtx factor of flavors."),
    "os-hosts": ("Hosts", "Hosts, up to 2.42."),
    "os-hypervisors": ("Hypervisors", "Hypervisors."),
    "os-instance-actions": ("ServerActions", "What was done to servers."),
    "os-keypairs": ("Keypairs", "Keypairs."),
    "os-quota-class-sets": ("QuotaClasses", "Quota classes."),
    "os-quota-sets": ("Quotas", "Quotas."),
    "os-server-groups": ("ServerGroups", "Server groups."),
    "os-services": ("Services", "Services."),
    "os-simple-tenant-usage": ("SimpleTenantUsage", "Use by projects."),
    "os-used-limits": ("UsedLimits", "What of the limits is in use."),
    "os-user-data": ("UserData", "User data of servers."),
}

"""``[DEFAULT]``: paths, names, ratios, reservations, times and log of this micronova."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronova.settings.option import integer, number, path, switch, text, words

_HOST_NAME = r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?"
_ADDRESS = r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """Options that belong to no group.  ``host`` and ``my_ip`` are None where this machine is to be asked."""

    # Where things are
    state_path: Path = path(
        "$micronova_state_path",
        shown_default="/var/lib/micronova for root, else $XDG_STATE_HOME/micronova",
        help="Directory of all that micronova keeps; --state-dir wins over it.",
    )
    instances_path: Path = path(
        "$state_path/instances",
        help="Directory of the servers' disks and consoles; needs the space of all local disks.",
    )
    tempdir: Path | None = path(None, help="Directory for temporary files; unset: inside state_path.")
    host: str | None = text(
        None,
        pattern=_HOST_NAME,
        allowed="a host name",
        shown_default="this machine's name",
        help="Name of this host in services and resource providers; a changed name is a new host without servers.",
    )
    my_ip: str | None = text(
        None,
        pattern=_ADDRESS,
        allowed="an IP address",
        shown_default="this machine's address",
        help="Address of this host as other hosts and admins see it.",
    )

    # Host and placement
    compute_driver: str = text(
        "libvirt.LibvirtDriver",
        choices=("libvirt.LibvirtDriver",),
        help="Only libvirt is supported; simulated hosts are had by --simulated-hosts.",
    )
    cpu_allocation_ratio: float | None = number(
        None, minimum=0.0, help="VCPUs promised per CPU of the host; unset or 0.0: initial_cpu_allocation_ratio."
    )
    ram_allocation_ratio: float | None = number(
        None, minimum=0.0, help="Memory promised per MiB of the host; unset or 0.0: initial_ram_allocation_ratio."
    )
    disk_allocation_ratio: float | None = number(
        None, minimum=0.0, help="Disk promised per GiB of the host; unset or 0.0: initial_disk_allocation_ratio."
    )
    initial_cpu_allocation_ratio: float = number(
        4.0, minimum=0.0, help="The ratio that a new host starts with; admins may change it in placement."
    )
    initial_ram_allocation_ratio: float = number(
        1.0, minimum=0.0, help="The ratio that a new host starts with; admins may change it in placement."
    )
    initial_disk_allocation_ratio: float = number(
        1.0, minimum=0.0, help="The ratio that a new host starts with; admins may change it in placement."
    )
    reserved_host_cpus: int = integer(0, minimum=0, help="CPUs kept for the host itself.")
    reserved_host_memory_mb: int = integer(512, minimum=0, help="MiB of memory kept for the host itself.")
    reserved_host_disk_mb: int = integer(0, minimum=0, help="MiB of disk kept for the host itself.")
    enable_new_services: bool = switch(True, help="false: a new host gets no servers until an admin enables it.")
    report_interval: int = integer(10, minimum=1, help="Seconds between two signs of life of a host.")
    service_down_time: int = integer(60, minimum=1, help="Seconds without a sign of life until a host is down.")
    update_resources_interval: int = integer(0, help="Seconds between two reports of a host's inventory; 0: 60.")

    # Disks and images
    force_raw_images: bool = switch(True, help="Convert images to raw in the cache: faster guests, more space.")
    use_cow_images: bool = switch(True, help="With images_type default: qcow2 overlays (true) or flat (false).")
    preallocate_images: str = text(
        "none", choices=("none", "space"), help="space: allocate disks in full when they are made."
    )
    default_ephemeral_format: str | None = text(
        None, choices=("ext2", "ext3", "ext4", "xfs", "ntfs", "vfat"), help="File system of ephemeral disks."
    )
    resize_fs_using_block_device: bool = switch(
        False, help="Never done: file systems of guests are not opened on the host."
    )
    max_local_block_devices: int = integer(3, help="Most local disks of a server; negative: no limit.")
    non_inheritable_image_properties: tuple[str, ...] = words(
        ("cache_in_nova", "bittorrent"), help="Image properties that a snapshot does not take over."
    )
    force_config_drive: bool = switch(
        True,
        help="Give every server a config drive, asked for or not: the only way to keys and user data without a "
        "metadata service.",
    )
    config_drive_format: str = text("iso9660", choices=("iso9660",), help="Only iso9660 is supported.")

    # Servers
    instance_name_template: str = text(
        "instance-%08x",
        pattern=r"[A-Za-z0-9_.-]*%(\(uuid\)s|0?[0-9]*[xd])[A-Za-z0-9_.-]*",
        allowed="text with one of %(uuid)s, %d, %x (such as instance-%08x)",
        help="Name of a server's libvirt domain; must differ for each server.",
    )
    password_length: int = integer(12, minimum=0, maximum=255, help="Length of generated admin passwords.")
    default_schedule_zone: str | None = text(None, help="Zone of servers that ask for none; unset: any zone.")
    default_availability_zone: str = text("nova", help="Zone shown for hosts that are in none; do not change it later.")
    internal_service_availability_zone: str = text("internal", help="Zone shown for services other than hosts.")
    osapi_compute_unique_server_name_scope: str = text(
        "", choices=("", "project", "global"), help="Where two servers must not have the same name."
    )
    default_access_ip_network_name: str | None = text(
        None, help="Network whose addresses become accessIPv4 and accessIPv6."
    )
    pointer_model: str | None = text(
        "usbtablet", choices=("usbtablet", "ps2mouse"), help="usbtablet: the mouse in consoles points where it is."
    )
    allow_resize_to_same_host: bool = switch(False, help="Resize may stay on the host; always so with one host.")

    # Work at a time, and waiting
    max_concurrent_builds: int = integer(10, minimum=0, help="Servers that a host builds at once; 0: no limit.")
    max_concurrent_snapshots: int = integer(5, minimum=0, help="Snapshots that a host makes at once; 0: no limit.")
    shutdown_timeout: int = integer(60, minimum=0, help="Seconds for a guest to shut down by itself before it is cut.")
    resume_guests_state_on_host_boot: bool = switch(
        False, help="Start the guests that ran before the host was rebooted."
    )
    sync_power_state_interval: int = integer(600, help="Seconds between checks of all power states; negative: never.")
    reclaim_instance_interval: int = integer(0, help="Seconds until a deleted server is really gone; 0: at once.")
    instance_delete_interval: int = integer(300, help="Seconds between attempts to finish deletions that failed.")
    maximum_instance_delete_attempts: int = integer(5, minimum=1, help="How often such a deletion is attempted.")
    shelved_offload_time: int = integer(0, help="Seconds until a shelved server leaves its host; -1: never.")
    shelved_poll_interval: int = integer(3600, help="Seconds between looks for shelved servers to offload.")
    resize_confirm_window: int = integer(0, minimum=0, help="Seconds until a resize confirms itself; 0: never.")
    reboot_timeout: int = integer(0, minimum=0, help="Seconds until a stuck reboot is forced; 0: never.")
    rescue_timeout: int = integer(0, minimum=0, help="Seconds until a rescued server is unrescued; 0: never.")
    instance_build_timeout: int = integer(0, minimum=0, help="Seconds until a build is given up; 0: never.")
    running_deleted_instance_action: str = text(
        "reap",
        choices=("reap", "log", "shutdown", "noop"),
        help="What happens to a guest whose server was deleted.",
    )
    running_deleted_instance_poll_interval: int = integer(1800, help="Seconds between looks for such guests.")
    running_deleted_instance_timeout: int = integer(0, help="Seconds that such a guest is left alone.")

    # Log
    debug: bool = switch(False, help="Log every detail.")
    log_file: str | None = text(None, older=("DEFAULT.logfile",), help="File to log to, instead of standard error.")
    log_dir: str | None = text(None, older=("DEFAULT.logdir",), help="Directory of a relative log_file.")
    use_json: bool = switch(False, help="One JSON document per log line.")

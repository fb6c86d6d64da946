"""``[libvirt]``: guests, CPUs, disks and stores of a host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronova.settings.option import integer, path, switch, text, words

_CACHE_MODE = r"(file|block|network|mount)=(default|none|writethrough|writeback|directsync|unsafe)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Libvirt:
    """``virt_type`` and ``connection_uri`` are None where micronova finds out by itself."""

    # Guests
    virt_type: str | None = text(
        None,
        choices=("kvm", "qemu"),
        shown_default="kvm if a probe shows that it runs a guest, else qemu",
        help="kvm: hardware virtualisation, the start fails without it; qemu: emulation, slow, works everywhere.",
    )
    connection_uri: str | None = text(
        None,
        pattern=r"qemu(\+[a-z]+)?://\S*|test://\S*",
        allowed="a libvirt URI such as qemu:///system or qemu:///session",
        shown_default="qemu:///system for root, else qemu:///session",
        help="The libvirt that runs the guests; it must be on this machine.",
    )
    hw_machine_type: tuple[str, ...] | None = words(
        None,
        pattern=r"[a-z0-9_]+=[A-Za-z0-9_.-]+",
        allowed="architecture=machine, separated by commas (x86_64=q35)",
        help="Machine types for images that ask for none.",
    )
    sysinfo_serial: str = text(
        "unique", choices=("none", "os", "hardware", "auto", "unique"), help="Serial number that guests see."
    )
    rng_dev_path: str = text("/dev/urandom", help="Source of the guests' virtio-rng; empty: QEMU's own.")
    mem_stats_period_seconds: int = integer(10, help="Seconds between memory statistics; 0 or less: none.")
    num_pcie_ports: int = integer(0, minimum=0, maximum=28, help="PCIe ports for hot-plug; 0: QEMU's default.")
    tb_cache_size: int | None = integer(None, minimum=0, help="MiB of QEMU's translation cache (qemu only).")
    realtime_scheduler_priority: int = integer(1, help="Priority of VCPUs of realtime guests.")
    wait_soft_reboot_seconds: int = integer(120, help="Seconds for a soft reboot before it becomes a hard one.")
    use_virtio_for_bridges: bool = switch(True, help="virtio network cards unless the image says otherwise.")
    rx_queue_size: int | None = integer(None, choices=(256, 512, 1024), help="Receive queue of virtio cards.")
    tx_queue_size: int | None = integer(None, choices=(256, 512, 1024), help="Send queue of virtio cards.")
    max_queues: int | None = integer(None, minimum=1, help="Most queues of a virtio card.")
    inject_password: bool = switch(False, help="Never done: file systems of guests are not opened on the host.")
    inject_key: bool = switch(False, help="Never done: file systems of guests are not opened on the host.")
    inject_partition: int = integer(-2, minimum=-2, help="Only -2 (no injection) is honoured.")

    # CPU
    cpu_mode: str | None = text(
        None,
        choices=("host-model", "host-passthrough", "custom", "none"),
        shown_default="host-model",
        help="What CPU guests see; custom needs cpu_models.",
    )
    cpu_models: tuple[str, ...] = words(
        (),
        pattern=r"[A-Za-z0-9_.-]+",
        allowed="CPU model names, the preferred first",
        older=("libvirt.cpu_model",),
        help="With cpu_mode custom: the first that has the required traits is used.",
    )
    cpu_model_extra_flags: tuple[str, ...] = words(
        (),
        pattern=r"[+-]?[A-Za-z0-9_.-]+",
        allowed="CPU flags, with + to add (default) or - to take away",
        help="Flags added to or taken from the CPU model.",
    )
    cpu_power_management: bool = switch(False, help="Switch dedicated CPUs off while no guest uses them.")
    cpu_power_management_strategy: str = text("cpu_state", choices=("cpu_state", "governor"), help="How that is done.")
    cpu_power_governor_low: str = text("powersave", help="Governor of a dedicated CPU that is not used.")
    cpu_power_governor_high: str = text("performance", help="Governor of a dedicated CPU in use.")

    # Disks
    images_type: str = text(
        "default",
        choices=("raw", "flat", "qcow2", "lvm", "rbd", "default"),
        help="Store of local disks; raw is the old name of flat; default: qcow2, or flat without use_cow_images.",
    )
    images_volume_group: str | None = text(
        None, pattern=r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]*", allowed="a volume group's name", help="For lvm."
    )
    sparse_logical_volumes: bool = switch(False, help="lvm: thin volumes.")
    volume_clear: str = text("zero", choices=("zero", "shred", "none"), help="lvm: how deleted disks are wiped.")
    volume_clear_size: int = integer(0, minimum=0, help="lvm: MiB that are wiped from the start; 0: everything.")
    images_rbd_pool: str = text("rbd", help="rbd: the pool of disks.")
    images_rbd_ceph_conf: str = text("", help="rbd: path of ceph.conf.")
    rbd_user: str | None = text(None, help="rbd: Ceph user of disks.")
    rbd_secret_uuid: str | None = text(
        None, pattern=r"[0-9A-Fa-f-]{36}", allowed="a UUID", help="rbd: libvirt secret of that user's key."
    )
    rbd_connect_timeout: int = integer(5, help="rbd: seconds until Ceph must have answered.")
    rbd_destroy_volume_retry_interval: int = integer(5, minimum=0, help="rbd: seconds between attempts to delete.")
    rbd_destroy_volume_retries: int = integer(12, minimum=0, help="rbd: attempts to delete a disk.")
    disk_prefix: str | None = text(
        None, pattern="vd|sd|hd|xvd|ubd|fd", allowed="vd, sd, hd, xvd, ubd or fd", help="Prefix of disk names."
    )
    disk_cachemodes: tuple[str, ...] = words(
        (),
        pattern=_CACHE_MODE,
        allowed="file, block, network or mount = default, none, writethrough, writeback, directsync or unsafe",
        help="Cache mode by kind of disk; unset: none where the file system can, else writeback.",
    )
    hw_disk_discard: str | None = text(
        None, choices=("ignore", "unmap"), help="unmap: space that a guest frees is freed on the host."
    )
    images_cpu_time_limit: int = integer(30, minimum=1, help="CPU seconds for a look at an image by qemu-img.")
    images_address_space_limit: int = integer(2, minimum=1, help="GiB of memory for a look at an image by qemu-img.")
    file_backed_memory: int = integer(0, minimum=0, help="MiB of guest memory that is backed by files; 0: none.")

    # Snapshots and rescue
    snapshot_image_format: str | None = text(
        None, choices=("raw", "qcow2", "vmdk", "vdi"), help="Format of snapshots; unset: the disk's own."
    )
    snapshot_compression: bool = switch(False, help="Compress qcow2 snapshots.")
    snapshots_directory: Path = path("$instances_path/snapshots", help="Directory where snapshots are made.")
    rescue_image_id: str | None = text(None, help="Image of a rescued server; unset: the server's own.")
    rescue_kernel_id: str | None = text(None, help="Kernel of a rescued server, for AMI images.")
    rescue_ramdisk_id: str | None = text(None, help="Ramdisk of a rescued server, for AMI images.")

    # Volumes and devices
    device_detach_attempts: int = integer(8, minimum=1, help="How often a guest is asked to let go of a device.")
    device_detach_timeout: int = integer(20, minimum=1, help="Seconds per such attempt.")
    swtpm_enabled: bool = switch(False, help="Offer emulated TPMs; needs swtpm.")
    swtpm_user: str = text("tss", help="User that swtpm runs as.")
    swtpm_group: str = text("tss", help="Group that swtpm runs as.")

    # Confidential guests
    num_memory_encrypted_guests: int | None = integer(
        None,
        minimum=0,
        help="Most guests with encrypted memory (SEV); unset: as libvirt reports.  Newer Nova has it no more.",
    )

"""Whether KVM runs an ordinary guest here, found out by running one.

``/dev/kvm`` proves nothing: where the machine is a guest itself, KVM may exist and take minutes to run a kernel, or
hang it.  So a boot sector (kvm_probe.S) goes through what every kernel does and must be done within seconds.  The
verdict is kept for as long as QEMU, the kernel and this boot of the machine stay the same.
"""

from __future__ import annotations

import os
import platform
import pwd
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import libvirt
import msgspec

from micronova.host.atomic_file import write_atomically
from micronova.host.libvirt import faults
from micronova.host.libvirt.connection import Connection
from micronova.host.libvirt.node import QemuUser
from micronova.host.storage.layout import Layout
from micronova.libvirtxml.devices import Devices, MemBalloon, Serial
from micronova.libvirtxml.disk import Disk
from micronova.libvirtxml.domain import Boot, Domain, Features, Os
from micronova.model.errors import OurFault

_CODE = bytes.fromhex(
    "fa31c08ed88ec08ed0bc007cb052baf803ee31c0fcbf0010b90018f3abc70600100320c70600200330c706003083000f20e0"
    "6683c8200f22e066b8001000000f22d866b9800000c00f32660d000100000f300f0116787d0f20c0660d010000800f22c0ea"
    "687c0800b8100000008ed88ec08ed0bc007c0000b04c66baf803eeb9010100c031d2b8005000000f3065c604250000000047"
    "8a04250050000066baf803eebf00420000b8337d000066890766c74702080066c74704008ec7470600000000c7470a000000"
    "000f011c257e7d0000b011e620b020e621b004e621b001e621b0fee621b034e643b09ce640b02ee64031db8cc883e0030430"
    "66baf803eefbf483fb0372fabd00010000be00800000bf0000100089f1f348a5ffcd75edfabe467d000066baf803ac84c074"
    "03eeebf8f4ebfd5052ffc3b02e66baf803eeb020e6205a5848cf206d6963726f6e6f76613a20612067756573742072756e73"
    "0a000000000000000000ffff0000009aaf00ffff00000092cf001700607d00000f020040"
)
SECTOR = _CODE.ljust(510, b"\0") + b"\x55\xaa"
_DEVICE = Path("/dev/kvm")
_DISK_SIZE = 1 << 20  # the BIOS boots from no disk as small as a sector
_SUCCESS = "micronova: a guest runs"

# From the first letter, and to it: hardware needs some 50 ms and 300 ms; a KVM that emulates, half a minute and more.
_LIMIT_S = 3.0
_BOOT_LIMIT_S = 5.0
_POLL_S = 0.01

_REACHED = {
    "": "a guest's BIOS takes more than five seconds to its first instruction",
    "R": "the guest hung on its way from real mode to long mode",
    "L": "the guest hung when it wrote a model-specific register",
    "G": "the guest hung when it set up its interrupts",
    "0": "the guest was never woken by its timer",
    ".": "the guest runs so slowly that an ordinary kernel would not come up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether KVM runs a guest; ``reason`` says what failed if it does not."""

    works: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A verdict on disk, with what it depends on."""

    key: str
    verdict: Verdict


def device_complaint(user: QemuUser | None) -> str | None:
    """What is wrong if ``/dev/kvm`` is there and QEMU's user may not open it; None if nothing is.

    It is more than KVM missing: libvirt, as root, finds KVM when it probes QEMU, then finds that QEMU's user has none,
    takes what it knows for outdated, and probes again at every call, for seconds each (libvirt 9.0).
    """
    if user is None:
        return None
    try:
        found = _DEVICE.stat()
        account = pwd.getpwuid(user.uid)
    except (OSError, KeyError):
        return None
    groups = {user.gid, *os.getgrouplist(account.pw_name, account.pw_gid)}
    if found.st_uid == user.uid:
        wanted = 0o600
    else:
        wanted = 0o060 if found.st_gid in groups else 0o006
    if found.st_mode & wanted == wanted:
        return None
    return (
        f"/dev/kvm is closed to {account.pw_name}, which makes libvirt probe QEMU again at every call, for seconds:"
        " chgrp kvm /dev/kvm && chmod 0660 /dev/kvm"
    )


def kvm_verdict(connection: Connection, layout: Layout, *, arch: str, emulator: str, qemu_version: int) -> Verdict:
    """The kept verdict if it still holds, else that of a new probe (up to some seconds)."""
    if arch != "x86_64":
        return Verdict(works=True)  # the sector is for x86; elsewhere libvirt's word must do
    path = layout.facts / "kvm-probe.json"
    key = f"{qemu_version} {platform.release()} {_boot_id()}"
    kept = _read(path)
    if kept is not None and kept.key == key:
        return kept.verdict
    verdict = probe(connection, layout, arch=arch, emulator=emulator, virt_type="kvm")
    write_atomically(path, msgspec.json.encode(_Kept(key=key, verdict=verdict)))
    return verdict


def probe(connection: Connection, layout: Layout, *, arch: str, emulator: str, virt_type: str) -> Verdict:
    """Run the sector as a transient domain of this type and read what it says."""
    name = f"mnprobe-{uuid.uuid4()}"
    sector = layout.cache / f".{name}.part"
    output = layout.cache / f".{name}.out.part"
    write_atomically(sector, SECTOR.ljust(_DISK_SIZE, b"\0"))
    domain = _domain(name, sector, output, arch=arch, emulator=emulator, virt_type=virt_type)
    try:
        running = connection.call(
            "start the KVM probe",
            lambda c: c.createXML(domain.to_xml(), libvirt.VIR_DOMAIN_START_AUTODESTROY),
        )
        try:
            return _watch(lambda: _text(output))
        finally:
            _destroy(running)
    except OurFault as err:
        return Verdict(works=False, reason=f"the guest could not be started: {err.detail}")
    finally:
        sector.unlink(missing_ok=True)
        output.unlink(missing_ok=True)


def _domain(name: str, sector: Path, output: Path, *, arch: str, emulator: str, virt_type: str) -> Domain:
    return Domain(
        type=virt_type,
        name=name,
        memory=64,
        memory_unit="MiB",
        vcpus=1,
        os=Os(type="hvm", arch=arch, boots=[Boot(dev="hd")]),
        features=Features(acpi=True, apic=True),
        devices=Devices(
            emulator=emulator,
            disks=[
                Disk(
                    type="file",
                    device="disk",
                    driver_name="qemu",
                    driver_type="raw",
                    source_file=str(sector),
                    target_dev="vda",
                    target_bus="virtio",
                )
            ],
            serials=[Serial(type="file", source_path=str(output))],
            memballoon=MemBalloon(model="none"),
        ),
    )


def _watch(text: Callable[[], str]) -> Verdict:
    """Wait for the last line, no longer than a machine that runs guests could possibly take."""
    started = time.monotonic()
    first: float | None = None
    while True:
        said = text()
        now = time.monotonic()
        if _SUCCESS in said:
            return Verdict(works=True)
        if first is None and said:
            first = now
        if now - started > _BOOT_LIMIT_S or (first is not None and now - first > _LIMIT_S):
            return Verdict(works=False, reason=_REACHED.get(said[-1:], f"the guest said {said[-20:]!r}"))
        time.sleep(_POLL_S)


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:4096].decode("ascii", "replace")
    except FileNotFoundError:
        return ""


def _destroy(domain: libvirt.virDomain) -> None:
    try:
        domain.destroy()
    except libvirt.libvirtError as err:
        if not faults.is_absent(err) and faults.code(err) != libvirt.VIR_ERR_OPERATION_INVALID:
            raise faults.translate(err, "stop the KVM probe") from err


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _read(path: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None  # none yet, or not to be trusted: probe again

"""The least that creating a guest can cost: ``qemu-img create -b`` and ``virsh create`` of a domain of ours."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

_VIRSH = ("virsh", "-q", "-c", "qemu:///system")

_CONFIG_DRIVE = "devices/disk[@device='cdrom']/source"
# Elements that libvirt chooses anew, or that must agree with the UUID.
_OF_ONE_DOMAIN = (
    "sysinfo",
    "os/smbios",
    "devices/channel/source",
    "devices/interface/target",
    "devices/disk/backingStore",
)


@dataclass(frozen=True)
class Floor:
    """Domains like ``xml``, one of micronova's own, on overlays of ``image``, all kept in ``folder``."""

    xml: bytes
    image: Path
    folder: Path

    @classmethod
    def like(cls, server_id: str, image: Path, folder: Path) -> Floor:
        """Take the XML of a running server's domain."""
        dump = subprocess.run([*_VIRSH, "dumpxml", "--inactive", server_id], capture_output=True, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # QEMU runs as another user
        for drive in etree.fromstring(dump.stdout).iterfind(_CONFIG_DRIVE):
            shutil.copyfile(drive.get("file"), folder / "config.iso")
        return cls(dump.stdout, image, folder)

    def command(self) -> tuple[str, str]:
        """A shell command that makes one guest, and the guest's name.  Its XML is written here, outside of the cost."""
        name = f"floor-{uuid.uuid4().hex[:8]}"
        overlay, xml_file = self.folder / f"{name}.qcow2", self.folder / f"{name}.xml"
        xml_file.write_bytes(self._domain(name, overlay))
        make = f"qemu-img create -q -f qcow2 -F qcow2 -b {self.image} {overlay} 1G"
        return f"{make} && {' '.join(_VIRSH)} create {xml_file} >/dev/null", name

    def destroy(self, name: str) -> None:
        """End a guest and remove its files."""
        subprocess.run([*_VIRSH, "destroy", name], capture_output=True, check=True)
        for file in self.folder.glob(f"{name}*"):
            file.unlink()

    def close(self) -> None:
        """End the guests that are left, and remove the folder."""
        for file in self.folder.glob("floor-*.xml"):
            subprocess.run([*_VIRSH, "destroy", file.stem], capture_output=True)
        shutil.rmtree(self.folder)

    def _domain(self, name: str, overlay: Path) -> bytes:
        """The domain with an identity, a root disk, a card and a console log of its own."""
        domain = etree.fromstring(self.xml)
        domain.find("name").text = name
        domain.find("uuid").text = str(uuid.uuid4())
        for path in _OF_ONE_DOMAIN:
            for element in domain.findall(path):
                element.getparent().remove(element)
        domain.find("devices/disk[@device='disk']/source").set("file", str(overlay))
        for drive in domain.iterfind(_CONFIG_DRIVE):
            own = self.folder / f"{name}.iso"
            shutil.copyfile(self.folder / "config.iso", own)
            drive.set("file", str(own))
        tail = uuid.uuid4().hex
        for mac in domain.findall("devices/interface/mac"):
            mac.set("address", f"52:54:00:{tail[0:2]}:{tail[2:4]}:{tail[4:6]}")
        for log in domain.iterfind("devices/*/log"):
            log.set("file", str(self.folder / f"{name}.log"))
        return bytes(etree.tostring(domain))

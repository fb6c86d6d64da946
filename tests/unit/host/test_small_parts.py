"""Config drive, console log, locks, layout and the KVM probe's sector."""

from __future__ import annotations

import io
import shutil
import subprocess
import threading
from pathlib import Path

import pycdlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.host.atomic_file import write_atomically
from micronova.host.libvirt import console, kvm_probe
from micronova.host.libvirt.node import QemuUser
from micronova.host.locks import KeyedLocks
from micronova.host.storage import config_drive
from micronova.host.storage.layout import Layout
from micronova.model.errors import Invalid
from micronova.model.ids import ServerId, new_uuid

FILES = {
    "openstack/latest/meta_data.json": b"{}",
    "openstack/latest/user_data": b"#!/bin/sh\n" * 1000,
    "openstack/2012-08-10/meta_data.json": b"{}",
    "openstack/content/0000": b"",
    "ec2/latest/meta-data.json": b"x" * 5000,
}


class TestConfigDrive:
    """ISO 9660 as cloud-init mounts it."""

    def test_label_and_files_by_every_name_scheme(self) -> None:
        content = config_drive.image(FILES)
        assert content[0x8028 : 0x8028 + 32].rstrip() == b"config-2"
        iso = pycdlib.PyCdlib()
        iso.open_fp(io.BytesIO(content))
        for name, expected in FILES.items():
            for scheme in ("rr_path", "joliet_path"):
                out = io.BytesIO()
                iso.get_file_from_iso_fp(out, **{scheme: f"/{name}"})
                assert out.getvalue() == expected
        iso.close()

    @pytest.mark.skipif(shutil.which("blkid", path="/sbin") is None, reason="needs blkid")
    def test_the_kernel_finds_it_by_its_label(self, tmp_path: Path) -> None:
        path = tmp_path / "iso"
        size = config_drive.write(path, FILES)
        assert path.stat().st_size == size and path.stat().st_mode & 0o777 == 0o600
        assert 'LABEL="config-2"' in subprocess.check_output(["/sbin/blkid", "-p", str(path)], text=True)

    @pytest.mark.parametrize("name", ["", "/", "/etc/passwd", "../x", "a/../../x", "a\nb", "a\0b", "x" * 65, "a:b"])
    def test_names_that_are_none_are_refused(self, name: str) -> None:
        with pytest.raises(Invalid):
            config_drive.image({name: b""})

    @given(st.dictionaries(st.text(max_size=20), st.binary(max_size=100), max_size=5))
    def test_any_names_make_a_volume_or_are_refused(self, files: dict[str, bytes]) -> None:
        try:
            content = config_drive.image(files)
        except Invalid:
            return
        assert len(content) % 2048 == 0


class TestConsole:
    """The log and what virtlogd rotated away."""

    def test_the_tail_reaches_into_older_parts(self, tmp_path: Path) -> None:
        log = tmp_path / "console.log"
        (tmp_path / "console.log.1").write_bytes(b"oldest ")
        (tmp_path / "console.log.0").write_bytes(b"older ")
        log.write_bytes(b"new")
        assert console.tail(log, 100) == b"oldest older new"
        assert console.tail(log, 5) == b"r new"
        assert console.tail(log, 2) == b"ew"
        assert console.tail(log, 0) == b""

    def test_nothing_written(self, tmp_path: Path) -> None:
        assert console.tail(tmp_path / "console.log", 10) == b""

    def test_t_con6_a_gigabyte_costs_no_more_than_the_tail(self, tmp_path: Path) -> None:
        log = tmp_path / "console.log"
        with log.open("wb") as stream:
            stream.truncate(1 << 30)
            stream.seek(0, 2)
            stream.write(b"end")
        assert console.tail(log, 4) == b"\0end"


class TestLocks:
    """One at a time for a key, and no key kept."""

    def test_the_same_key_excludes_and_others_do_not(self) -> None:
        locks, inside, most = KeyedLocks(), 0, 0
        guard = threading.Lock()

        def work() -> None:
            nonlocal inside, most
            for _ in range(50):
                with locks.holding("a"):
                    with guard:
                        inside += 1
                        most = max(most, inside)
                    with guard:
                        inside -= 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        with locks.holding("b"), locks.holding("b"):
            for thread in threads:
                thread.join()
        assert most == 1
        assert not locks._locks


class TestLayout:
    """Folders, and ids that are no ids."""

    def test_t_img6_folders_are_ours_alone(self, layout: Layout) -> None:
        folder = layout.make_server(ServerId(new_uuid()))
        for path in (layout.instances, layout.cache, folder):
            assert path.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("name", ["..", "_base", "", "x/../../etc", "/etc"])
    def test_only_ids_name_folders(self, layout: Layout, name: str) -> None:
        with pytest.raises(ValueError):
            layout.remove_server(ServerId(name))

    def test_strangers_are_told(self, layout: Layout) -> None:
        (layout.instances / "what-is-this").mkdir()
        assert list(layout.strangers()) == [str(layout.instances / "what-is-this")]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(Exception, match="cannot write"):
        write_atomically(tmp_path / "there", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


class TestKvmProbe:
    """The sector, and what its words mean."""

    def test_the_sector_is_a_boot_sector(self) -> None:
        assert len(kvm_probe.SECTOR) == 512 and kvm_probe.SECTOR.endswith(b"\x55\xaa")

    @pytest.mark.skipif(shutil.which("as") is None or shutil.which("ld") is None, reason="needs binutils")
    def test_the_bytes_are_those_of_the_source(self, tmp_path: Path) -> None:
        source = Path(kvm_probe.__file__).with_name("kvm_probe.S")
        subprocess.run(["as", "-o", str(tmp_path / "o"), str(source)], check=True)
        link = ["ld", "-Ttext", "0x7c00", "--oformat", "binary", "-o", str(tmp_path / "bin"), str(tmp_path / "o")]
        subprocess.run(link, check=True)
        assert (tmp_path / "bin").read_bytes() == kvm_probe.SECTOR

    @pytest.mark.parametrize(
        ("said", "works", "words"),
        [
            ("RLG0... micronova: a guest runs\n", True, ""),
            ("", False, "first instruction"),
            ("R", False, "long mode"),
            ("RLG0....", False, "so slowly"),
            ("RLG0", False, "timer"),
        ],
    )
    def test_verdicts(self, said: str, works: bool, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kvm_probe, "_LIMIT_S", 0.05)
        monkeypatch.setattr(kvm_probe, "_BOOT_LIMIT_S", 0.1)
        verdict = kvm_probe._watch(lambda: said)
        assert verdict.works is works and words in verdict.reason

    @pytest.mark.parametrize(("mode", "fine"), [(0o600, False), (0o660, False), (0o666, True)])
    def test_a_closed_device_is_told(
        self, mode: int, fine: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = tmp_path / "kvm"
        device.touch()
        device.chmod(mode)
        monkeypatch.setattr(kvm_probe, "_DEVICE", device)
        nobody = QemuUser(uid=65534, gid=65534)
        complaint = kvm_probe.device_complaint(nobody)
        assert complaint is None if fine else complaint is not None and "chmod 0660" in complaint
        assert kvm_probe.device_complaint(None) is None

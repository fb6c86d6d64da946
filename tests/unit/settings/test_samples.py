"""Typical nova.conf files of DevStack and Kolla load as they are."""

from __future__ import annotations

from pathlib import Path

from micronova.settings import load

SAMPLES = Path(__file__).parent / "samples"


def test_devstack() -> None:
    loaded = load([SAMPLES / "devstack.conf"])
    settings, text = loaded.settings, "\n".join(loaded.warnings)
    assert settings.default.state_path == Path("/opt/stack/data/nova")
    assert settings.default.my_ip == "192.0.2.10"
    assert settings.default.debug is True
    assert settings.default.default_ephemeral_format == "ext4"
    assert (settings.quota.instances, settings.quota.cores) == (20, -1)
    assert settings.libvirt.cpu_models == ("Nehalem",)
    assert settings.libvirt.virt_type == "qemu"
    assert "DifferentHostFilter" in settings.filter_scheduler.enabled_filters
    assert settings.vnc.novncproxy_base_url == "http://192.0.2.10:6080/vnc_lite.html"
    for group, name in [
        ("DEFAULT", "transport_url"),
        ("libvirt", "live_migration_uri"),
        ("keystone_authtoken", "memcached_servers"),
        ("oslo_concurrency", "lock_path"),
        ("vnc", "server_proxyclient_address"),
        ("workarounds", "enable_qemu_monitor_announce_self"),
    ]:
        assert any(f"[{group}]" in line and name in line and "no effect" in line for line in loaded.warnings), name
    assert "notsosecret" not in text


def test_kolla() -> None:
    loaded = load([SAMPLES / "kolla.conf"])
    settings, text = loaded.settings, "\n".join(loaded.warnings)
    assert settings.default.cpu_allocation_ratio == 8.0
    assert settings.default.reserved_host_memory_mb == 4096
    assert settings.default.instances_path == Path("/var/lib/nova/instances")
    assert settings.libvirt.images_type == "rbd"
    assert settings.libvirt.disk_cachemodes == ("network=writeback",)
    assert settings.libvirt.rx_queue_size == 512
    assert settings.serial_console.enabled is True
    assert "[cinder] catalog_info, os_region_name: have no effect" in text
    assert "[conductor] workers: has no effect" in text
    assert "notsosecret" not in text

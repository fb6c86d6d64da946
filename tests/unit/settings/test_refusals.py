"""Wrong values stop the start, and say where, what, and what is allowed.  Nothing but SettingsError comes out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micronova.settings import SettingsError, load
from micronova.settings.option import options_of
from micronova.settings.settings import groups


@pytest.mark.parametrize(
    ("group", "name", "value", "allowed"),
    [
        ("DEFAULT", "debug", "perhaps", "true or false"),
        ("DEFAULT", "reserved_host_cpus", "-1", "0 or more"),
        ("DEFAULT", "reserved_host_cpus", "many", "a whole number"),
        ("DEFAULT", "reserved_host_memory_mb", "1.5", "a whole number"),
        ("DEFAULT", "reserved_host_memory_mb", "", "a whole number"),
        ("DEFAULT", "cpu_allocation_ratio", "-0.5", "a number, 0.0 or more"),
        ("DEFAULT", "cpu_allocation_ratio", "nan", "a number"),
        ("DEFAULT", "cpu_allocation_ratio", "inf", "a number"),
        ("DEFAULT", "config_drive_format", "vfat", "one of iso9660"),
        ("DEFAULT", "compute_driver", "ironic.IronicDriver", "one of libvirt.LibvirtDriver"),
        ("DEFAULT", "state_path", "var/lib", "an absolute path"),
        ("DEFAULT", "instances_path", "$no_such_option/x", "must name an option"),
        ("DEFAULT", "host", "a b", "a host name"),
        ("DEFAULT", "my_ip", "localhost", "an IP address"),
        ("DEFAULT", "instance_name_template", "instance", "%(uuid)s"),
        ("libvirt", "virt_type", "xen", "one of kvm, qemu"),
        ("libvirt", "virt_type", "", "one of kvm, qemu"),
        ("libvirt", "images_type", "zfs", "one of raw, flat, qcow2, lvm, rbd, default"),
        ("libvirt", "num_pcie_ports", "29", "from 0 to 28"),
        ("libvirt", "rx_queue_size", "300", "one of 256, 512, 1024"),
        ("libvirt", "disk_cachemodes", "file=fast", "writeback"),
        ("libvirt", "hw_machine_type", "q35", "architecture=machine"),
        ("libvirt", "cpu_model_extra_flags", "+pcid,a b", "CPU flags"),
        ("libvirt", "connection_uri", "xen:///", "qemu:///system"),
        ("quota", "cores", "-2", "-1 or more"),
        ("api", "max_limit", "0", "1 or more"),
        ("compute", "cpu_dedicated_set", "4-", "CPU numbers"),
        ("compute", "vmdk_allowed_types", "monolithicFlat", "streamOptimized and monolithicSparse"),
        ("image_cache", "subdirectory_name", "../..", "the name of a directory"),
        ("micronova", "public_url", "cloud.example.org", "an http:// or https:// URL"),
        ("micronova", "simulated_fail_share", "1.5", "from 0.0 to 1.0"),
    ],
)
def test_a_wrong_value_names_file_option_value_and_what_is_allowed(
    tmp_path: Path, group: str, name: str, value: str, allowed: str
) -> None:
    file = tmp_path / "nova.conf"
    file.write_text(f"[{group}]\n{name} = {value}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load([file])
    message = refused.value.message
    assert message.startswith(f"{file}: [{group}] {name} = {value!r}: allowed: ")
    assert allowed in message


def test_the_file_that_is_named_is_the_one_in_force(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text("[quota]\ncores = 5\n", encoding="utf-8")
    bad.write_text("[DEFAULT]\nquota_cores = five\n", encoding="utf-8")
    assert load([bad, good]).settings.quota.cores == 5
    with pytest.raises(SettingsError, match=r"bad\.conf: \[DEFAULT\] quota_cores = 'five'"):
        load([good, bad])


def test_a_wrong_value_of_the_command_line() -> None:
    with pytest.raises(SettingsError, match=r"command line: \[quota\] cores = 'x': allowed: a whole number"):
        load(overrides={"quota.cores": "x"})
    with pytest.raises(SettingsError, match=r"quota\.core: there is no such option"):
        load(overrides={"quota.core": 1})
    with pytest.raises(SettingsError, match=r"nothing\.core: there is no such option"):
        load(overrides={"nothing.core": 1})


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    """T-LOG2."""
    file = tmp_path / "nova.conf"
    file.write_text("[database]\nconnection = oracle://u:hunter2@db/nova\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load([file])
    assert "[database] connection = ***: allowed: sqlite:///PATH or postgresql://" in refused.value.message
    assert refused.value.__cause__ is None
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[libvirt]\ncpu_mode = custom\n", "cpu_models"),
        ("[libvirt]\ncpu_models = Nehalem\n", "cpu_mode = custom"),
        ("[libvirt]\nimages_type = lvm\n", "images_volume_group"),
    ],
)
def test_contradictions(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "nova.conf"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        load([file])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"debug = true\n", "line 1"),
        (b"[DEFAULT]\nnonsense\n", "line 2"),
        (b"[DEFAULT\n", "line 1"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[DEFAULT]\nconfig_source = remote\n", "config_source"),
        (b"[DEFAULT]\nshell_completion = bash\n", "shell_completion"),
        (b"[DEFAULT]\nstate_path = $state_path\n", "state_path"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "nova.conf"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=says) as refused:
        load([file])
    assert str(file) in refused.value.message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.conf: cannot be read: No such file"):
        load([tmp_path / "absent.conf"])
    with pytest.raises(SettingsError, match="cannot be read"):
        load([tmp_path])


_ALL = [(group, name) for group, _, kind in groups() for name, _ in options_of(kind)]
_VALUE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["$", "$$", "${", "$state_path", "${libvirt.virt_type}", "$libvirt", "'", '"x', "-1", "1e999", "[", "%s"]
    ),
    st.text(alphabet="$.{}_abilv \\t'\",=%", max_size=20),
)
_LINE = st.one_of(
    st.builds(lambda key, value: f"[{key[0]}]\n{key[1]} = {value}", st.sampled_from(_ALL), _VALUE),
    st.builds(lambda key, value: f"{key[1]} = {value}", st.sampled_from(_ALL), _VALUE),
    st.text(max_size=30),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_LINE, max_size=6))
def test_whatever_a_file_holds_it_loads_or_is_refused(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "nova.conf"
        file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        try:
            load([file])
        except SettingsError as err:
            assert err.message


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(_ALL), st.one_of(_VALUE, st.integers(), st.floats(), st.booleans()))
def test_whatever_the_command_line_holds_it_loads_or_is_refused(
    key: tuple[str, str], value: str | int | float | bool
) -> None:
    try:
        load(overrides={".".join(key): value})
    except SettingsError as err:
        assert err.message

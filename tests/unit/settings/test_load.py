"""Values: defaults, files over each other, the command line over files, references, old names."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from micronova.model.secret import Secret
from micronova.settings import SettingsError, default_state_path, load
from micronova.settings.option import options_of
from micronova.settings.settings import groups


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_is_needed_and_defaults_are_novas() -> None:
    settings = load().settings
    assert settings.default.initial_cpu_allocation_ratio == 4.0
    assert settings.default.reserved_host_memory_mb == 512
    assert settings.quota.cores == 20
    assert settings.api.max_limit == 1000
    assert settings.filter_scheduler.enabled_filters[0] == "ComputeFilter"
    assert settings.image_cache.subdirectory_name == "_base"
    assert load().warnings == []


def test_unset_virt_type_is_none_so_that_the_host_can_probe() -> None:
    assert load().settings.libvirt.virt_type is None


def test_a_later_file_wins_and_keeps_what_it_does_not_name(tmp_path: Path) -> None:
    first = write(tmp_path / "a.conf", "[libvirt]\nvirt_type = kvm\nimages_type = flat\n")
    second = write(tmp_path / "b.conf", "[libvirt]\nvirt_type = qemu\n")
    libvirt = load([first, second]).settings.libvirt
    assert (libvirt.virt_type, libvirt.images_type) == ("qemu", "flat")


def test_the_command_line_wins_over_files_and_is_taken_literally(tmp_path: Path) -> None:
    file = write(tmp_path / "nova.conf", "[DEFAULT]\nstate_path = /srv/a\n")
    settings = load([file], {"DEFAULT.state_path": "/srv/$b", "quota.cores": 7}).settings
    assert settings.default.state_path == Path("/srv/$b")
    assert settings.default.instances_path == Path("/srv/$b/instances")
    assert settings.libvirt.snapshots_directory == Path("/srv/$b/instances/snapshots")
    assert settings.quota.cores == 7


def test_references_to_other_options_and_groups_are_filled_in(tmp_path: Path) -> None:
    file = write(
        tmp_path / "nova.conf",
        "[DEFAULT]\nmy_ip = 192.0.2.7\nstate_path = /srv/nova\n[vnc]\nserver_listen = $my_ip\n"
        "[libvirt]\nsnapshots_directory = ${state_path}/snap\n[spice]\nserver_listen = $vnc.server_listen\n",
    )
    settings = load([file]).settings
    assert settings.vnc.server_listen == settings.spice.server_listen == "192.0.2.7"
    assert settings.libvirt.snapshots_directory == Path("/srv/nova/snap")


def test_old_names_work_and_are_named(tmp_path: Path) -> None:
    file = write(
        tmp_path / "nova.conf",
        "[DEFAULT]\nquota_cores = 3\nlogfile = a.log\n[libvirt]\ncpu_mode = custom\ncpu_model = Nehalem\n",
    )
    loaded = load([file])
    assert loaded.settings.quota.cores == 3
    assert loaded.settings.default.log_file == "a.log"
    assert loaded.settings.libvirt.cpu_models == ("Nehalem",)
    text = "\n".join(loaded.warnings)
    assert "[DEFAULT] quota_cores is the old name of [quota] cores" in text
    assert "[libvirt] cpu_model is the old name of [libvirt] cpu_models" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [(old, f"{group}.{name}") for group, _, kind in groups() for name, o in options_of(kind) for old in o.deprecated],
)
def test_every_old_name_sets_its_option(tmp_path: Path, old: str, new: str) -> None:
    old_group, _, old_name = old.partition(".")
    group, _, name = new.partition(".")
    attribute = {g: attribute for g, attribute, _ in groups()}[group]
    now = getattr(load().settings, attribute)
    default = getattr(now, name)
    value = str(not default).lower() if isinstance(default, bool) else "abc123"
    if isinstance(default, int) and not isinstance(default, bool):
        value = str(default + 1)
    elif name == "vendordata_jsonfile_path":
        value = "/abc123"
    extra = "[libvirt]\ncpu_mode = custom\n" if name == "cpu_models" else ""
    file = write(tmp_path / "nova.conf", f"[{old_group}]\n{old_name} = {value}\n{extra}")
    changed = getattr(getattr(load([file]).settings, attribute), name)
    if isinstance(changed, Secret):
        changed = changed.reveal()
    assert changed != default
    assert str(changed).lower() in (value, f"('{value}',)")


def test_empty_means_unset_where_unset_is_the_default(tmp_path: Path) -> None:
    file = write(tmp_path / "nova.conf", "[libvirt]\nconnection_uri =\nrbd_user =\n[DEFAULT]\nmy_ip =\n")
    settings = load([file]).settings
    assert settings.libvirt.connection_uri is None
    assert settings.libvirt.rbd_user is None
    assert settings.default.my_ip is None


def test_groups_are_found_in_any_case_but_for_default(tmp_path: Path) -> None:
    file = write(tmp_path / "nova.conf", "[Libvirt]\nvirt_type = qemu\n[default]\ndebug = on\n")
    loaded = load([file])
    assert loaded.settings.libvirt.virt_type == "qemu"
    assert loaded.settings.default.debug is False
    assert any("did you mean [DEFAULT] debug" in warning for warning in loaded.warnings)


def test_an_option_that_may_come_several_times(tmp_path: Path) -> None:
    file = write(tmp_path / "nova.conf", "[filter_scheduler]\navailable_filters = a\navailable_filters = b\n")
    assert load([file]).settings.filter_scheduler.available_filters == ("a", "b")


def test_settings_are_frozen_and_loads_do_not_share_anything(tmp_path: Path) -> None:
    file = write(tmp_path / "nova.conf", "[quota]\ncores = 1\n")
    changed, plain = load([file]).settings, load().settings
    assert (changed.quota.cores, plain.quota.cores) == (1, 20)
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.quota.cores = 2  # type: ignore[misc]


def test_a_database_url_shows_nowhere(tmp_path: Path) -> None:
    """T-LOG2."""
    url = "postgresql://nova:hunter2@db/nova"
    loaded = load([write(tmp_path / "nova.conf", f"[database]\nconnection = {url}\n")])
    assert loaded.settings.database.connection is not None
    assert loaded.settings.database.connection.reveal() == url
    assert "hunter2" not in repr(loaded)


def test_mysql_is_named_and_not_used(tmp_path: Path) -> None:
    loaded = load([write(tmp_path / "nova.conf", "[database]\nconnection = mysql+pymysql://u:hunter2@db/nova\n")])
    assert loaded.settings.database.connection is None
    assert any("MySQL" in warning for warning in loaded.warnings)
    assert "hunter2" not in "".join(loaded.warnings)
    with pytest.raises(SettingsError, match=r"command line: \[database\] connection = \*\*\*"):
        load(overrides={"database.connection": "mysql://u:hunter2@db/nova"})


def test_a_service_down_time_below_the_report_interval_is_raised_as_nova_does(tmp_path: Path) -> None:
    loaded = load([write(tmp_path / "nova.conf", "[DEFAULT]\nreport_interval = 90\n")])
    assert loaded.settings.default.service_down_time == 225
    assert any("service_down_time" in warning for warning in loaded.warnings)


def test_state_path_by_user() -> None:
    assert default_state_path({"HOME": "/root"}, uid=0) == Path("/var/lib/micronova")
    assert default_state_path({"HOME": "/home/a"}, uid=1000) == Path("/home/a/.local/state/micronova")
    assert default_state_path({"HOME": "/home/a", "XDG_STATE_HOME": "/x"}, uid=1) == Path("/x/micronova")
    assert default_state_path({"HOME": "/home/a", "XDG_STATE_HOME": "x"}, uid=1) == Path(
        "/home/a/.local/state/micronova"
    )


def test_loading_takes_less_than_60_ms() -> None:
    sample = Path(__file__).parent / "samples" / "devstack.conf"

    def once() -> float:
        start = time.thread_time()
        load([sample])
        return time.thread_time() - start

    assert min(once() for _ in range(5)) < 0.060

"""What the simulated host adds to the contract: strict order, delays, failures, capacity, and state that survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from micronova.host.interface import (
    DiskRole,
    DiskSpec,
    GuestSpec,
    ImageRef,
    NetworkSpec,
    Nic,
    PowerEvent,
    PowerState,
)
from micronova.host.simulated import SimulatedHost, simulated_hosts
from micronova.host.simulated_faults import VERBS, SimulatedSettings
from micronova.model.errors import Conflict, HostUnreachable, MicronovaError, NotFound, OurFault, StorageFull
from micronova.model.ids import HostName, NetworkId, PortId, ServerId, new_uuid
from micronova.settings import SettingsError, load
from tests.host_contract import CancelNow, CountingSource, NoCancel, image_of

NAME = HostName("simulated-001")
GIB = 1024**3
NETWORK = NetworkSpec(id=NetworkId(new_uuid()), name="net", cidr="10.0.0.0/16", gateway_ip="10.0.0.1")
CONTENT = b"image"
IMAGE = image_of(CONTENT)


@pytest.fixture
def source() -> CountingSource:
    """A source with one image."""
    return CountingSource({IMAGE.id: CONTENT})


@pytest.fixture
def make(tmp_path: Path, source: CountingSource) -> Iterator[Callable[..., SimulatedHost]]:
    """Makes started hosts on one directory: a second of the same name is the first after a restart."""
    hosts: list[SimulatedHost] = []

    def made(**settings: object) -> SimulatedHost:
        for host in hosts:
            host.close()
        host = SimulatedHost(NAME, tmp_path, source, SimulatedSettings(**settings))  # type: ignore[arg-type]
        host.start()
        hosts.append(host)
        return host

    yield made
    for host in hosts:
        host.close()


def nic(number: int = 2) -> Nic:
    high, low = divmod(number, 256)
    return Nic(
        port_id=PortId(new_uuid()),
        mac_address=f"fa:16:3e:00:{high:02x}:{low:02x}",
        network=NETWORK,
        fixed_ips=(f"10.0.{high}.{low}",),
    )


def spec(size_gib: int = 1, image: ImageRef | None = IMAGE) -> DiskSpec:
    return DiskSpec(role=DiskRole.ROOT, size_bytes=size_gib * GIB, image=image)


def build(host: SimulatedHost, number: int = 2, memory_mib: int = 512) -> GuestSpec:
    """A guest made in the order of create_server."""
    server_id, port = ServerId(new_uuid()), nic(number)
    host.ensure_nics(server_id, [port])
    host.ensure_image(IMAGE, NoCancel())
    disks = host.ensure_disks(server_id, [spec()], NoCancel())
    drive = host.ensure_config_drive(server_id, {"a": b"b"})
    guest = GuestSpec(
        server_id=server_id,
        name=f"guest-{number}",
        project_id="p",
        vcpus=1,
        memory_mib=memory_mib,
        disks=(*disks, drive),
        nics=(port,),
    )
    host.ensure_running(guest)
    return guest


def refused_order(act: Callable[[], object]) -> str:
    """The detail of the refusal of ``act`` as out of order."""
    with pytest.raises(OurFault) as refused:
        act()
    assert refused.value.code == "order"
    return refused.value.detail


# Strict order


def test_a_disk_before_its_image_is_refused(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    assert "before ensure_image" in refused_order(lambda: host.ensure_disks(ServerId(new_uuid()), [spec()], NoCancel()))
    assert host.holdings().disks == frozenset()


def test_a_guest_without_its_disks_or_ports_is_refused(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    good = build(host)
    server_id = ServerId(new_uuid())
    alien = GuestSpec(server_id=server_id, name="x", project_id="p", vcpus=1, memory_mib=64, disks=good.disks, nics=())
    assert "no disk root0" in refused_order(lambda: host.ensure_running(alien))
    without_port = GuestSpec(
        server_id=server_id, name="x", project_id="p", vcpus=1, memory_mib=64, disks=(), nics=(nic(9),)
    )
    assert "before ensure_nics" in refused_order(lambda: host.ensure_running(without_port))
    with pytest.raises(NotFound):
        host.power_state(server_id)


def test_parts_of_a_running_guest_stay(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    guest = build(host)
    assert "before remove_domain" in refused_order(lambda: host.remove_disks(guest.server_id))
    assert "while its guest runs" in refused_order(lambda: host.remove_nics(guest.server_id, guest.nics))


def test_a_port_or_mac_of_another_server_is_refused(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    guest = build(host)
    with pytest.raises(Conflict):
        host.ensure_nics(ServerId(new_uuid()), guest.nics)
    with pytest.raises(Conflict):
        host.ensure_nics(ServerId(new_uuid()), [nic(2)])


def test_nonsense_is_refused(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    server_id = ServerId(new_uuid())
    outside = Nic(port_id=PortId("p"), mac_address="fa:16:3e:00:00:01", network=NETWORK, fixed_ips=("192.0.2.1",))
    refused_order(lambda: host.ensure_nics(server_id, [outside]))
    refused_order(lambda: host.ensure_disks(server_id, [spec(0)], NoCancel()))
    config = DiskSpec(role=DiskRole.CONFIG, size_bytes=1)
    refused_order(lambda: host.ensure_disks(server_id, [config], NoCancel()))
    refused_order(lambda: host.ensure_config_drive(server_id, {}))


def test_a_host_that_was_not_started_is_refused(tmp_path: Path, source: CountingSource) -> None:
    host = SimulatedHost(NAME, tmp_path, source)
    assert "before start()" in refused_order(host.facts)
    assert "before start()" in refused_order(lambda: host.remove_domain(ServerId(new_uuid())))


# Guests


def test_the_console_looks_like_a_guest_and_grows_with_boots(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    guest = build(host)
    log = host.console_log(guest.server_id, 10_000)
    assert guest.server_id.encode() in log
    assert b"Linux version" in log
    assert guest.nics[0].mac_address.encode() in log
    host.remove_domain(guest.server_id)
    host.ensure_running(guest)
    assert len(host.console_log(guest.server_id, 10_000)) == 2 * len(log)
    host.remove_domain(guest.server_id)
    host.remove_disks(guest.server_id)
    assert host.console_log(guest.server_id, 10_000) == b""


def test_a_change_behind_our_back_is_told(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    guest = build(host)
    events: list[PowerEvent] = []
    host.subscribe(events.append)
    host.change_power(guest.server_id, PowerState.CRASHED, "kernel panic")
    assert host.power_state(guest.server_id) is PowerState.CRASHED
    host.ensure_running(guest)
    assert [(event.state, event.reason) for event in events] == [
        (PowerState.CRASHED, "kernel panic"),
        (PowerState.RUNNING, "booted"),
    ]


def test_an_unreachable_host_answers_nothing(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    guest = build(host)
    host.set_reachable(False)
    for act in (host.facts, host.usage, host.holdings, lambda: host.remove_domain(guest.server_id)):
        with pytest.raises(HostUnreachable):
            act()
    assert host.health()
    host.set_reachable(True)
    assert host.power_state(guest.server_id) is PowerState.RUNNING


# Delays, failures, capacity


def test_a_delay_holds_up_its_verb_only_and_not_others(make: Callable[..., SimulatedHost]) -> None:
    host = make(delays_s={"remove_disks": 0.3})
    start = time.monotonic()
    host.remove_nics(ServerId(new_uuid()), [])
    assert time.monotonic() - start < 0.2
    threads = [threading.Thread(target=host.remove_disks, args=(ServerId(new_uuid()),)) for _ in range(8)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.3 <= time.monotonic() - start < 1.5  # eight at once, not one after another (2.4 s)


def test_a_delay_ends_when_cancelled(make: Callable[..., SimulatedHost]) -> None:
    host = make(delay_s=60.0)
    with pytest.raises(Conflict):
        host.ensure_image(IMAGE, CancelNow())


def test_every_nth_call_fails_before_and_after_its_effect_in_turn(make: Callable[..., SimulatedHost]) -> None:
    host = make(fail_verbs=frozenset({"ensure_config_drive"}), fail_every=2)
    outcomes = []
    for _ in range(6):
        server_id = ServerId(new_uuid())
        try:
            host.ensure_config_drive(server_id, {"a": b"b"})
            outcomes.append("done")
        except OurFault as err:
            assert err.code == "simulated_failure"
            assert "simulated" not in err.message
            outcomes.append("after" if server_id in host.holdings().disks else "before")
    assert outcomes == ["done", "before", "done", "after", "done", "before"]


def test_a_named_verb_fails_always_and_the_others_never(make: Callable[..., SimulatedHost]) -> None:
    host = make(fail_verbs=frozenset({"remove_domain"}))
    guest = build(host)
    for _ in range(3):
        with pytest.raises(OurFault):
            host.remove_domain(guest.server_id)


def test_the_same_seed_gives_the_same_failures(make: Callable[..., SimulatedHost]) -> None:
    def outcomes(seed: int) -> list[bool]:
        host = make(fail_share=0.5, seed=seed)
        found = []
        for _ in range(64):
            try:
                host.remove_disks(ServerId(new_uuid()))
                found.append(True)
            except OurFault:
                found.append(False)
        return found

    assert outcomes(1) == outcomes(1)
    assert outcomes(1) != outcomes(2)
    assert 10 < sum(outcomes(1)) < 54


def test_capacity_is_enforced_when_asked_for(make: Callable[..., SimulatedHost]) -> None:
    host = make(memory_mib=1024, disk_gib=4, enforce_capacity=True)
    build(host, 2)
    build(host, 3)
    with pytest.raises(OurFault, match="no memory"):
        build(host, 4)
    with pytest.raises(StorageFull):
        host.ensure_disks(ServerId(new_uuid()), [spec(2)], NoCancel())
    assert host.usage().running_vms == 2
    assert host.usage().memory_used_mib == 1024


def test_facts_are_the_settings(make: Callable[..., SimulatedHost]) -> None:
    facts = make(vcpus=3, memory_mib=4, disk_gib=5).facts()
    assert (facts.vcpus, facts.memory_mib, facts.disk_gib) == (3, 4, 5)


def test_settings_come_from_nova_conf(tmp_path: Path) -> None:
    file = tmp_path / "nova.conf"
    file.write_text(
        "[micronova]\nsimulated_vcpus = 8\nsimulated_delay = 0.5\nsimulated_delays = ensure_image=2.5,remove_disks=0\n"
        "simulated_fail_verbs = ensure_running\nsimulated_fail_every = 3\nsimulated_seed = 7\n"
    )
    assert SimulatedSettings.of(load([file]).settings.micronova) == SimulatedSettings(
        vcpus=8,
        delay_s=0.5,
        delays_s={"ensure_image": 2.5, "remove_disks": 0.0},
        fail_verbs=frozenset({"ensure_running"}),
        fail_every=3,
        seed=7,
    )


@pytest.mark.parametrize("option", ["simulated_delays = fly=1", "simulated_fail_verbs = fly"])
def test_an_unknown_verb_is_refused(tmp_path: Path, option: str) -> None:
    file = tmp_path / "nova.conf"
    file.write_text(f"[micronova]\n{option}\n")
    with pytest.raises(SettingsError, match=r"'fly': allowed: ensure_config_drive"):
        SimulatedSettings.of(load([file]).settings.micronova)


def test_every_verb_with_an_effect_can_fail(make: Callable[..., SimulatedHost]) -> None:
    for number, verb in enumerate(sorted(VERBS), start=2):
        host = make(fail_verbs=frozenset({verb}))
        with pytest.raises(OurFault, match=f"simulated failure of {verb}"):
            guest = build(host, number)
            host.remove_domain(guest.server_id)
            host.remove_nics(guest.server_id, guest.nics)
            host.remove_network(NetworkId(new_uuid()))
            host.remove_disks(guest.server_id)


# State that survives


def test_a_restart_finds_the_same_guests(make: Callable[..., SimulatedHost], source: CountingSource) -> None:
    host = make()
    kept, removed = build(host, 2), build(host, 3)
    host.remove_domain(removed.server_id)
    host.remove_nics(removed.server_id, removed.nics)
    host.remove_disks(removed.server_id)
    before, log = host.holdings(), host.console_log(kept.server_id, 10_000)
    again = make()
    assert again.holdings() == before
    assert set(before.domains) == {kept.server_id}
    assert before.networks == {NETWORK.id}
    assert again.console_log(kept.server_id, 10_000) == log
    again.ensure_running(kept)
    again.ensure_image(IMAGE, NoCancel())
    assert source.opened == [IMAGE.id]


def test_a_restart_finds_no_network_that_was_removed(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    server_id, port = ServerId(new_uuid()), nic()
    host.ensure_nics(server_id, [port])
    assert NETWORK.id in refused_order(lambda: make().remove_network(NETWORK.id))
    host = make()
    host.remove_nics(server_id, [port])
    host.remove_network(NETWORK.id)
    for _ in range(2):  # as the journal was written, and as it was rewritten at the first start
        assert make().holdings().networks == frozenset()


def test_a_line_cut_short_is_ignored(make: Callable[..., SimulatedHost], tmp_path: Path) -> None:
    host = make()
    guest = build(host)
    host.close()
    journal = tmp_path / f"{NAME}.journal"
    journal.write_bytes(journal.read_bytes() + b'{"guest":{"server_id":"x","dis')
    again = make()
    assert set(again.holdings().domains) == {guest.server_id}
    other = build(again, 3)
    assert set(make().holdings().domains) == {guest.server_id, other.server_id}


def test_the_journal_is_for_us_only_and_shrinks(make: Callable[..., SimulatedHost], tmp_path: Path) -> None:
    """T-IMG6."""
    host = make()
    journal = tmp_path / f"{NAME}.journal"
    for _ in range(200):
        host.ensure_config_drive(ServerId("s"), {"a": b"b"})
    grown = journal.stat().st_size
    make()
    assert journal.stat().st_size < grown / 100
    assert journal.stat().st_mode & 0o777 == 0o600


def test_a_journal_that_grows_is_rewritten_while_in_use(
    make: Callable[..., SimulatedHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micronova.host.simulated_state._COMPACT_AFTER", 100)
    host = make()
    for _ in range(1000):
        host.ensure_config_drive(ServerId("s"), {"a": b"b"})
    assert len((tmp_path / f"{NAME}.journal").read_bytes().splitlines()) <= 101
    assert make().holdings().disks == {"s"}


_CHILD = """
import sys
from pathlib import Path
from tests.cluster.test_simulated_host import NAME, IMAGE, CONTENT, build
from tests.host_contract import CountingSource
from micronova.host.simulated import SimulatedHost
host = SimulatedHost(NAME, Path(sys.argv[1]), CountingSource({IMAGE.id: CONTENT}))
host.start()
for number in range(2, 60000):
    print(build(host, number).server_id, flush=True)
"""


def test_kill_9_loses_no_guest_that_was_reported(make: Callable[..., SimulatedHost], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout is not None
    reported = [process.stdout.readline().strip() for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    reported += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    assert set(reported) <= set(make().holdings().domains)


def test_simulated_hosts_have_the_same_names_at_each_start(tmp_path: Path, source: CountingSource) -> None:
    names = [host.name for host in simulated_hosts(3, tmp_path, source, SimulatedSettings())]
    assert names == ["simulated-001", "simulated-002", "simulated-003"]


def test_a_thousand_guests_cost_well_under_a_millisecond_per_verb(make: Callable[..., SimulatedHost]) -> None:
    host = make()
    start = time.thread_time()
    for number in range(1000):
        build(host, number)
    assert (time.thread_time() - start) / 5000 < 0.0005
    assert host.usage().running_vms == 1000


def test_many_threads_at_once(make: Callable[..., SimulatedHost]) -> None:
    host, failures = make(), list[MicronovaError]()

    def work(first: int) -> None:
        for number in range(first, first + 20):
            try:
                guest = build(host, number)
                host.remove_domain(guest.server_id)
                host.remove_nics(guest.server_id, guest.nics)
                host.remove_disks(guest.server_id)
            except MicronovaError as err:
                failures.append(err)

    threads = [threading.Thread(target=work, args=(index * 100 + 2,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    holdings = host.holdings()
    assert (dict(holdings.domains), holdings.disks, holdings.ports) == ({}, frozenset(), frozenset())

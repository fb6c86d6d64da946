"""The pure scheduler: who fits, who is best, and why the others do not."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.model.errors import Invalid
from micronova.model.ids import HostName, ProviderUuid
from micronova.scheduler import (
    Capacity,
    GroupPlacement,
    GroupPolicy,
    HostService,
    HostState,
    ImageRequirements,
    Options,
    Reason,
    Request,
    Snapshot,
    choose,
    explain_for_admin,
    explain_for_user,
)
from micronova.scheduler.filters import FILTERS, check_names
from micronova.scheduler.options import DEFAULT_FILTERS, DEFAULT_MULTIPLIERS
from micronova.scheduler.weighers import WEIGHERS


def host(
    name: str,
    *,
    vcpus: int = 16,
    memory: int = 16384,
    disk: int = 100,
    used: int = 0,
    traits: frozenset[str] = frozenset(),
) -> HostState:
    return HostState(
        name=HostName(name),
        provider=ProviderUuid(f"uuid-{name}"),
        inventories={
            "VCPU": Capacity(vcpus, 0, vcpus * 4, ratio=4.0, max_unit=vcpus),
            "MEMORY_MB": Capacity(memory, used, memory, max_unit=memory),
            "DISK_GB": Capacity(disk, 0, disk, max_unit=disk),
        },
        traits=traits,
    )


def ask(**changes: Any) -> Request:
    base = Request(seed="server", resources={"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 1})
    return replace(base, **changes)


def names(decision: Any) -> list[str]:
    return [candidate.host for candidate in decision.ranked]


def causes(decision: Any) -> dict[str, list[tuple[Reason, str]]]:
    return {one.host: [(cause.reason, cause.subject) for cause in one.causes] for one in decision.rejected}


def test_the_issues_own_sentence() -> None:
    snapshot = Snapshot(
        hosts=[
            host("a", used=16000, traits=frozenset({"HW_CPU_X86_AVX512F"})),
            host("b", used=12288, traits=frozenset({"HW_CPU_X86_AVX512F"})),
            host("c"),
        ]
    )
    request = ask(resources={"MEMORY_MB": 8192}, required_traits=frozenset({"HW_CPU_X86_AVX512F"}))
    decision = choose(request, snapshot)
    assert explain_for_user(decision) == (
        "No valid host was found: 3 hosts: 2 without enough memory, 1 without trait HW_CPU_X86_AVX512F"
    )
    assert explain_for_admin(decision).splitlines() == [
        "a: memory_mib: asked 8192, free 384 of 16384 at ratio 1.0",
        "b: memory_mib: asked 8192, free 4096 of 16384 at ratio 1.0",
        "c: without trait HW_CPU_X86_AVX512F",
    ]
    assert [one.reason_code for one in decision.rejected] == ["not_enough", "not_enough", "trait_missing"]
    assert decision.rejected[1].causes[0].numbers["free"] == 4096


def test_a_host_has_all_its_causes_and_counts_once() -> None:
    decision = choose(ask(resources={"VCPU": 99, "MEMORY_MB": 99999}), Snapshot(hosts=[host("a")]))
    assert causes(decision) == {"a": [(Reason.NOT_ENOUGH, "VCPU"), (Reason.NOT_ENOUGH, "MEMORY_MB")]}
    text = "No valid host was found: 1 host: 1 without enough vCPUs and without enough memory"
    assert explain_for_user(decision) == text
    assert explain_for_user(choose(ask(), Snapshot(hosts=[]))) == "No valid host was found: there are no hosts."


def test_more_vcpus_than_the_host_has_is_not_enough_though_the_ratio_would_allow() -> None:
    decision = choose(ask(resources={"VCPU": 17}), Snapshot(hosts=[host("a")]))
    assert causes(decision) == {"a": [(Reason.NOT_ENOUGH, "VCPU")]}
    assert explain_for_admin(decision) == "a: vcpus: asked 17, free 64 of 64 at ratio 4.0, at most 16 for one server"


def test_units_and_missing_classes() -> None:
    odd = replace(host("a"), inventories={"VCPU": Capacity(16, 0, 16, min_unit=2, step_size=2)})
    snapshot = Snapshot(hosts=[odd])
    assert causes(choose(ask(resources={"VCPU": 1}), snapshot)) == {"a": [(Reason.UNIT, "VCPU")]}
    assert causes(choose(ask(resources={"VCPU": 3}), snapshot)) == {"a": [(Reason.UNIT, "VCPU")]}
    assert causes(choose(ask(resources={"VGPU": 1}), snapshot)) == {"a": [(Reason.NO_RESOURCE, "VGPU")]}
    assert names(choose(ask(resources={"VCPU": 4, "VGPU": 0}), snapshot)) == ["a"]


def test_services_that_may_not_be_asked_have_that_as_their_only_cause() -> None:
    services = {
        HostName("off"): HostService(enabled=False, disabled_reason="fan broken"),
        HostName("down"): HostService(up=False),
        HostName("far"): HostService(zone="east"),
        HostName("ok"): HostService(),
    }
    hosts = [host(name) for name in ("off", "down", "far", "ok", "ghost")]
    snapshot = Snapshot(hosts=hosts, services=services)
    decision = choose(ask(availability_zone="nova", required_traits=frozenset({"CUSTOM_X"})), snapshot)
    assert causes(decision) == {
        "off": [(Reason.DISABLED, "")],
        "down": [(Reason.DOWN, "")],
        "far": [(Reason.OTHER_ZONE, "nova")],
        "ok": [(Reason.TRAIT_MISSING, "CUSTOM_X")],
        "ghost": [(Reason.NO_SERVICE, "")],
    }
    assert "fan broken" in explain_for_admin(decision)
    assert "fan broken" not in explain_for_user(decision)
    assert names(choose(ask(availability_zone="nova"), snapshot)) == ["ok"]
    assert set(names(choose(ask(), snapshot))) == {"ok", "far"}


def test_forced_and_tried_hosts() -> None:
    snapshot = Snapshot(hosts=[host("a"), host("b"), host("c")])
    decision = choose(ask(only_host=HostName("b")), snapshot)
    assert names(decision) == ["b"]
    assert causes(decision)["a"] == [(Reason.NOT_THE_FORCED_HOST, "")]
    decision = choose(ask(excluded_hosts=frozenset({HostName("a"), HostName("c")})), snapshot)
    assert names(decision) == ["b"]
    assert causes(decision)["c"] == [(Reason.ALREADY_TRIED, "")]


def test_traits() -> None:
    snapshot = Snapshot(hosts=[host("a", traits=frozenset({"T1", "T2"})), host("b", traits=frozenset({"T1"}))])
    assert names(choose(ask(required_traits=frozenset({"T1", "T2"})), snapshot)) == ["a"]
    decision = choose(ask(forbidden_traits=frozenset({"T2"})), snapshot)
    assert names(decision) == ["b"]
    assert causes(decision) == {"a": [(Reason.TRAIT_FORBIDDEN, "T2")]}


def test_hints_and_groups() -> None:
    snapshot = Snapshot(hosts=[host("a"), host("b"), host("c")])
    a, b = HostName("a"), HostName("b")
    assert names(choose(ask(same_hosts=frozenset({b})), snapshot)) == ["b"]
    assert names(choose(ask(same_hosts=frozenset()), snapshot)) == []
    assert set(names(choose(ask(different_hosts=frozenset({b})), snapshot))) == {"a", "c"}

    def grouped(policy: GroupPolicy, members: dict[HostName, int], most: int = 1) -> Any:
        group = GroupPlacement(policy=policy, members=members, max_server_per_host=most)
        return choose(ask(group=group), snapshot)

    assert names(grouped(GroupPolicy.AFFINITY, {b: 1})) == ["b"]
    assert len(names(grouped(GroupPolicy.AFFINITY, {}))) == 3
    assert set(names(grouped(GroupPolicy.ANTI_AFFINITY, {b: 1}))) == {"a", "c"}
    assert set(names(grouped(GroupPolicy.ANTI_AFFINITY, {b: 1, a: 2}, 2))) == {"b", "c"}
    assert names(grouped(GroupPolicy.SOFT_AFFINITY, {b: 1}))[0] == "b"
    assert names(grouped(GroupPolicy.SOFT_ANTI_AFFINITY, {a: 1, b: 2}))[::1] == ["c", "a", "b"]


def test_image_properties() -> None:
    services = {
        HostName("kvm"): HostService(
            supported_instances=[("x86_64", "kvm", "hvm"), ("i686", "kvm", "hvm")],
            capabilities={"hypervisor_version": 7002000},
        ),
        HostName("arm"): HostService(supported_instances=[("aarch64", "qemu", "hvm")]),
    }
    snapshot = Snapshot(hosts=[host("kvm"), host("arm")], services=services)
    for image, expected in (
        (ImageRequirements(), ["arm", "kvm"]),
        (ImageRequirements(architecture="amd64"), ["kvm"]),
        (ImageRequirements(architecture="ARM64", hypervisor_type="QEMU"), ["arm"]),
        (ImageRequirements(architecture="aarch64", hypervisor_type="kvm"), []),
        (ImageRequirements(vm_mode="hv"), ["arm", "kvm"]),
        (ImageRequirements(vm_mode="xen"), []),
        (ImageRequirements(hypervisor_version=">=6.0,<8"), ["kvm"]),
        (ImageRequirements(hypervisor_version=">=7.3"), []),
        (ImageRequirements(hypervisor_version="nonsense"), []),
    ):
        decision = choose(ask(image=image), snapshot)
        assert sorted(names(decision)) == expected, image
    assert causes(choose(ask(image=ImageRequirements(architecture="s390x")), snapshot))["kvm"] == [
        (Reason.IMAGE_PROPERTIES, "hw_architecture=s390x")
    ]


@pytest.mark.parametrize(
    "key, spec, fits",
    [
        ("capabilities:hypervisor_type", "QEMU", True),
        ("hypervisor_type", "QEMU", True),
        ("capabilities:hypervisor_type", "<or> KVM <or> QEMU", True),
        ("capabilities:hypervisor_type", "s== KVM", False),
        ("capabilities:hypervisor_type", "s!= KVM", True),
        ("capabilities:vcpus", ">= 8", True),
        ("capabilities:vcpus", "= 9", False),
        ("capabilities:vcpus", "== 8", True),
        ("capabilities:vcpus", "!= 8", False),
        ("capabilities:vcpus", "<= x", False),
        ("capabilities:vcpus", "", False),
        ("capabilities:cpu_info:features", "<in> avx2", True),
        ("capabilities:cpu_info:features", "<all-in> avx2 aes", True),
        ("capabilities:cpu_info:features", "<all-in> avx2 sse9", False),
        ("capabilities:cpu_info:nothing", "x", False),
        ("capabilities:nothing", "x", False),
        ("hw:cpu_policy", "dedicated", True),  # another scope: not this filter's
        ("trait:X", "required", True),
    ],
)
def test_compute_capabilities(key: str, spec: str, fits: bool) -> None:
    service = HostService(
        capabilities={"hypervisor_type": "QEMU", "vcpus": 8, "cpu_info": {"features": ["avx2", "aes"]}}
    )
    snapshot = Snapshot(hosts=[host("a")], services={HostName("a"): service})
    decision = choose(ask(extra_specs={key: spec}), snapshot)
    assert bool(decision.ranked) is fits
    if not fits:
        assert causes(decision) == {"a": [(Reason.CAPABILITY, key)]}


def test_a_filter_that_is_not_enabled_does_not_reject() -> None:
    snapshot = Snapshot(hosts=[host("a")], services={HostName("a"): HostService(up=False)})
    assert names(choose(ask(), snapshot, Options(enabled_filters=["AllHostsFilter"]))) == ["a"]
    assert causes(choose(ask(resources={"VGPU": 1}), snapshot, Options(enabled_filters=[])))


def test_names_are_novas_and_unknown_ones_are_refused() -> None:
    check_names(DEFAULT_FILTERS)
    assert set(DEFAULT_FILTERS) <= set(FILTERS)
    assert set(DEFAULT_MULTIPLIERS) == set(WEIGHERS)
    with pytest.raises(Invalid, match="NoSuchFilter"):
        check_names(["ComputeFilter", "NoSuchFilter"])


def test_more_free_is_better_and_a_multiplier_turns_it_round() -> None:
    snapshot = Snapshot(hosts=[host("full", used=9000), host("empty"), host("half", used=5000)])
    assert names(choose(ask(), snapshot)) == ["empty", "half", "full"]
    stack = Options(multipliers={"RAMWeigher": -1.0})
    assert names(choose(ask(), snapshot, stack)) == ["full", "half", "empty"]


def test_hosts_with_builds_in_flight_come_later() -> None:
    snapshot = Snapshot(hosts=[host("a"), host("b"), host("c")], builds={HostName("a"): 3, HostName("c"): 1})
    assert names(choose(ask(), snapshot)) == ["b", "c", "a"]


def test_equal_hosts_are_chosen_by_the_seed() -> None:
    snapshot = Snapshot(hosts=[host(f"h{n:02}") for n in range(16)])
    first = Counter(names(choose(ask(seed=f"server-{n}"), snapshot))[0] for n in range(1600))
    assert len(first) == 16
    assert max(first.values()) < 160  # 100 each, were the dice perfect
    assert choose(ask(seed="x"), snapshot) == choose(ask(seed="x"), snapshot)
    subset = Options(host_subset_size=4, multipliers={"RAMWeigher": 1.0})
    ranked = Snapshot(hosts=[host(f"h{n:02}", used=n * 100) for n in range(16)])
    chosen = {names(choose(ask(seed=str(n)), ranked, subset))[0] for n in range(200)}
    assert chosen == {"h00", "h01", "h02", "h03"}


def test_a_burst_spreads_evenly_over_idle_hosts() -> None:
    """Nova's default settings pile a burst of 200 onto one of 16 idle hosts."""
    taken = dict.fromkeys((f"h{n:02}" for n in range(16)), 0)
    for n in range(200):
        hosts = [host(name, memory=65536, used=count * 512) for name, count in taken.items()]
        taken[names(choose(ask(seed=f"s{n}"), Snapshot(hosts=hosts)))[0]] += 1
    assert max(taken.values()) - min(taken.values()) <= 1


def test_admins_see_the_first_hosts_and_how_many_more() -> None:
    decision = choose(ask(resources={"VGPU": 1}), Snapshot(hosts=[host(f"h{n}") for n in range(120)]))
    lines = explain_for_admin(decision).splitlines()
    assert len(lines) == 51 and lines[-1] == "... and 70 more hosts"
    assert explain_for_user(decision) == "No valid host was found: 120 hosts: 120 without any VGPU"


def test_many_different_causes_are_summed_up() -> None:
    hosts = [host(f"h{n}", traits=frozenset({f"T{n}"})) for n in range(12)]
    required = frozenset(f"T{n}" for n in range(12))
    text = explain_for_user(choose(ask(required_traits=required), Snapshot(hosts=hosts)))
    assert text.endswith("4 for other reasons")


_small = st.integers(0, 20)


@given(
    hosts=st.lists(st.tuples(_small, _small, st.booleans(), st.booleans()), max_size=8),
    vcpus=st.integers(1, 20),
    memory=st.integers(1, 20),
    trait=st.booleans(),
)
def test_every_host_is_ranked_or_rejected_and_ranked_ones_fit(
    hosts: list[tuple[int, int, bool, bool]], vcpus: int, memory: int, trait: bool
) -> None:
    states, services = [], {}
    for n, (free_cpus, free_memory, has_trait, up) in enumerate(hosts):
        name = HostName(f"secret-host-{n}")
        states.append(
            HostState(
                name=name,
                provider=ProviderUuid(f"secret-{n}"),
                inventories={"VCPU": Capacity(20, 0, free_cpus), "MEMORY_MB": Capacity(20, 20 - free_memory, 20)},
                traits=frozenset({"T"}) if has_trait else frozenset(),
            )
        )
        services[name] = HostService(up=up)
    request = Request(
        seed="s", resources={"VCPU": vcpus, "MEMORY_MB": memory}, required_traits=frozenset({"T"} if trait else ())
    )
    decision = choose(request, Snapshot(hosts=states, services=services))
    ranked, rejected = names(decision), [one.host for one in decision.rejected]
    assert sorted(itertools.chain(ranked, rejected)) == sorted(state.name for state in states)
    for n, (free_cpus, free_memory, has_trait, up) in enumerate(hosts):
        fits = up and vcpus <= free_cpus and memory <= free_memory and (has_trait or not trait)
        assert (f"secret-host-{n}" in ranked) is fits
    weights = [candidate.weight for candidate in decision.ranked]
    assert weights == sorted(weights, reverse=True)
    # T-API10: counts and codes only.
    assert "secret" not in explain_for_user(decision)

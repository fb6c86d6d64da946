"""The table of extra specs: every kind of check, free parts of names, unknown names."""

from __future__ import annotations

import pytest

from micronova.compute.flavor_extra_specs import validate
from micronova.model.errors import Invalid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hw:cpu_policy", "mixed"),
        ("hw:cpu_sockets", "2"),
        ("hw:cpu_realtime", "yes"),
        ("hw:cpu_realtime_mask", "^0-1"),
        ("hw:mem_page_size", "2MB"),
        ("hw:numa_cpus.0", "0-3,^2"),
        ("hw:numa_mem.12", "1024"),
        ("hw:pmem", "6GB,2GB"),
        ("hw:mem_encryption_model", "amd-sev-es"),
        ("hw_rng:rate_bytes", "0"),
        ("hw_video:ram_max_mb", "64"),
        ("os:secure_boot", "required"),
        ("quota:cpu_shares_level", "custom"),
        ("quota:disk_total_iops_sec", "100"),
        ("quota:vif_inbound_peak", "5"),
        ("quota:cpu_quota", "0"),
        ("resources:VCPU", "0"),
        ("resources1:CUSTOM_GPU", "1"),
        ("resources_abc-1:MEMORY_MB", "5"),
        ("trait:HW_CPU_X86_AVX2", "required"),
        ("trait_a:CUSTOM_BLUE", "forbidden"),
        ("group_policy", "isolate"),
        ("hide_hypervisor_id", "true"),
        ("pci_passthrough:alias", "gpu:1,nic:2"),
        ("accel:device_profile", "fpga"),
        ("aggregate_instance_extra_specs:ssd", "<or> a <or> b"),
        ("capabilities:cpu_info:features", "<in> fpu"),
        ("capabilities:vcpus", ">= 5"),
        ("anything", "goes without a namespace"),
        ("my_company:colour", "blue"),
    ],
)
def test_accepted(name: str, value: str) -> None:
    validate(name, value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("hw:cpu_policy", "none", "'none' is not one of: dedicated, shared, mixed (extra spec 'hw:cpu_policy')"),
        ("hw:cpu_sockets", "0", "'0' is less than the min value of '1' (extra spec 'hw:cpu_sockets')"),
        ("hw:cpu_sockets", "two", "'two' is not a valid integer value"),
        ("hw:redirected_usb_ports", "16", "'16' is greater than the max value of '15'"),
        ("hw:cpu_realtime", "perhaps", "'perhaps' is not a valid boolean-like value"),
        ("hw:mem_page_size", "huge", "'huge' is not of the format"),
        ("hw:numa_cpus.x", "0", "'hw:numa_cpus.x' does not appear to be a valid extra spec."),
        ("hw:numa_node", "1", "Did you mean 'hw:numa_nodes'?"),
        ("os:secure_boot", "optional", "disabled, required"),
        ("resources:VCPUS", "1", "Did you mean 'resources:VCPU'?"),
        ("resources:VCPU", "1.5", "not a valid integer value"),
        ("trait:HW_CPU_X86_AVX3", "required", "does not appear to be a valid extra spec."),
        ("trait:CUSTOM_BLUE", "maybe", "'maybe' is not one of: required, forbidden"),
        ("trait:CUSTOM_blue", "required", "does not appear to be a valid extra spec."),
        ("quota:gpu_shares", "1", "does not appear to be a valid extra spec."),
        ("quota:cpu_quota", "-1", "less than the min value of '0'"),
        ("capabilities:colour", "blue", "does not appear to be a valid extra spec."),
        ("pci_passthrough:alias", "gpu", "is not of the format"),
        ("group_policy", "any", "isolate, none"),
    ],
)
def test_refused(name: str, value: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate(name, value)
    assert refused.value.message.startswith("Validation failed; ")
    assert text in refused.value.message


@pytest.mark.parametrize("name", ["trait" + "a" * 65 + ":CUSTOM_X", "hw", "HW:cpu_policy", ":", "x:"])
def test_what_is_in_no_known_namespace_passes(name: str) -> None:
    validate(name, "value")

"""What is said about options without effect, old names and typing errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronova.settings import review
from micronova.settings.files import ConfigFile


def say(group: str, name: str, read: frozenset[str] = frozenset()) -> list[str]:
    return review.warnings([ConfigFile(Path("/etc/nova.conf"), {group: {name: ["x"]}})], read)


def test_an_option_that_something_reads_is_not_mentioned() -> None:
    assert say("libvirt", "virt_type", frozenset({"libvirt.virt_type"})) == []


def test_an_option_that_nothing_reads_is_mentioned_though_it_is_declared() -> None:
    assert say("libvirt", "virt_type") == [
        "/etc/nova.conf: [libvirt] virt_type: has no effect in this version of micronova"
    ]


def test_an_option_of_nova_that_we_do_not_have() -> None:
    assert say("neutron", "auth_url") == [
        "/etc/nova.conf: [neutron] auth_url: has no effect in this version of micronova"
    ]


@pytest.mark.parametrize(
    ("group", "name", "suggestion"),
    [
        ("libvirt", "virt_typ", "did you mean virt_type?"),
        ("libvirt", "virt-type", "did you mean virt_type?"),
        ("DEFAULT", "virt_type", "did you mean [libvirt] virt_type?"),
        ("quota", "quota_cores", "did you mean [DEFAULT] quota_cores?"),
        ("libvrt", "something", "did you mean the group [libvirt]?"),
        ("DEFAULT", "log-file", "did you mean log_file?"),
    ],
)
def test_an_unknown_option_gets_a_suggestion(group: str, name: str, suggestion: str) -> None:
    [warning] = say(group, name)
    assert warning.startswith(f"/etc/nova.conf: [{group}] {name}: there is no such option")
    assert suggestion in warning


def test_an_unknown_option_without_anything_near() -> None:
    assert say("libvirt", "zzzzzz") == ["/etc/nova.conf: [libvirt] zzzzzz: there is no such option; ignored"]


def test_an_old_name_of_an_option_that_is_read() -> None:
    assert say("DEFAULT", "quota_cores", frozenset({"quota.cores"})) == [
        "/etc/nova.conf: [DEFAULT] quota_cores is the old name of [quota] cores: use that"
    ]


def test_every_option_declared_is_novas_or_marked_as_ours() -> None:
    from micronova.settings.option import options_of
    from micronova.settings.settings import groups

    for group, _, kind in groups():
        for name, option in options_of(kind):
            assert (f"{group}.{name}" in review.nova_options()) != option.ours, f"{group}.{name}"
            for old in option.deprecated:
                assert old in review.nova_options()


def test_the_list_of_novas_options_is_sorted() -> None:
    lines = [
        line
        for line in (Path(review.__file__).parent / "nova_options.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert lines == sorted(set(lines))
    assert len(lines) > 1000

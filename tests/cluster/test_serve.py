"""``micronova serve`` as a process: what the first start makes, what later ones keep, and how it refuses."""

from __future__ import annotations

import json
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
import yaml

from workshop.serving import PROGRAM, Serving


def refused(*arguments: str) -> str:
    """Standard error of a serve that must not start."""
    command = [str(PROGRAM), "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path / "state", hosts=1)
    serving.start()
    yield serving
    serving.kill()


def login(serving: Serving, cloud: str) -> httpx.Response:
    auth = yaml.safe_load(serving.clouds_yaml.read_text())["clouds"][cloud]["auth"]
    user = {"name": auth["username"], "password": auth["password"], "domain": {"name": auth["user_domain_name"]}}
    scope = {"project": {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    return httpx.post(f"{serving.url}/identity/v3/auth/tokens", json=body, timeout=30)


def test_first_start_makes_it_all_and_later_starts_keep_it(serving: Serving) -> None:
    for name in ("clouds.yaml", "openrc", "identity.keys", "micronova.db"):
        assert stat.S_IMODE((serving.folder / name).stat().st_mode) == 0o600, name
    files = {name: (serving.folder / name).read_bytes() for name in ("clouds.yaml", "identity.keys", "id")}
    admin = login(serving, "micronova-admin")
    assert admin.status_code == 201 and login(serving, "micronova").status_code == 201
    serving.stop()
    serving.start()
    assert files == {name: (serving.folder / name).read_bytes() for name in files}
    token = admin.headers["X-Subject-Token"]
    answer = httpx.get(f"{serving.url}/compute/v2.1/flavors", headers={"X-Auth-Token": token})
    assert [flavor["name"] for flavor in answer.json()["flavors"]], "the old token lives, the flavors are there"
    assert "ready at " + serving.url in serving.log.read_text()


def test_healthz_names_the_parts(serving: Serving) -> None:
    status, body = serving.health()
    document = json.loads(body)
    assert (status, document["status"]) == (200, "ok")
    assert set(document["checks"]) == {"database", "operations", "hosts", "audit"}


def test_a_second_process_on_the_state_directory_is_refused_with_the_pid_of_the_first(serving: Serving) -> None:
    assert serving.process is not None
    text = refused("--state-dir", str(serving.folder), "--listen", "127.0.0.1:0", "--simulated-hosts", "1")
    assert f"in use by another micronova (pid {serving.process.pid})" in text
    assert serving.health()[0] == 200


def test_an_address_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = refused("--state-dir", str(tmp_path / "s"), "--listen", f"127.0.0.1:{port}")
    assert f"--listen 127.0.0.1:{port}" in text and "choose another" in text
    assert not (tmp_path / "s" / "micronova.db").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--listen", "nowhere"], "give HOST:PORT"),
        (["--database", "mysql://x/y"], "sqlite:///PATH or postgresql://"),
        (["--config-file", "/nonexistent/nova.conf"], "/nonexistent/nova.conf"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, arguments: list[str], expected: str) -> None:
    assert expected in refused("--state-dir", str(tmp_path / "s"), *arguments)


def test_a_wrong_value_in_nova_conf_names_option_value_and_what_is_allowed(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text("[libvirt]\nvirt_type = kvn\n")
    text = refused("--state-dir", str(tmp_path / "s"), "--config-file", str(conf))
    assert all(word in text for word in ("nova.conf", "virt_type", "kvn", "kvm", "qemu"))


def test_a_role_of_control_has_no_host(tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state", arguments=["--role", "control"])
    serving.start()
    try:
        assert json.loads(serving.health()[1])["checks"]["hosts"]["count"] == 0
        assert login(serving, "micronova").status_code == 201
    finally:
        serving.stop()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state", hosts=1)
    serving.start()
    serving.stop()
    with sqlite3.connect(serving.folder / "micronova.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    text = refused("--state-dir", str(serving.folder), "--listen", "127.0.0.1:0", "--simulated-hosts", "1")
    assert "revision 9999" in text


def test_an_operators_policy_beside_nova_conf_counts(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text('"os_compute_api:flavors": "!"\n"os_compute_api:os-keypairs:index": "!"\n')
    (tmp_path / "nova.conf").write_text("[DEFAULT]\n")
    serving = Serving(tmp_path / "state", hosts=1, arguments=["--config-file", str(tmp_path / "nova.conf")])
    serving.start()
    try:
        token = login(serving, "micronova").headers["X-Subject-Token"]
        answer = httpx.get(f"{serving.url}/compute/v2.1/os-keypairs", headers={"X-Auth-Token": token})
        assert answer.status_code == 403
    finally:
        serving.stop()

"""The path of ``make demo`` on this machine's libvirt, with the real command as a process."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from workshop.serving import ROOT, Serving, client_environment

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.core]
GUEST_TIMEOUT_S = 180.0


class Command:
    """The ``openstack`` command as a process, as one cloud."""

    def __init__(self, clouds_yaml: Path, cloud: str) -> None:
        self._environment = client_environment(clouds_yaml, cloud)

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [ROOT / ".venv/bin/openstack", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, f"openstack {' '.join(arguments)}: {done.stderr}"
        return done.stdout


@pytest.mark.timeout(600)
def test_guest_boots_speaks_and_takes_a_login(libvirt_serving: Serving, guest_image: Path, tmp_path: Path) -> None:
    user = Command(libvirt_serving.clouds_yaml, "micronova")
    admin = Command(libvirt_serving.clouds_yaml, "micronova-admin")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    user_data = tmp_path / "user-data"
    user_data.write_text("#!/bin/sh\necho compat: hello from $(hostname)\n")

    user("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", str(guest_image), "guest")
    admin("flavor", "create", "--vcpus", "1", "--ram", "256", "--disk", "1", "guest.small")
    user("keypair", "create", "--public-key", f"{key}.pub", "guest")
    network = json.loads(user("network", "list", "-f", "json"))[0]["Name"]
    user(
        *(
            "server",
            "create",
            "--image",
            "guest",
            "--flavor",
            "guest.small",
            "--key-name",
            "guest",
            "--network",
            network,
        ),
        *("--user-data", str(user_data), "--use-config-drive", "--wait", "real"),
    )
    try:
        deadline = time.monotonic() + GUEST_TIMEOUT_S
        while "compat: hello from real" not in (log := user("console", "log", "show", "real")):
            assert time.monotonic() < deadline, f"the guest said only: {log[-2000:]}"
        address = json.loads(user("server", "show", "real", "-f", "json"))["addresses"][network][0]
        options = (
            "-oBatchMode=yes",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oConnectTimeout=5",
        )
        ssh = ["ssh", "-i", str(key), *options, f"guest@{address}", "hostname"]
        while (done := subprocess.run(ssh, capture_output=True, text=True)).returncode != 0:
            assert time.monotonic() < deadline, f"no login: {done.stderr}"
        assert done.stdout.strip() == "real"
    finally:
        user("server", "delete", "--wait", "real")
    user("keypair", "delete", "guest")
    user("image", "delete", "guest")
    admin("flavor", "delete", "guest.small")

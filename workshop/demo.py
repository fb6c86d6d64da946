"""``make demo``: a real guest, from nothing, through the unmodified ``openstack`` client; then all is deleted again."""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from workshop.narration import Narration, StepFailed
from workshop.serving import ROOT, ServeFailed, Serving, client_environment, state_dir

OPENSTACK = str(ROOT / ".venv/bin/openstack")
NAME = "demo"
FLAVOR = "demo.small"
GUEST_USER = "guest"
# What the user data prints on the guest's console; nobody but the running guest can know the kernel's name.
GREETING = "demo: hello from"
USER_DATA = f"""#!/bin/sh
echo "{GREETING} $(hostname): $(uname -sr), $(nproc) CPU, $(awk '/MemTotal/{{print int($2/1024)}}' /proc/meminfo) MiB"
"""
GUEST_TIMEOUT_S = 180.0
# Between looks at the console: each one starts the client, and takes processor time from the guest.
LOOK_AGAIN_S = 1.0
TABLE_WIDTH = "120"


class Demo:
    """The show: its parts in order, each with what takes it back."""

    def __init__(self, setup_s: float) -> None:
        self.tell = Narration("demo")
        self.tell.took.append(("set-up (packages, .venv)", setup_s))
        self.folder = state_dir("demo")
        self.serving = Serving(self.folder)
        self.work = ROOT / ".cache"
        self.key = self.work / "demo-key"
        # Exists while a demo is under way; found at a start, the demo before was killed.
        self.unfinished = self.work / "demo-unfinished"
        self.address = ""
        self.client_runs = 0
        self.client_s = 0.0
        self.undo = ExitStack()

    def play(self) -> None:
        """All parts.  Raises StepFailed or ServeFailed; whatever happens, what was made is taken back."""
        try:
            with self.undo:
                self._prepare()
                self._serve()
                self._offer()
                self._create()
                self._watch_boot()
                self._show()
                self._log_in()
            shutil.rmtree(self.folder)
        finally:
            self.key.unlink(missing_ok=True)
            self.key.with_suffix(".pub").unlink(missing_ok=True)

    def openstack(self, *arguments: str, admin: bool = False, quiet: bool = False) -> str:
        """Run the real client, as the project's user or as the admin."""
        cloud = "micronova-admin" if admin else "micronova"
        began = time.monotonic()
        try:
            return self.tell.run(
                *(OPENSTACK, *arguments),
                shown=f"OS_CLOUD={cloud} openstack {' '.join(arguments)}",
                environment=client_environment(self.serving.clouds_yaml, cloud) | {"CLIFF_MAX_TERM_WIDTH": TABLE_WIDTH},
                quiet=quiet,
            )
        finally:
            self.client_runs += 1
            self.client_s += time.monotonic() - began

    def _prepare(self) -> None:
        with self.tell.step("libvirt"):
            ours = self.work / "libvirt/libvirtd.pid"
            ran_before = ours.exists()
            self.tell.run("scripts/libvirt-up")
            if ours.exists() and not ran_before:
                self.undo.callback(self.tell.run, "scripts/libvirt-down")
        with self.tell.step("guest image"):
            self.image = self.tell.run("scripts/guest-image").splitlines()[-1]
        self.key.unlink(missing_ok=True)
        self.tell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f", str(self.key), quiet=True)
        (self.work / "demo-user-data").write_text(USER_DATA)

    def _serve(self) -> None:
        with self.tell.step("micronova serve, until it is healthy"):
            self.serving.log.unlink(missing_ok=True)
            print(f"$ {self.serving.command} &")
            self.undo.callback(self._stop)
            seconds = self.serving.start()
            self.tell.say(
                f"pid {self.serving.process and self.serving.process.pid}, {seconds:.1f} s; log {self.serving.log}"
            )
            self.tell.say(f"export OS_CLIENT_CONFIG_FILE={self.serving.clouds_yaml}")
        if self.unfinished.exists():
            with self.tell.step("left over by a demo that was killed"):
                self._forget_leftovers()
        self.unfinished.touch()

    def _stop(self) -> None:
        if self.serving.process is not None:
            with self.tell.step("stop micronova"):
                print(f"$ kill -TERM {self.serving.process.pid}")
                self.serving.stop()

    def _offer(self) -> None:
        """Image, flavor and keypair.  Undos are pushed as things are made, and so run in the opposite order."""
        self.undo.callback(self.unfinished.unlink)
        with self.tell.step("image, flavor, keypair"):
            made = ("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", self.image)
            self._make(made, NAME, ("image", "delete", NAME))
            size = ("--vcpus", "1", "--ram", "256", "--disk", "1", "--property", "hw_rng:allowed=True")
            self._make(("flavor", "create", *size), FLAVOR, ("flavor", "delete", FLAVOR), admin=True)
            public = str(self.key.with_suffix(".pub"))
            self._make(("keypair", "create", "--public-key", public), NAME, ("keypair", "delete", NAME))

    def _make(self, create: tuple[str, ...], name: str, delete: tuple[str, ...], *, admin: bool = False) -> None:
        self.openstack(*create, name, admin=admin)
        self.undo.callback(self._delete, delete, admin)

    def _delete(self, command: tuple[str, ...], admin: bool) -> None:
        with self.tell.step(f"delete the {command[0]}"):
            self.openstack(*command, admin=admin)

    def _create(self) -> None:
        with self.tell.step("server, until it is ACTIVE"):
            network = self.openstack("network", "list", "-f", "value", "-c", "Name").splitlines()[0]
            # It would outlive micronova, for guests that do.
            self.undo.callback(self._delete, ("network", "delete", network), True)
            # Also when creating fails: then there is a server in ERROR.
            self.undo.callback(self._delete_server)
            made_of = ("--image", NAME, "--flavor", FLAVOR, "--key-name", NAME, "--network", network)
            told = ("--user-data", str(self.work / "demo-user-data"), "--use-config-drive")
            try:
                self.openstack("server", "create", *made_of, *told, "--wait", NAME)
            except StepFailed:
                self._try("server", "show", NAME, "-c", "status", "-c", "fault")
                raise

    def _delete_server(self) -> None:
        with self.tell.step("delete the server"):
            self.openstack("server", "delete", "--wait", NAME)

    def _watch_boot(self) -> None:
        with self.tell.step("the guest's own words on its console"):
            command = ("console", "log", "show", NAME)
            self._until(
                lambda: GREETING in self.openstack(*command, quiet=True), "the guest said nothing on its console"
            )
            text = self.openstack(*command)
            if GREETING not in text:
                raise StepFailed("the console log lost what the guest had said")

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + GUEST_TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise StepFailed(f"{otherwise} within {GUEST_TIMEOUT_S:.0f} s")
            time.sleep(LOOK_AGAIN_S)

    def _show(self) -> None:
        with self.tell.step("the server, its addresses, its actions"):
            shown = self.openstack("server", "show", NAME)
            found = re.search(r"\|\s*addresses\s*\|.*?(\d+\.\d+\.\d+\.\d+)", shown)
            if found is None:
                raise StepFailed("`openstack server show` shows no IPv4 address")
            self.address = found.group(1)
            self.openstack("server", "event", "list", NAME)

    def _log_in(self) -> None:
        with self.tell.step("ssh with the keypair"):
            options = {
                "BatchMode": "yes",
                "IdentitiesOnly": "yes",
                "StrictHostKeyChecking": "no",
                "UserKnownHostsFile": "/dev/null",
                "LogLevel": "ERROR",
                "ConnectTimeout": "5",
            }
            command = ["ssh", "-i", str(self.key), *(f"-o{name}={value}" for name, value in options.items())]
            command += [f"{GUEST_USER}@{self.address}", "hostname && uname -a && ip -4 -o addr show scope global"]
            print(
                f"$ ssh -i {self.key} {GUEST_USER}@{self.address} 'hostname && uname -a && ip -4 -o addr ...'",
                flush=True,
            )

            def answers() -> bool:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                if done.returncode == 0:
                    print(done.stdout.rstrip(), flush=True)
                return done.returncode == 0 and NAME in done.stdout

            self._until(answers, f"no ssh login on {self.address}")

    def _forget_leftovers(self) -> None:
        for command in (("server", "delete", "--wait"), ("keypair", "delete"), ("image", "delete")):
            self._try(*command, NAME)
        self._try("flavor", "delete", FLAVOR, admin=True)

    def _try(self, *command: str, admin: bool = False) -> None:
        try:
            self.openstack(*command, admin=admin)
        except StepFailed as err:
            self.tell.say(str(err))


def _end_in_order(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    """Play it; 0 when all of it was shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup-began", type=float, default=time.time(), help="when the set-up began, UNIX time")
    setup_s = time.time() - parser.parse_args().setup_began
    signal.signal(signal.SIGTERM, _end_in_order)
    demo = Demo(setup_s)
    try:
        demo.play()
    except (StepFailed, ServeFailed) as err:
        print(file=sys.stderr)
        for part, why in demo.tell.failures:
            print(f"demo: FAILED in '{part}': {why}", file=sys.stderr)
        if isinstance(err, StepFailed):
            print(demo.serving.log_end(), file=sys.stderr)
        print(f"demo: the log is {demo.serving.log}, the state is in {demo.folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; what was made is deleted again", file=sys.stderr)
        return 130
    demo.tell.table()
    demo.tell.say(f"of that, {demo.client_runs} runs of the openstack client took {demo.client_s:.1f} s")
    demo.tell.say(
        "shown: a real guest booted from an uploaded image, spoke on its console, took a login by ssh and was deleted, "
        f"{sum(seconds for _, seconds in demo.tell.took):.0f} s in all"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Creating real guests, ours and the floor in turns: one at a time, and twenty at once."""

from __future__ import annotations

import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.api import Api, timed
from benchmarks.floor import Floor
from benchmarks.report import Figure
from benchmarks.site import started
from workshop.serving import ROOT, Serving

SINGLE_ROUNDS = 9
CROWD = 20
CROWD_ROUNDS = 3


@dataclass(frozen=True)
class _Order:
    """What every server of this benchmark is made of."""

    image: str
    flavor: str
    network: str

    def place(self, api: Api, name: str) -> str:
        return api.create(name, self.image, self.flavor, [{"uuid": self.network}])


def measure() -> list[Figure]:
    """On the libvirt of this machine, with the guest of scripts/guest-image."""
    image = Path(
        subprocess.run([ROOT / "scripts/guest-image"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    )
    with started("create") as serving:
        api = Api(serving.clouds_yaml)
        order = _Order(api.upload("guest", image), api.flavor("bench.small", 256, 1), api.network_ids()[0])
        first = order.place(api, "first")  # fills the image cache
        api.wait_active(first)
        floor_image = serving.folder.with_name(f"{serving.folder.name}-floor") / "image.qcow2"
        floor = Floor.like(first, floor_image, floor_image.parent)
        floor_image.write_bytes(image.read_bytes())
        api.delete(first)
        api.wait_gone(first)
        try:
            return [*_single(api, order, floor), *_crowd(serving, order, floor)]
        finally:
            api.delete_all()
            floor.close()


def _single(api: Api, order: _Order, floor: Floor) -> list[Figure]:
    ours, floors, answers = [], [], []
    for number in range(SINGLE_ROUNDS):
        servers: list[str] = []

        def create(name: str = f"one-{number}", servers: list[str] = servers) -> None:
            answers.append(timed(lambda: servers.append(order.place(api, name))))
            api.wait_active(servers[0])

        ours.append(timed(create))
        api.delete(servers[0])
        api.wait_gone(servers[0])
        command, name = floor.command()
        floors.append(timed(lambda command=command: subprocess.run(command, shell=True, check=True)))  # type: ignore[misc]
        floor.destroy(name)
    accepted = Figure(what="POST /servers to 202", value=statistics.median(answers) * 1000, unit="ms")
    return [*_compared("create to ACTIVE", ours, floors, openstack_s=2.7), accepted]


def _crowd(serving: Serving, order: _Order, floor: Floor) -> list[Figure]:
    apis = [Api(serving.clouds_yaml) for _ in range(CROWD)]
    ours, floors = [], []
    with ThreadPoolExecutor(CROWD) as clients:
        for number in range(CROWD_ROUNDS):

            def create_all(number: int = number) -> None:
                names = [f"crowd-{number}-{n}" for n in range(CROWD)]
                list(clients.map(order.place, apis, names))
                apis[0].wait_all_built(0.05)

            ours.append(timed(create_all))
            apis[0].delete_all()
            made = [floor.command() for _ in range(CROWD)]

            def floor_all(made: list[tuple[str, str]] = made) -> None:
                started = [subprocess.Popen(command, shell=True) for command, _ in made]
                statuses = [process.wait() for process in started]
                if any(statuses):
                    raise RuntimeError("virsh create failed")

            floors.append(timed(floor_all))
            for _, name in made:
                floor.destroy(name)
    # The 43-77 s: the better end, so that the comparison is fair.
    return _compared(f"{CROWD} at once, the last ACTIVE", ours, floors, openstack_s=43)


def _compared(what: str, ours: list[float], floors: list[float], openstack_s: float) -> list[Figure]:
    value, floor = statistics.median(ours), statistics.median(floors)
    return [
        Figure(
            what=what,
            value=value,
            unit="s",
            openstack=openstack_s,
            note=f"median of {len(ours)}, {min(ours):.2f}-{max(ours):.2f} s",
        ),
        Figure(what="  the floor", value=floor, unit="s", note=f"{min(floors):.2f}-{max(floors):.2f} s"),
        Figure(what="  ours / floor", value=value / floor, unit="", limit=1.15, openstack=openstack_s / floor),
    ]

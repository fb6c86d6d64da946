"""A thousand servers on sixteen simulated hosts by eight clients, on each database; then what requests cost."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.api import Api, percentile, timed
from benchmarks.report import Figure
from benchmarks.site import started
from tests.postgres import PostgresCluster
from workshop.serving import Serving

SERVERS = 1000
HOSTS = 16
CLIENTS = 8


def measure() -> list[tuple[str, list[Figure]]]:
    """A section for each database."""
    with started("burst-sqlite", hosts=HOSTS) as serving:
        sqlite = [*_burst(serving), *_requests(serving)]
    with (
        PostgresCluster(durable=True) as cluster,
        started("burst-postgresql", hosts=HOSTS, database=cluster.create("micronova")) as serving,
    ):
        postgresql = [*_burst(serving), *_requests(serving)]
    return [(f"{SERVERS} servers, SQLite", sqlite), (f"{SERVERS} servers, PostgreSQL", postgresql)]


def _burst(serving: Serving) -> list[Figure]:
    api = Api(serving.clouds_yaml)
    empty = [timed(lambda: api.compute("GET", "/servers")) for _ in range(50)]
    image = api.upload("empty", _tiny_image(serving.folder))
    flavor = api.flavor("bench.tiny", 64, 1)
    apis = [Api(serving.clouds_yaml) for _ in range(CLIENTS)]

    def client(number: int) -> None:
        for n in range(number, SERVERS, CLIENTS):
            apis[number].create(f"burst-{n}", image, flavor, "none")

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    accepted_s = time.perf_counter() - began
    api.wait_all_built()
    active_s = time.perf_counter() - began

    servers = api.compute("GET", "/servers/detail?limit=1000")["servers"]
    active = [server for server in servers if server["status"] == "ACTIVE"]
    if len(active) != SERVERS:
        raise RuntimeError(f"{len(active)} of {SERVERS} servers are ACTIVE")
    spread = Counter(server["OS-EXT-SRV-ATTR:host"] for server in active)
    fewest = min(spread.values()) if len(spread) == HOSTS else 0
    return [
        Figure(what="GET /servers, none there, p50", value=percentile(empty, 50) * 1000, unit="ms", openstack=36),
        Figure(
            what=f"accepted and ACTIVE, {CLIENTS} clients, {HOSTS} hosts",
            value=SERVERS / active_s,
            unit="per s",
            limit=40,
            at_least=True,
            openstack=200 / 191,
            note=f"all ACTIVE after {active_s:.1f} s, the last 202 after {accepted_s:.1f} s",
        ),
        Figure(
            what="servers on the fullest host",
            value=max(spread.values()),
            unit="",
            note=f"the emptiest has {fewest}, even is {SERVERS / HOSTS:.1f}; OpenStack: a burst of 200 on one host",
        ),
        Figure(what="memory with them (PSS)", value=serving.memory_pss_mib(), unit="MiB"),
    ]


def _requests(serving: Serving) -> list[Figure]:
    api = Api(serving.clouds_yaml)
    ids = [server["id"] for server in api.compute("GET", "/servers?limit=1000")["servers"]]
    tokens = [timed(api.log_in) for _ in range(40)]
    one = [timed(lambda n=n: api.compute("GET", f"/servers/{ids[n % len(ids)]}")) for n in range(1000)]  # type: ignore[misc]
    many = [timed(lambda: api.compute("GET", "/servers/detail?limit=1000")) for _ in range(15)]
    return [
        Figure(what="token by password, p50", value=percentile(tokens, 50) * 1000, unit="ms", limit=60, openstack=330),
        Figure(what="GET /servers/{id}, p50", value=percentile(one, 50) * 1000, unit="ms", limit=5, openstack=57),
        Figure(what="GET /servers/{id}, p99", value=percentile(one, 99) * 1000, unit="ms"),
        Figure(
            what="GET /servers/detail?limit=1000",
            value=statistics.median(many) * 1000,
            unit="ms",
            limit=120,
            openstack=7100,
            note="with the client's decoding",
        ),
    ]


def _tiny_image(folder: Path) -> Path:
    """A qcow2 with a MiB of nothing: what simulated hosts boot."""
    path = folder / "tiny.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1M"], check=True)
    return path

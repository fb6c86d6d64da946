"""Claims never exceed capacity, however many writers there are, on both databases."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa

from micronova.db.database import Database
from micronova.db.tables.placement import allocations, consumers, inventories
from micronova.model.errors import Conflict, Invalid, NoCapacity, NotFound
from micronova.model.ids import ProviderUuid, new_uuid
from micronova.placement.allocations import claim, consumers_of, of_consumer, release, usages, usages_of_project
from micronova.placement.providers import ensure_provider, set_inventories
from micronova.placement.values import Inventory


def make_provider(database: Database, name: str = "host1", **totals: int) -> ProviderUuid:
    with database.write() as conn:
        provider = ensure_provider(conn, name=name, uuid=new_uuid())
        set_inventories(conn, provider, {k: Inventory(total=v) for k, v in (totals or {"VCPU": 8}).items()})
    return provider


def take(database: Database, provider: ProviderUuid, consumer: str, **resources: int) -> None:
    database.transact(
        lambda conn: claim(conn, consumer=consumer, provider=provider, resources=resources, project_id="p", user_id="u")
    )


def used(database: Database, provider: ProviderUuid) -> dict[str, int]:
    with database.read() as conn:
        return dict(usages(conn, provider))


def test_claim_is_recorded_and_released(database: Database) -> None:
    provider = make_provider(database, VCPU=8, MEMORY_MB=1024)
    take(database, provider, "c1", VCPU=2, MEMORY_MB=512)
    with database.read() as conn:
        held = of_consumer(conn, "c1")
        assert held is not None
        assert held.resources == {provider: {"VCPU": 2, "MEMORY_MB": 512}}
        assert (held.project_id, held.user_id, held.consumer_type, held.generation) == ("p", "u", "INSTANCE", 1)
        assert usages(conn, provider) == {"VCPU": 2, "MEMORY_MB": 512}
        assert usages_of_project(conn, "p") == {"VCPU": 2, "MEMORY_MB": 512}
        assert usages_of_project(conn, "p", "somebody else") == {}
        assert consumers_of(conn, provider) == {"c1": {"VCPU": 2, "MEMORY_MB": 512}}
    for _ in range(2):  # done twice is done once
        with database.write() as conn:
            release(conn, "c1")
    with database.read() as conn:
        assert of_consumer(conn, "c1") is None
        assert usages(conn, provider) == {"VCPU": 0, "MEMORY_MB": 0}
        assert conn.scalar(sa.select(sa.func.count()).select_from(consumers)) == 0
        assert conn.scalar(sa.select(sa.func.count()).select_from(allocations)) == 0


def test_repeated_claim_changes_nothing_even_when_the_host_is_full(database: Database) -> None:
    provider = make_provider(database, VCPU=2)
    for _ in range(3):
        take(database, provider, "c1", VCPU=2)
    assert used(database, provider) == {"VCPU": 2}


def test_another_claim_of_the_same_consumer_is_a_conflict(database: Database) -> None:
    provider, other = make_provider(database), make_provider(database, "host2")
    take(database, provider, "c1", VCPU=2)
    with pytest.raises(Conflict):
        take(database, provider, "c1", VCPU=3)
    with pytest.raises(Conflict):
        take(database, other, "c1", VCPU=2)
    assert used(database, provider) == {"VCPU": 2}
    assert used(database, other) == {"VCPU": 0}


@pytest.mark.parametrize("resources", [{"VCPU": 9}, {"VCPU": 1, "MEMORY_MB": 2048}, {"VCPU": 1, "DISK_GB": 1}])
def test_what_does_not_fit_changes_nothing_and_the_transaction_may_go_on(
    database: Database, resources: dict[str, int]
) -> None:
    provider = make_provider(database, VCPU=8, MEMORY_MB=1024)
    with database.write() as conn:
        with pytest.raises(NoCapacity) as caught:
            claim(conn, consumer="c1", provider=provider, resources=resources, project_id="p", user_id="u")
        assert provider in caught.value.detail and provider not in caught.value.message
        claim(conn, consumer="c2", provider=provider, resources={"VCPU": 8}, project_id="p", user_id="u")
    with database.read() as conn:
        assert of_consumer(conn, "c1") is None
        assert usages(conn, provider) == {"VCPU": 8, "MEMORY_MB": 0}
        assert conn.scalar(sa.select(sa.func.count()).select_from(consumers)) == 1


def test_units_ratio_and_reserve_count(database: Database) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
        inventory = Inventory(total=10, reserved=2, allocation_ratio=1.5, min_unit=2, max_unit=6, step_size=2)
        set_inventories(conn, provider, {"VCPU": inventory})
        assert inventory.limit == 12
    for amount in (1, 3, 8):
        with pytest.raises(NoCapacity):
            take(database, provider, "bad", VCPU=amount)
    take(database, provider, "a", VCPU=6)
    take(database, provider, "b", VCPU=6)
    with pytest.raises(NoCapacity):
        take(database, provider, "c", VCPU=2)


def test_bad_claims(database: Database) -> None:
    provider = make_provider(database)
    with pytest.raises(Invalid):
        take(database, provider, "c", VCPU=0)
    with pytest.raises(Invalid):
        take(database, provider, "c", VCPU=-1)
    with pytest.raises(Invalid):
        take(database, provider, "c")
    with pytest.raises(NotFound):
        take(database, ProviderUuid(new_uuid()), "c", VCPU=1)


def test_eight_racing_clients_never_get_more_than_there_is(database: Database) -> None:
    """Nova's clients got up to 10 of 8 VCPU in 12 of 20 rounds."""
    with ThreadPoolExecutor(8) as pool:
        for round_ in range(20):
            provider = make_provider(database, f"host{round_}", VCPU=8)
            barrier = threading.Barrier(8)

            def race(
                n: int, round_: int = round_, provider: ProviderUuid = provider, barrier: threading.Barrier = barrier
            ) -> int:
                barrier.wait()
                got = 0
                for attempt in range(2):
                    try:
                        take(database, provider, f"{round_}-{n}-{attempt}", VCPU=1)
                        got += 1
                    except NoCapacity:
                        pass
                return got

            assert sum(pool.map(race, range(8))) == 8
            assert used(database, provider) == {"VCPU": 8}


def test_many_writers_claiming_and_releasing_keep_the_sums_true(database: Database) -> None:
    """Property: at every moment used <= limit, and in the end used is the sum of the allocations."""
    totals = {"VCPU": 16, "MEMORY_MB": 4096}
    providers = [make_provider(database, f"host{n}", **totals) for n in range(3)]
    over: list[object] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            with database.read() as conn:
                over.extend(conn.execute(sa.select(inventories).where(inventories.c.used > inventories.c.total)).all())

    def work(seed: int) -> tuple[int, int]:
        dice = random.Random(seed)
        mine: list[str] = []
        claimed = refused = 0
        for n in range(40):
            if mine and dice.random() < 0.4:
                consumer = mine.pop(dice.randrange(len(mine)))
                database.transact(partial(release, consumer=consumer))
            else:
                consumer = f"{seed}-{n}"
                try:
                    take(
                        database,
                        dice.choice(providers),
                        consumer,
                        VCPU=dice.choice((1, 2, 5)),
                        MEMORY_MB=dice.choice((256, 1024)),
                    )
                    mine.append(consumer)
                    claimed += 1
                except NoCapacity:
                    refused += 1
        return claimed, refused

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(12) as pool:
            results = list(pool.map(work, range(12)))
    finally:
        done.set()
        watcher.join()
    assert over == []
    assert sum(claimed for claimed, _ in results) > 0
    assert sum(refused for _, refused in results) > 0, "the test must reach the limit"
    with database.read() as conn:
        for provider in providers:
            held = consumers_of(conn, provider)
            sums = {name: sum(h[name] for h in held.values()) for name in totals}
            assert usages(conn, provider) == sums


def test_a_consumer_released_by_many_at_once_is_given_back_once(database: Database) -> None:
    provider = make_provider(database, VCPU=64)
    take(database, provider, "other", VCPU=3)
    with ThreadPoolExecutor(8) as pool:
        for n in range(10):
            take(database, provider, f"c{n}", VCPU=5)
            give_back = partial(release, consumer=f"c{n}")
            list(pool.map(lambda _, work=give_back: database.transact(work), range(8)))
            assert used(database, provider) == {"VCPU": 3}


def test_one_consumer_claimed_by_many_at_once_gets_it_once(database: Database) -> None:
    providers = [make_provider(database, f"host{n}", VCPU=64) for n in range(4)]

    def attempt(provider: ProviderUuid) -> bool:
        try:
            take(database, provider, "c", VCPU=5)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(attempt, providers)).count(True) == 1
    assert sum(used(database, provider)["VCPU"] for provider in providers) == 5

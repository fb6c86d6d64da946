"""Providers, inventories and traits; the snapshot that the scheduler gets of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from micronova.db.database import Database
from micronova.db.tables.placement import resource_providers
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import ProviderUuid, new_uuid
from micronova.placement.allocations import claim, release, usages
from micronova.placement.providers import ensure_provider, inventories_of, set_inventories, set_traits
from micronova.placement.snapshot import Snapshots, snapshot
from micronova.placement.values import Inventory


def generation(database: Database, provider: ProviderUuid) -> int:
    table = resource_providers
    with database.read() as conn:
        return int(conn.execute(sa.select(table.c.generation).where(table.c.uuid == provider)).scalar_one())


def test_ensure_provider_twice_is_once_and_a_tree_knows_its_root(database: Database) -> None:
    root_uuid, child_uuid = new_uuid(), new_uuid()
    for _ in range(2):
        with database.write() as conn:
            root = ensure_provider(conn, name="host", uuid=root_uuid)
            ensure_provider(conn, name="host_numa0", uuid=child_uuid, parent=root)
    with database.read() as conn:
        rows = {row.name: row for row in conn.execute(sa.select(resource_providers))}
    assert len(rows) == 2
    assert rows["host"].parent_id is None and rows["host"].root_id == rows["host"].id
    assert rows["host_numa0"].parent_id == rows["host_numa0"].root_id == rows["host"].id


def test_a_name_or_uuid_of_another_provider_is_a_conflict(database: Database) -> None:
    uuid = new_uuid()
    with database.write() as conn:
        ensure_provider(conn, name="a", uuid=uuid)
    for name, other in (("a", new_uuid()), ("b", uuid)):
        with database.write() as conn, pytest.raises(Conflict):
            ensure_provider(conn, name=name, uuid=other)


def test_hosts_that_start_at_once_make_one_provider(database: Database) -> None:
    uuid = new_uuid()
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: database.transact(lambda conn: ensure_provider(conn, name="h", uuid=uuid)), range(8))
        )
    assert set(made) == {uuid}


def test_inventories_change_the_generation_only_when_they_change(database: Database) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
    both = {"VCPU": Inventory(total=4, allocation_ratio=4.0), "CUSTOM_LICENCE": Inventory(total=1)}
    for wanted, expected in (
        (both, 1),
        (both, 1),
        ({"VCPU": Inventory(total=8)}, 2),
        ({"VCPU": Inventory(total=8)}, 2),
        ({}, 3),
    ):
        with database.write() as conn:
            set_inventories(conn, provider, wanted)
            assert inventories_of(conn, provider) == wanted
        assert generation(database, provider) == expected


def test_an_inventory_in_use_stays_and_may_shrink_below_its_use(database: Database) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
        set_inventories(conn, provider, {"VCPU": Inventory(total=4)})
        claim(conn, consumer="c", provider=provider, resources={"VCPU": 3}, project_id="p", user_id="u")
    with database.write() as conn, pytest.raises(Conflict) as caught:
        set_inventories(conn, provider, {})
    assert caught.value.code == "placement.inventory.inuse"
    with database.write() as conn:
        set_inventories(conn, provider, {"VCPU": Inventory(total=2)})
        assert usages(conn, provider) == {"VCPU": 3}
        assert snapshot(conn).hosts[0].inventories["VCPU"].free == -1
        release(conn, "c")
        set_inventories(conn, provider, {})


def test_an_old_generation_is_a_conflict(database: Database) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
        set_inventories(conn, provider, {"VCPU": Inventory(total=4)}, generation=0)
    with database.write() as conn, pytest.raises(Conflict) as caught:
        set_inventories(conn, provider, {}, generation=0)
    assert caught.value.code == "placement.concurrent_update"
    with database.write() as conn, pytest.raises(Conflict) as caught:
        set_traits(conn, provider, {"HW_CPU_X86_AVX2"}, generation=0)
    assert caught.value.code == "placement.concurrent_update"


@pytest.mark.parametrize(
    "name, inventory",
    [
        ("NO_SUCH", Inventory(total=1)),
        ("CUSTOM_lower", Inventory(total=1)),
        ("VCPU", Inventory(total=0)),
        ("VCPU", Inventory(total=1, reserved=2)),
        ("VCPU", Inventory(total=1, min_unit=0)),
        ("VCPU", Inventory(total=9, min_unit=5, max_unit=4)),
        ("VCPU", Inventory(total=1, step_size=0)),
        ("VCPU", Inventory(total=1, allocation_ratio=0.0)),
    ],
)
def test_inventories_that_cannot_be(database: Database, name: str, inventory: Inventory) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
        with pytest.raises(Invalid):
            set_inventories(conn, provider, {name: inventory})


def test_traits_are_standard_or_custom(database: Database) -> None:
    with database.write() as conn:
        provider = ensure_provider(conn, name="h", uuid=new_uuid())
        for bad in ("HW_NO_SUCH", "custom_x", "CUSTOM_", "CUSTOM_a\nb"):
            with pytest.raises(Invalid):
                set_traits(conn, provider, {bad})
        set_traits(conn, provider, {"HW_CPU_X86_AVX2", "CUSTOM_GOLD"})
        set_traits(conn, provider, {"HW_CPU_X86_AVX2", "CUSTOM_GOLD"})
        assert snapshot(conn).hosts[0].traits == {"HW_CPU_X86_AVX2", "CUSTOM_GOLD"}
        set_traits(conn, provider, {"CUSTOM_SILVER"})
        assert snapshot(conn).hosts[0].traits == {"CUSTOM_SILVER"}
    assert generation(database, provider) == 2
    with database.write() as conn, pytest.raises(NotFound):
        set_traits(conn, ProviderUuid(new_uuid()), set())


def test_kept_snapshots_see_every_change(database: Database) -> None:
    snapshots = Snapshots()

    def compare() -> None:
        with database.read() as conn:
            assert snapshots.take(conn) == snapshot(conn)

    compare()
    providers = []
    for name in ("b", "a", "c"):
        with database.write() as conn:
            providers.append(ensure_provider(conn, name=name, uuid=new_uuid()))
            set_inventories(conn, providers[-1], {"VCPU": Inventory(total=4), "MEMORY_MB": Inventory(total=64)})
            ensure_provider(conn, name=f"{name}-child", uuid=new_uuid(), parent=providers[-1])
        compare()
    with database.read() as conn:
        assert [host.name for host in snapshots.take(conn).hosts] == ["a", "b", "c"]
    with database.write() as conn:
        set_traits(conn, providers[1], {"HW_CPU_X86_AVX2"})
    compare()
    with database.write() as conn:
        claim(conn, consumer="c", provider=providers[0], resources={"VCPU": 1}, project_id="p", user_id="u")
    compare()
    with database.read() as conn:
        assert {host.name: host.inventories["VCPU"].free for host in snapshots.take(conn).hosts} == {
            "a": 4,
            "b": 3,
            "c": 4,
        }
    with database.write() as conn:
        release(conn, "c")
    compare()

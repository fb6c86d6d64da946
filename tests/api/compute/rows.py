"""Rows of servers, operations and hosts for tests of what only reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from micronova.compute import host_registry
from micronova.compute.host_registry import ComputeNode
from micronova.db.tables.compute import servers
from micronova.db.tables.operations import operation_log, operations
from micronova.host.interface import HostFacts, HostUsage
from micronova.model.clock import utcnow
from micronova.model.ids import HostName, new_uuid


def add_server(
    conn: Connection,
    *,
    project_id: str,
    user_id: str = "user-member",
    vcpus: int = 1,
    memory_mib: int = 64,
    deleted: bool = False,
    **values: Any,
) -> str:
    """A server's row, ACTIVE unless told otherwise; returns its id."""
    server_id = new_uuid()
    row: dict[str, Any] = {
        "id": server_id,
        "project_id": project_id,
        "user_id": user_id,
        "name": "server",
        "hostname": "server",
        "vm_state": "deleted" if deleted else "active",
        "flavor_id": "1",
        "flavor": '{"name":"small","vcpus":1,"memory_mib":64,"root_gib":1}',
        "vcpus": vcpus,
        "memory_mib": memory_mib,
        "root_gib": 1,
        "reservation_id": "r-12345678",
        "created_at": utcnow(),
        "deleted_at": utcnow() if deleted else None,
        **values,
    }
    conn.execute(servers.insert().values(row))
    return server_id


def add_host(conn: Connection, name: str = "host1") -> ComputeNode:
    """A registered host with 8 processors, 16 GiB and 100 GiB."""
    facts = HostFacts(
        hostname=HostName(name),
        hypervisor_type="QEMU",
        hypervisor_version=9000000,
        vcpus=8,
        memory_mib=16384,
        disk_gib=100,
        cpu_info={"arch": "x86_64", "model": "Nehalem"},
        host_ip="192.0.2.1",
    )
    usage = HostUsage(running_vms=2, memory_used_mib=1024, disk_used_gib=7, disk_free_gib=90, uptime="up 3 days")
    return host_registry.register(conn, facts, usage)


def add_operation(
    conn: Connection,
    server_id: str,
    *,
    request_id: str,
    at: datetime,
    kind: str = "create_server",
    failed: bool = False,
) -> None:
    """An ended operation with two steps; a failed one undid the first."""
    operation_id = new_uuid()
    conn.execute(
        operations.insert().values(
            id=operation_id,
            kind=kind,
            subject=server_id,
            state="failed" if failed else "succeeded",
            project_id="p",
            user_id="u",
            request_id=request_id,
            data="{}",
            error_message="No room." if failed else None,
            created_at=at,
            updated_at=at,
            finished_at=at,
        )
    )
    outcomes = [("claim", "do", "succeeded"), ("spawn", "do", "failed" if failed else "succeeded")]
    if failed:
        outcomes.append(("claim", "undo", "succeeded"))
    for n, (step, phase, outcome) in enumerate(outcomes):
        conn.execute(
            operation_log.insert().values(
                operation_id=operation_id,
                n=n,
                step=step,
                phase=phase,
                outcome=outcome,
                started_at=at,
                finished_at=at,
                message="No room." if outcome == "failed" else None,
                detail="host17 is full" if outcome == "failed" else None,
            )
        )

"""A project's use of a span of time, as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from micronova.compute.tenant_usage import ServerHours
from micronova.model.clock import micros


def project(
    project_id: str, servers: Sequence[ServerHours], start: datetime, stop: datetime, *, with_servers: bool
) -> dict[str, Any]:
    """Sums over a project's servers, and if asked each of them."""
    view: dict[str, Any] = {
        "tenant_id": project_id,
        "start": micros(start),
        "stop": micros(stop),
        "total_hours": sum(one.hours for one in servers),
        "total_vcpus_usage": sum(one.hours * one.vcpus for one in servers),
        "total_memory_mb_usage": sum(one.hours * one.memory_mib for one in servers),
        "total_local_gb_usage": sum(one.hours * one.disk_gib for one in servers),
    }
    if with_servers:
        view["server_usages"] = [_server(one) for one in servers]
    return view


def _server(one: ServerHours) -> dict[str, Any]:
    return {
        "instance_id": one.server_id,
        "tenant_id": one.project_id,
        "name": one.name,
        "state": one.status,
        "flavor": one.flavor,
        "vcpus": one.vcpus,
        "memory_mb": one.memory_mib,
        "local_gb": one.disk_gib,
        "hours": one.hours,
        "uptime": one.uptime_s,
        "started_at": micros(one.started_at),
        "ended_at": micros(one.ended_at),
    }

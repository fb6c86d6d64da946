"""Build a server: choose a host and claim it, make ports, disks and config drive, start the guest.

    choose_host -> claim_allocation -> ports -> image -> disks -> config_drive -> nics -> start_guest -> (active)

Losing the race for a host chooses again.  A host that fails is not tried twice: another one is, until ``max_attempts``
hosts have failed.  Everything on a host is keyed by ids made before the operation began, so every step may run twice.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy.engine import Connection

from micronova.compute import config_drive, scheduling, servers
from micronova.compute.api import ComputeSettings
from micronova.compute.config_drive import InjectedFile
from micronova.compute.servers import ServerFlavor
from micronova.compute.states import TaskState, VmState, move
from micronova.db.database import Database
from micronova.host.interface import Disk, DiskSpec, GuestSpec, Host, Hosts, ImageRef, Nic, PowerState
from micronova.model.clock import utcnow
from micronova.model.errors import HostUnreachable, MicronovaError, NoCapacity, OurFault, StorageFull, Unsupported
from micronova.model.ids import HostName, ProviderUuid, ServerId
from micronova.network import ports
from micronova.network.values import PlannedNic
from micronova.operations.definition import Failure, Operation, RewindTo, Step, StepContext, TransactionStep
from micronova.placement import allocations
from micronova.placement.snapshot import Snapshots

# A claim that was lost this often means that the cloud is full, whatever the last look at it said.
_MAX_LOST_CLAIMS = 20
# Failures of a host that another host may not have; all others are the request's own.
_HOST_FAILURES = (HostUnreachable, StorageFull, OurFault, Unsupported)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A host to claim."""

    host: str
    provider: str
    zone: str


class CreateServer(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, beyond the server's row, and what the steps have learned."""

    server_id: str
    hostname: str
    guest_name: str  # of the domain
    flavor: ServerFlavor
    image_properties: dict[str, str]
    placement: scheduling.Placement
    disk_specs: list[DiskSpec]
    image: ImageRef | None
    planned_nics: list[PlannedNic]
    config_drive: bool
    files: list[InjectedFile] = []  # personality
    # learned
    candidates: list[Chosen] = []  # best first
    chosen: Chosen | None = None
    lost_claims: int = 0
    failed_hosts: list[str] = []
    last_failure: str = ""  # for admins
    nics: list[Nic] = []
    disks: list[Disk] = []

    @property
    def claimed(self) -> Chosen:
        """The host that is ours; a step after the claim may ask."""
        if self.chosen is None:
            raise OurFault("no host was claimed", detail=self.server_id)
        return self.chosen


def create_server(database: Database, hosts: Hosts, settings: ComputeSettings) -> Operation[CreateServer]:
    """The operation, for an engine that works on these hosts."""
    steps = _Steps(database, hosts, settings)
    return Operation(
        kind="create_server",
        action="create",
        state=CreateServer,
        steps=(
            Step(name="choose_host", do=steps.choose_host, no_undo="chooses only; nothing is changed"),
            TransactionStep(name="claim_allocation", do=steps.claim, undo=steps.release),
            TransactionStep(name="ports", do=steps.make_ports, undo=steps.remove_ports),
            Step(
                name="image",
                do=steps.on_host(steps.fetch_image),
                no_undo="the image cache belongs to all servers of the host",
            ),
            Step(name="disks", do=steps.on_host(steps.make_disks), undo=steps.remove_disks),
            Step(name="config_drive", do=steps.on_host(steps.make_config_drive), undo=steps.remove_disks),
            Step(name="nics", do=steps.on_host(steps.make_nics), undo=steps.remove_nics),
            Step(name="start_guest", do=steps.on_host(steps.start_guest), undo=steps.remove_guest),
        ),
        succeeded=_mark_active,
        failed=_mark_failed,
    )


class _Steps:
    def __init__(self, database: Database, hosts: Hosts, settings: ComputeSettings) -> None:
        self._db = database
        self._hosts = hosts
        self._settings = settings
        self._snapshots = Snapshots()  # what was read of hosts is kept until it changes

    # -- where -------------------------------------------------------------------------------------------------------

    def choose_host(self, context: StepContext, state: CreateServer) -> CreateServer:
        with self._db.read() as c:
            decision, zones = scheduling.choose_for(
                c, self._settings, self._snapshots, state.server_id, state.placement, excluded=state.failed_hosts
            )
        if not decision.ranked:
            raise self._no_host(state, scheduling.refusal(decision))
        candidates = [
            Chosen(host=candidate.host, provider=candidate.provider, zone=zones.get(candidate.host, ""))
            for candidate in decision.ranked[: self._settings.max_placement_candidates]
        ]
        return msgspec.structs.replace(state, candidates=candidates, chosen=None)

    def _no_host(self, state: CreateServer, refusal: NoCapacity) -> NoCapacity:
        if not state.failed_hosts:
            return refusal
        tried = ", ".join(state.failed_hosts)
        return NoCapacity(
            "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for "
            f"instance {state.server_id}.",
            detail=f"failed on {tried}; last: {state.last_failure}; then: {refusal.detail or refusal.message}",
        )

    def claim(self, c: Connection, context: StepContext, state: CreateServer) -> CreateServer:
        for candidate in state.candidates:
            try:
                allocations.claim(
                    c,
                    consumer=state.server_id,
                    provider=ProviderUuid(candidate.provider),
                    resources=state.placement.resources,
                    project_id=context.project_id,
                    user_id=context.user_id,
                )
            except NoCapacity:
                continue  # somebody was faster; the next best
            move(
                c,
                state.server_id,
                task_state=TaskState.NETWORKING,
                host=candidate.host,
                availability_zone=candidate.zone,
            )
            return msgspec.structs.replace(state, chosen=candidate)
        if state.lost_claims >= _MAX_LOST_CLAIMS:
            raise NoCapacity(
                "No valid host was found: the hosts that fit were taken by other requests.",
                detail=f"{state.lost_claims + 1} claims lost",
            )
        raise RewindTo("choose_host", msgspec.structs.replace(state, lost_claims=state.lost_claims + 1, candidates=[]))

    def release(self, c: Connection, context: StepContext, state: CreateServer) -> None:
        allocations.release(c, state.server_id)
        if servers.get_any(c, state.server_id) is not None:
            move(c, state.server_id, task_state=TaskState.SCHEDULING, host=None, availability_zone=None)

    def make_ports(self, c: Connection, context: StepContext, state: CreateServer) -> CreateServer:
        chosen, server_id = state.claimed, ServerId(state.server_id)
        ports.ensure_ports(
            c,
            server_id=server_id,
            project_id=context.project_id,
            hostname=state.hostname,
            planned=state.planned_nics,
            host=HostName(chosen.host),
            zone=chosen.zone,
        )
        move(c, state.server_id, task_state=TaskState.SPAWNING)
        return msgspec.structs.replace(state, nics=list(ports.nics_of(c, server_id)))

    def remove_ports(self, c: Connection, context: StepContext, state: CreateServer) -> None:
        ports.remove_ports(c, server_id=ServerId(state.server_id))

    # -- on the host -------------------------------------------------------------------------------------------------

    def on_host(
        self, do: Callable[[Host, StepContext, CreateServer], CreateServer | None]
    ) -> Callable[[StepContext, CreateServer], CreateServer | None]:
        """``do`` on the claimed host; when it is the host that fails, go on with another one."""

        def step(context: StepContext, state: CreateServer) -> CreateServer | None:
            host = state.claimed.host
            try:
                return do(self._hosts.get(HostName(host)), context, state)
            except _HOST_FAILURES as err:
                failed = [*state.failed_hosts, host]
                if len(failed) >= self._settings.max_attempts:
                    raise
                again = msgspec.structs.replace(
                    state, failed_hosts=failed, last_failure=_for_admin(err), candidates=[], nics=[], disks=[]
                )
                raise RewindTo("choose_host", again) from err

        return step

    def _claimed_host(self, state: CreateServer) -> Host | None:
        """For undos: None when no host was ever claimed."""
        return None if state.chosen is None else self._hosts.get(HostName(state.chosen.host))

    def fetch_image(self, host: Host, context: StepContext, state: CreateServer) -> None:
        if state.image is not None:
            host.ensure_image(state.image, context)

    def make_disks(self, host: Host, context: StepContext, state: CreateServer) -> CreateServer:
        disks = host.ensure_disks(ServerId(state.server_id), state.disk_specs, context)
        return msgspec.structs.replace(state, disks=list(disks))

    def make_config_drive(self, host: Host, context: StepContext, state: CreateServer) -> CreateServer | None:
        if not state.config_drive:
            return None
        with self._db.read() as c:
            server = servers.get(c, state.server_id, project_id=None)
            metadata = servers.metadata_of(c, [server.id]).get(server.id, {})
            key, user_data = servers.guest_data_of(c, server.id)
        files = config_drive.files(
            server,
            metadata=metadata,
            key=key,
            user_data=user_data,
            nics=state.nics,
            tags={nic.port_id: nic.tag for nic in state.planned_nics if nic.tag},
            injected=state.files,
            dhcp_domain=self._settings.dhcp_domain,
        )
        disk = host.ensure_config_drive(ServerId(server.id), files)
        others = [made for made in state.disks if made.role != disk.role]
        return msgspec.structs.replace(state, disks=[*others, disk])

    def remove_disks(self, context: StepContext, state: CreateServer) -> None:
        host = self._claimed_host(state)
        if host is not None:
            host.remove_disks(ServerId(state.server_id))

    def make_nics(self, host: Host, context: StepContext, state: CreateServer) -> None:
        host.ensure_nics(ServerId(state.server_id), state.nics)

    def remove_nics(self, context: StepContext, state: CreateServer) -> None:
        host = self._claimed_host(state)
        if host is not None:
            host.remove_nics(ServerId(state.server_id), state.nics)

    def start_guest(self, host: Host, context: StepContext, state: CreateServer) -> None:
        host.ensure_running(
            GuestSpec(
                server_id=ServerId(state.server_id),
                name=state.guest_name,
                project_id=context.project_id,
                vcpus=state.flavor.vcpus,
                memory_mib=state.flavor.memory_mib,
                disks=state.disks,
                nics=state.nics,
                image_properties=state.image_properties,
                extra_specs=state.flavor.extra_specs,
                flavor_name=state.flavor.name,
            )
        )

    def remove_guest(self, context: StepContext, state: CreateServer) -> None:
        host = self._claimed_host(state)
        if host is not None:
            host.remove_domain(ServerId(state.server_id))


def _for_admin(err: MicronovaError) -> str:
    return f"{err.code}: {err.message} {err.detail}".strip()[:1000]


def _mark_active(c: Connection, context: StepContext, state: CreateServer) -> None:
    servers.set_disks(c, state.server_id, state.claimed.host, state.disks)
    move(c, state.server_id, VmState.ACTIVE, power_state=PowerState.RUNNING, launched_at=utcnow(), progress=0)


def _mark_failed(c: Connection, context: StepContext, state: CreateServer, failure: Failure) -> None:
    if failure.code == "cancelled":
        return  # a delete waits for us: it decides what becomes of the row
    server = servers.get_any(c, state.server_id)
    if server is None or server.deleted_at is not None:
        return
    servers.set_fault(c, state.server_id, failure)
    move(c, state.server_id, VmState.ERROR, power_state=PowerState.NOSTATE)

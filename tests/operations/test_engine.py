"""The engine itself, with an operation whose world is three directories' worth of files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.db.tables.operations import operation_log, operations
from micronova.model.errors import Conflict, HostUnreachable, NoCapacity
from micronova.model.ids import OperationId
from micronova.operations import Engine, Failure, Observer, Operation, RewindTo, Step, StepContext, TransactionStep
from micronova.operations.history import operations_of
from tests.operations import generic


class Build(msgspec.Struct, frozen=True):
    """State of the test's operation."""

    name: str
    floor: int = 0
    tries: int = 0


class Site:
    """The outside world: files; and notes in the database (in the request_id column of a row of their own)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.endings: list[tuple[str, str]] = []
        self.away = threading.Event()
        self.hold = threading.Event()
        self.entered = threading.Event()
        self.full_below = 0

    def operation(self) -> Operation[Build]:
        return Operation(
            kind="build_house",
            action="create",
            state=Build,
            steps=(
                Step(name="choose_floor", do=self.choose, no_undo="only thinks"),
                TransactionStep(name="note_floor", do=self.note, undo=self.unnote),
                Step(name="lay_floor", do=self.lay, undo=self.tear, attempts=3, wait_s=0.01),
                Step(name="put_roof", do=self.roof, undo=self.unroof),
            ),
            succeeded=lambda c, ctx, s: self.endings.append(("succeeded", s.name)),
            failed=lambda c, ctx, s, f: self.endings.append((f.code, f.message)),
        )

    def choose(self, ctx: StepContext, s: Build) -> Build:
        return msgspec.structs.replace(s, floor=s.floor + 1)

    def note(self, c: Connection, ctx: StepContext, s: Build) -> None:
        if s.floor <= self.full_below:
            raise RewindTo("choose_floor", msgspec.structs.replace(s, tries=s.tries + 1)) from NoCapacity("full")
        c.execute(operations.update().where(operations.c.id == ctx.operation_id).values(project_id=f"floor{s.floor}"))

    def unnote(self, c: Connection, ctx: StepContext, s: Build) -> None:
        c.execute(operations.update().where(operations.c.id == ctx.operation_id).values(project_id=""))

    def lay(self, ctx: StepContext, s: Build) -> None:
        if self.away.is_set():
            raise HostUnreachable("The host is away.")
        (self.root / f"{s.name}.floor").touch()

    def tear(self, ctx: StepContext, s: Build) -> None:
        if self.away.is_set():
            raise HostUnreachable("The host is away.")
        (self.root / f"{s.name}.floor").unlink(missing_ok=True)

    def roof(self, ctx: StepContext, s: Build) -> None:
        self.entered.set()
        while self.hold.is_set():
            ctx.check()
        (self.root / f"{s.name}.roof").touch()

    def unroof(self, ctx: StepContext, s: Build) -> None:
        (self.root / f"{s.name}.roof").unlink(missing_ok=True)


class HouseWorld:
    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self.site = Site(root)
        self.operation = self.site.operation()

    def engine(self, observer: Observer | None) -> Engine:
        return Engine(self.database, [self.operation], owner="me", workers=2, observer=observer)

    def begin(self, engine: Engine) -> OperationId:
        with self.database.write() as c:
            operation_id = engine.accept(c, self.operation, Build(name="a"), subject="house")
        engine.kick(operation_id)
        return operation_id

    def check_succeeded(self) -> None:
        assert sorted(p.name for p in self.site.root.iterdir()) == ["a.floor", "a.roof"]
        assert self.site.endings == [("succeeded", "a")]

    def check_failed(self) -> None:
        assert self.site.endings[-1] == ("internal", "injected")

    def leftovers(self) -> list[str]:
        with self.database.read() as c:
            notes = [r.project_id for r in c.execute(sa.select(operations.c.project_id)) if r.project_id]
        return [p.name for p in self.site.root.iterdir()] + notes


STEPS = ["choose_floor", "note_floor", "lay_floor", "put_roof"]


@pytest.fixture
def world(database: Database, tmp_path: Path) -> HouseWorld:
    return HouseWorld(database, tmp_path / "site")


@pytest.fixture
def factory(world: HouseWorld) -> generic.WorldFactory:
    @contextmanager
    def make() -> Iterator[generic.World]:
        yield world

    return make


@pytest.mark.parametrize("step", STEPS)
def test_each_step_twice(factory: generic.WorldFactory, step: str) -> None:
    generic.run_each_step_twice(factory, step)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_failure_at_every_step_leaves_nothing(factory: generic.WorldFactory, step: str, moment: str) -> None:
    generic.fail_at(factory, step, moment)


@pytest.mark.parametrize("undone", STEPS[1:])
def test_every_undo_may_run_twice(factory: generic.WorldFactory, undone: str) -> None:
    assert generic.repeat_undo(factory, "put_roof", undone)


@contextmanager
def started(world: HouseWorld, observer: Observer | None = None) -> Iterator[Engine]:
    engine = world.engine(observer)
    engine.start()
    try:
        yield engine
    finally:
        world.site.hold.clear()
        assert engine.stop(10)


def test_history_shows_every_step_once(world: HouseWorld) -> None:
    with started(world) as engine:
        operation_id = world.begin(engine)
        assert engine.wait(operation_id) == "succeeded"
    with world.database.read() as c:
        (record,) = operations_of(c, "house")
    assert [(e.step, e.phase, e.outcome) for e in record.entries] == [(s, "do", "succeeded") for s in STEPS]
    assert all(e.finished_at is not None for e in record.entries)
    assert record.state == "succeeded" and record.finished_at is not None


def test_rewind_goes_back_and_on(world: HouseWorld) -> None:
    world.site.full_below = 2
    with started(world) as engine:
        assert engine.wait(world.begin(engine)) == "succeeded"
    with world.database.read() as c:
        (record,) = operations_of(c, "house")
    done = [e.step for e in record.entries if e.phase == "do"]
    assert done == ["choose_floor", "note_floor"] * 3 + ["lay_floor", "put_roof"]
    assert set(world.leftovers()) == {"a.floor", "a.roof", "floor3"}


def test_second_operation_on_a_busy_subject_is_refused(world: HouseWorld) -> None:
    world.site.hold.set()
    with started(world) as engine:
        first = world.begin(engine)
        with pytest.raises(Conflict), world.database.write() as c:
            engine.accept(c, world.operation, Build(name="b"), subject="house")
        world.site.hold.clear()
        assert engine.wait(first) == "succeeded"


def test_the_database_itself_refuses_two_active_operations(world: HouseWorld) -> None:
    row = {
        "kind": "k", "subject": "s", "state": "running", "data": "{}",
        "created_at": sa.func.now(), "updated_at": sa.func.now(),
    }  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError), world.database.write() as c:
        for number in "12":
            c.execute(operations.insert().values(id=number, **row))


def test_superseding_cancels_unwinds_and_then_runs(world: HouseWorld) -> None:
    world.site.hold.set()
    with started(world) as engine:
        first = world.begin(engine)
        assert world.site.entered.wait(10)
        with world.database.write() as c:
            second = engine.accept(c, world.operation, Build(name="b"), subject="house", supersede=True)
            third = engine.accept(c, world.operation, Build(name="b"), subject="house", supersede=True)
        assert third == second, "asked twice is asked once"
        engine.kick(second)
        assert engine.wait(first) == "failed"
        assert world.site.endings[0][0] == "cancelled"
        world.site.hold.clear()
        assert engine.wait(second) == "succeeded"
    assert sorted(p.name for p in world.site.root.iterdir()) == ["b.floor", "b.roof"]


def test_a_waiting_operation_survives_a_crash_between_end_and_promotion(world: HouseWorld) -> None:
    with world.database.write() as c:
        engine = world.engine(None)
        waiting = engine.accept(c, world.operation, Build(name="a"), subject="house")
        c.execute(operations.update().values(state="waiting"))
    with started(world) as engine:
        assert engine.wait(waiting) == "succeeded"


def test_accepted_and_never_kicked_is_found(world: HouseWorld) -> None:
    with world.database.write() as c:
        operation_id = world.engine(None).accept(c, world.operation, Build(name="a"), subject="house")
    with started(world) as engine:
        assert engine.wait(operation_id) == "succeeded"


def test_unavailable_is_tried_again(world: HouseWorld) -> None:
    world.site.away.set()
    seen: list[str] = []

    def observer(_kind: str, step: str, phase: str, moment: str) -> None:
        seen.append(f"{step} {phase} {moment}")
        if seen.count("lay_floor do before") == 3:
            world.site.away.clear()

    with started(world, observer) as engine:
        assert engine.wait(world.begin(engine)) == "succeeded"


def test_a_patient_step_gives_its_worker_back_while_its_host_is_away(
    world: HouseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micronova.operations.run.AWAY_S", 0.05)
    patient = Operation(
        kind="wait_for_host",
        action="delete",
        state=Build,
        steps=(Step(name="lay_floor", do=world.site.lay, no_undo="none", attempts=1000, wait_s=0.01),),
        succeeded=lambda c, ctx, s: world.site.endings.append(("succeeded", s.name)),
        failed=lambda c, ctx, s, f: world.site.endings.append((f.code, f.message)),
    )
    world.site.away.set()
    engine = Engine(world.database, [world.operation, patient], owner="me", workers=1)
    engine.start()
    try:
        with world.database.write() as c:
            waiting = engine.accept(c, patient, Build(name="w"), subject="far")
            other = engine.accept(c, patient, Build(name="o"), subject="far too")
        engine.kick(waiting, other)
        assert engine.wait(waiting, 0.5) == "running"
        assert engine.wait(other, 0.1) == "running", "the only worker was free for it"
        world.site.away.clear()
        assert engine.wait(waiting) == engine.wait(other) == "succeeded"
    finally:
        assert engine.stop(10)
    with world.database.read() as c:
        (record,) = operations_of(c, "far")
    assert [(e.step, e.outcome) for e in record.entries] == [("lay_floor", "succeeded")], "one entry, however long"


def test_unwinding_waits_for_a_host_that_is_away_and_tells_the_user_at_once(
    world: HouseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micronova.operations.run.AWAY_S", 0.05)
    world.site.away.set()
    with started(world) as engine:
        operation_id = world.begin(engine)
        while not world.site.endings:
            pass
        assert world.site.endings[0] == ("host_unreachable", "The host is away.")
        assert engine.wait(operation_id, 0.2) == "unwinding"
        world.site.away.clear()
        assert engine.wait(operation_id) == "failed"
    assert world.leftovers() == []


def test_operations_of_a_dead_process_are_taken_over(world: HouseWorld) -> None:
    with world.database.write() as c:
        operation_id = world.engine(None).accept(c, world.operation, Build(name="a"), subject="house")
        c.execute(operations.update().values(owner="the dead", state="running"))
    with started(world) as engine:
        assert engine.wait(operation_id) == "succeeded"


def test_a_process_that_lost_its_operation_writes_nothing_more(world: HouseWorld) -> None:
    def steal(_kind: str, step: str, _phase: str, moment: str) -> None:
        if (step, moment) == ("lay_floor", "after"):
            with world.database.write() as c:
                c.execute(operations.update().values(owner="another"))

    with started(world, steal) as engine:
        operation_id = world.begin(engine)
        engine.wait(operation_id, 0.5)
    with world.database.read() as c:
        assert [r.step for r in c.execute(sa.select(operation_log.c.step).order_by(operation_log.c.n))] == STEPS[:3]
    assert world.site.endings == []


@pytest.mark.parametrize(("column", "value"), [("kind", "of_tomorrow"), ("data", "{"), ("data", '{"name": 3}')])
def test_t_api11_an_unreadable_operation_is_stuck_and_the_engine_lives(
    world: HouseWorld, column: str, value: str
) -> None:
    with world.database.write() as c:
        engine = world.engine(None)
        bad = engine.accept(c, world.operation, Build(name="a"), subject="other")
        c.execute(operations.update().values(**{column: value}))
    with started(world) as engine:
        assert engine.wait(bad) == "stuck"
        assert engine.wait(world.begin(engine)) == "succeeded"


def test_t_api10_an_unexpected_exception_shows_the_user_no_internals(world: HouseWorld) -> None:
    def explode(_kind: str, step: str, phase: str, moment: str) -> None:
        if step == "put_roof" and phase == "do":
            raise RuntimeError("secret path /etc/shadow")

    with started(world, explode) as engine:
        assert engine.wait(world.begin(engine)) == "failed"
    code, message = world.site.endings[-1]
    assert code == "internal" and "shadow" not in message
    with world.database.read() as c:
        (record,) = operations_of(c, "house")
    assert record.detail is not None and "shadow" in record.detail


def test_an_undo_that_keeps_failing_is_stuck_loudly(world: HouseWorld) -> None:
    def observer(_kind: str, step: str, phase: str, moment: str) -> None:
        if step == "put_roof" and phase == "do":
            raise RuntimeError("no roof")
        if step == "lay_floor" and phase == "undo":
            raise RuntimeError("no way back")

    with started(world, observer) as engine:
        assert engine.wait(world.begin(engine)) == "stuck"
        assert engine.health() == {"stuck": 1}


def test_a_step_without_undo_must_say_why() -> None:
    with pytest.raises(ValueError, match="needs an undo"):
        Operation(
            kind="k",
            action="a",
            state=Build,
            steps=(Step(name="x", do=lambda ctx, s: None),),
            succeeded=lambda c, ctx, s: None,
            failed=lambda c, ctx, s, f: None,
        )


def test_failure_of_our_own_kinds_keeps_text_and_detail() -> None:
    failure = Failure.of(NoCapacity("No valid host was found.", detail="host1: memory"))
    assert (failure.code, failure.message, failure.detail) == (
        "no_valid_host",
        "No valid host was found.",
        "host1: memory",
    )

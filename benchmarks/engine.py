"""The operation engine alone: operations per second and CPU each (the figures of decision 1).

.venv/bin/python -m benchmarks.engine [WORKERS]
"""

from __future__ import annotations

import sys
import tempfile
import time

import msgspec

from micronova.db import schema
from micronova.db.database import Database
from micronova.operations import Engine, Operation, Step, TransactionStep

COUNT = 500


class State(msgspec.Struct, frozen=True):
    """Nothing to remember."""


def main() -> None:
    """Four steps on a host that does nothing and two in the database, five hundred times."""
    operation = Operation(
        kind="nothing",
        action="nothing",
        state=State,
        steps=(
            *(Step(name=f"host_{i}", do=lambda ctx, s: None, no_undo="does nothing") for i in range(4)),
            *(TransactionStep(name=f"row_{i}", do=lambda c, ctx, s: None, no_undo="does nothing") for i in range(2)),
        ),
        succeeded=lambda c, ctx, s: None,
        failed=lambda c, ctx, s, failure: None,
    )
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/db")
        schema.metadata.create_all(database.engine)
        engine = Engine(database, [operation], owner="bench", workers=int(sys.argv[1]) if sys.argv[1:] else 16)
        engine.start()
        began, cpu = time.perf_counter(), time.process_time()
        accepted = []
        for i in range(COUNT):
            with database.write() as c:
                accepted.append(engine.accept(c, operation, State(), subject=f"s{i}"))
            engine.kick(accepted[-1])
        if any(engine.wait(operation_id) != "succeeded" for operation_id in accepted):
            raise SystemExit("an operation did not succeed")
        took, used = time.perf_counter() - began, time.process_time() - cpu
        print(f"{COUNT / took:.0f} operations/s, {used / COUNT * 1000:.1f} ms CPU each (six steps, with accepting)")
        engine.stop()
        database.close()


if __name__ == "__main__":
    main()

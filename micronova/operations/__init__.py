"""Durable operations: an ordered list of idempotent steps, each with its undo, that survives a crash at any instant.

The engine knows steps, log, owners and time; it does not know what a server is.

    from micronova.operations import Engine, Operation, Step, TransactionStep, StepContext, Failure, RewindTo
"""

from micronova.operations.definition import (
    Failure,
    Operation,
    RewindTo,
    Step,
    StepContext,
    TransactionStep,
)
from micronova.operations.engine import Engine
from micronova.operations.run import Observer

__all__ = ["Engine", "Failure", "Observer", "Operation", "RewindTo", "Step", "StepContext", "TransactionStep"]

"""Accept the deletion of a server: whatever is being done to it is cancelled first."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.compute.api import Compute
from micronova.compute.operations.delete_server import DeleteServer
from micronova.compute.servers import Server
from micronova.compute.states import TaskState, move
from micronova.model.caller import Caller
from micronova.model.errors import Conflict
from micronova.model.ids import OperationId


def delete(c: Connection, api: Compute, caller: Caller, server: Server, *, request_id: str) -> OperationId | None:
    """Write that the server is being deleted, and the operation that does it, in this transaction.

    Gives the operation to begin after the commit; None if somebody deletes it already.
    """
    deleting = server.task_state == TaskState.DELETING
    try:
        operation = api.engine.accept(
            c,
            api.operations.delete,
            DeleteServer(server_id=server.id),
            subject=server.id,
            project_id=server.project_id,
            user_id=caller.user_id,
            request_id=request_id,
            supersede=not deleting,
        )
    except Conflict:
        if deleting:
            return None
        raise
    move(c, server.id, task_state=TaskState.DELETING)
    return operation

"""What a server may be made from, in Nova's words; and the legal moves of an image's status."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from micronova.db.database import Database
from micronova.image import images
from micronova.image.images import NewImage
from micronova.image.records import Viewer
from micronova.image.states import TRANSITIONS, Status, move
from micronova.model.errors import Invalid
from micronova.model.ids import ImageId, new_uuid

ONE = Viewer(project_id="one", is_admin=False)
STORED = {"size": 5, "virtual_size": 6, "os_hash_algo": "sha512", "os_hash_value": "ab"}


def make(database: Database, status: Status = Status.ACTIVE, **values: Any) -> ImageId:
    """An image of project one, moved to ``status``."""
    new = NewImage(
        name="n", owner="one", disk_format="raw", container_format="bare", visibility="private", properties={"a": "b"}
    )
    with database.write() as conn:
        image = images.create(conn, ONE, new)
        path = {
            Status.QUEUED: [],
            Status.SAVING: [Status.SAVING],
            Status.ACTIVE: [Status.SAVING, Status.ACTIVE],
            Status.DEACTIVATED: [Status.SAVING, Status.ACTIVE, Status.DEACTIVATED],
        }[status]
        for before, after in itertools.pairwise([Status.QUEUED, *path]):
            assert move(conn, image.id, before, after, values={**STORED, **values})
    return image.id


def test_an_active_image(database: Database) -> None:
    image_id = make(database)
    with database.read() as conn:
        for project, is_admin in (("one", False), ("ops", True)):
            image = images.get_for_boot(conn, project, is_admin, image_id)
    assert (image.id, image.size, image.virtual_size, image.properties) == (image_id, 5, 6, {"a": "b"})
    assert (image.hash_algo, image.hash_value, image.status) == ("sha512", "ab", "active")


def test_absent_and_foreign_are_alike(database: Database) -> None:
    image_id = make(database)
    with database.read() as conn:
        for project, wanted in (("two", image_id), ("one", new_uuid()), ("one", "no-id"), (None, image_id)):
            with pytest.raises(Invalid) as refusal:
                images.get_for_boot(conn, project, False, wanted)
            assert refusal.value.message == "Can not find requested image"


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SAVING, Status.DEACTIVATED])
def test_not_active(database: Database, status: Status) -> None:
    image_id = make(database, status)
    with database.read() as conn, pytest.raises(Invalid) as refusal:
        images.get_for_boot(conn, "one", False, image_id)
    assert refusal.value.message == f"Image {image_id} is not active."


@pytest.mark.parametrize(
    "values",
    [{"data_missing": True}, {"disk_format": "ploop"}, {"container_format": "ova"}, {"virtual_size": None}],
)
def test_unacceptable(database: Database, values: dict[str, Any]) -> None:
    image_id = make(database, **values)
    with database.read() as conn, pytest.raises(Invalid, match=f"Image {image_id} is unacceptable: "):
        images.get_for_boot(conn, "one", False, image_id)


def test_every_move_that_is_not_listed_is_a_defect(database: Database) -> None:
    image_id = make(database, Status.QUEUED)
    with database.write() as conn:
        for before, after in itertools.product(Status, Status):
            if after not in TRANSITIONS[before]:
                with pytest.raises(ValueError, match="never goes"):
                    move(conn, image_id, before, after)
        assert not move(conn, image_id, Status.ACTIVE, Status.DELETED)  # legal, but it is not active


def test_deleted_is_the_end() -> None:
    assert not TRANSITIONS[Status.DELETED]
    reachable = {Status.QUEUED}
    while more := {after for before in reachable for after in TRANSITIONS[before]} - reachable:
        reachable |= more
    assert reachable == set(Status)

"""Bytes in and out: hashes, inspection, ranges, limits, races, and what a broken upload leaves: nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from micronova.image import records, uploads
from micronova.image.records import Image, Viewer
from micronova.image.recovery import recover
from micronova.image.states import Status, move
from micronova.image.store.directory import Writing
from micronova.model.errors import Conflict, Gone, Invalid, MicronovaError, StorageFull, TooLarge
from micronova.model.ids import ImageId, new_uuid
from tests.api.image.conftest import BYTES, Cloud, active, create, upload

MIB = 1024 * 1024


def status_of(cloud: Cloud, image_id: str) -> Status:
    with cloud.api.database.read() as conn:
        return records.get(conn, Viewer(project_id=None, is_admin=True), image_id).status


def image_of(cloud: Cloud, image_id: str) -> Image:
    with cloud.api.database.read() as conn:
        return records.get(conn, Viewer(project_id=None, is_admin=True), image_id)


def nothing_left(cloud: Cloud, image_id: str) -> None:
    """The image can be uploaded to again, and no byte of it is stored."""
    assert status_of(cloud, image_id) == Status.QUEUED
    assert cloud.stored() == []


def test_upload_and_download(cloud: Cloud, member: TestClient) -> None:
    content = os.urandom(3 * MIB + 5)
    image = active(member, content)
    assert image["size"] == image["virtual_size"] == len(content)
    assert image["checksum"] == hashlib.md5(content).hexdigest()
    assert (image["os_hash_algo"], image["os_hash_value"]) == ("sha512", hashlib.sha512(content).hexdigest())
    assert image["stores"] == "file"
    answer = member.get(f"v2/images/{image['id']}/file")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-md5"] == image["checksum"]
    assert answer.headers["content-length"] == str(len(content))
    path = cloud.api.store.local_path(ImageId(image["id"]))
    assert path is not None and path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_bytes_yet_and_no_bytes_at_all(member: TestClient) -> None:
    image_id = create(member)["id"]
    assert member.get(f"v2/images/{image_id}/file").status_code == 204
    upload(member, image_id, b"")
    answer = member.get(f"v2/images/{image_id}/file")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-2000", (990, 1000)),
        ("bytes=999-", (999, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
    ],
)
def test_ranges(member: TestClient, header: str, expected: tuple[int, int]) -> None:
    content = os.urandom(1000)
    image_id = active(member, content)["id"]
    answer = member.get(f"v2/images/{image_id}/file", headers={"Range": header})
    first, end = expected
    assert answer.status_code == 206 and answer.content == content[first:end]
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/1000"


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=5-4", "bytes=-0", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "x"]
)
def test_bad_ranges(member: TestClient, header: str) -> None:
    image_id = active(member)["id"]
    assert member.get(f"v2/images/{image_id}/file", headers={"Range": header}).status_code == 416


def test_upload_needs_octets(member: TestClient) -> None:
    image_id = create(member)["id"]
    answer = member.put(f"v2/images/{image_id}/file", content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_qcow2_is_measured(member: TestClient, qcow2: bytes) -> None:
    image = active(member, qcow2, disk_format="qcow2")
    assert (image["size"], image["virtual_size"]) == (len(qcow2), 16 * MIB)


def test_T_IMG14_lies_about_the_format(cloud: Cloud, member: TestClient, qcow2: bytes) -> None:
    for declared, content, why in (
        ("raw", qcow2, "its content is qcow2"),
        ("qcow2", b"x" * 1000, "its content is a raw disk"),
        ("vmdk", qcow2, "its content is qcow2"),
    ):
        image_id = create(member, disk_format=declared)["id"]
        answer = member.put(f"v2/images/{image_id}/file", content=content, headers=BYTES)
        assert answer.status_code == 400 and why in answer.json()["message"]
        nothing_left(cloud, image_id)


def test_T_IMG1_backing_file(cloud: Cloud, member: TestClient, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    subprocess.run(
        ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", bad, "1M"], check=True
    )
    image_id = create(member, disk_format="qcow2")["id"]
    answer = member.put(f"v2/images/{image_id}/file", content=bad.read_bytes(), headers=BYTES)
    assert answer.status_code == 400 and "backing file" in answer.json()["message"]
    nothing_left(cloud, image_id)


def test_archives_are_not_inspected_and_have_no_virtual_size(member: TestClient) -> None:
    assert active(member, b"\x1f\x8b" * 100, disk_format="qcow2", container_format="ova")["virtual_size"] is None


def test_T_IMG17_size_cap(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud(image_size_cap=1000)
    with cloud.client("member@one") as client:
        image_id = create(client)["id"]
        declared = client.put(f"v2/images/{image_id}/file", content=b"x" * 1001, headers=BYTES)
        streamed = client.put(f"v2/images/{image_id}/file", content=iter([b"x" * 500] * 3), headers=BYTES)
        for answer in (declared, streamed):
            assert answer.status_code == 413 and "too large" in answer.json()["message"]
            nothing_left(cloud, image_id)
        upload(client, image_id, b"x" * 1000)


def test_T_IMG17_quota(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud(user_storage_quota=3000)
    with cloud.client("member@one") as one, cloud.client("member@two") as two:
        first = active(one, b"x" * 1000)
        second = create(one)["id"]
        for content in (b"x" * 2001, iter([b"x" * 1000] * 3)):
            answer = one.put(f"v2/images/{second}/file", content=content, headers=BYTES)
            assert answer.status_code == 413 and "storage quota" in answer.json()["message"]
            assert status_of(cloud, second) == Status.QUEUED and cloud.stored() == [first["id"]]
        answer = one.put(f"v2/images/{second}/file", content=iter([b"x" * 1000] * 2), headers=BYTES)
        assert answer.status_code == 204
        active(two, b"x" * 3000)
        third = create(one)["id"]
        assert one.put(f"v2/images/{third}/file", content=b"x", headers=BYTES).status_code == 413
        one.delete(f"v2/images/{first['id']}")
        upload(one, third, b"x" * 1000)


def test_T_IMG17_two_uploads_share_one_quota(make_cloud: Callable[..., Cloud]) -> None:
    """What is under way counts: the second cannot take what the first was promised."""
    cloud = make_cloud(user_storage_quota=3000)
    with cloud.client("member@one") as client:
        first, second = (image_of(cloud, create(client)["id"]) for _ in range(2))

        def chunks() -> Iterator[bytes]:
            with pytest.raises(TooLarge):
                uploads.upload(cloud.api, second, iter([b"y" * 1001]), 1001)
            uploads.upload(cloud.api, second, iter([b"y" * 1000]), 1000)
            yield b"x" * 2000

        uploads.upload(cloud.api, first, chunks(), 2000)
        assert cloud.stored() == sorted([first.id, second.id])


def test_second_upload_gets_409_and_the_first_wins(cloud: Cloud, member: TestClient) -> None:
    image = image_of(cloud, create(member)["id"])

    def chunks() -> Iterator[bytes]:
        yield b"first"
        answer = member.put(f"v2/images/{image.id}/file", content=b"second", headers=BYTES)
        assert answer.status_code == 409
        assert "from saving to saving" in answer.json()["message"]
        yield b" still"

    uploads.upload(cloud.api, image, chunks(), None)
    assert member.get(f"v2/images/{image.id}/file").content == b"first still"


def test_eight_uploads_at_once_one_wins(cloud: Cloud, member: TestClient) -> None:
    image = image_of(cloud, create(member)["id"])
    contents = [bytes([65 + n]) * 100_000 for n in range(8)]
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def run(content: bytes) -> None:
        start.wait()
        try:
            uploads.upload(cloud.api, image, iter([content]), len(content))
            outcomes.append("won")
        except Conflict:
            outcomes.append("lost")

    threads = [threading.Thread(target=run, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert member.get(f"v2/images/{image.id}/file").content in contents
    assert cloud.stored() == [image.id]


def test_T_IMG17_client_gone(cloud: Cloud, member: TestClient) -> None:
    image = image_of(cloud, create(member)["id"])

    def chunks() -> Iterator[bytes]:
        yield b"x" * MIB
        raise Invalid("The client went away before the end of the body.", code="client_gone")

    for _ in range(20):
        with pytest.raises(Invalid):
            uploads.upload(cloud.api, image, chunks(), 2 * MIB)
        nothing_left(cloud, image.id)
    upload(member, image.id, b"at last")


def test_T_IMG17_deleted_during_upload(cloud: Cloud, member: TestClient) -> None:
    for after in range(3):
        image = image_of(cloud, create(member)["id"])

        def chunks(image: Image = image, after: int = after) -> Iterator[bytes]:
            for n in range(3):
                yield b"x" * MIB
                if n == after:
                    assert member.delete(f"v2/images/{image.id}").status_code == 204

        with pytest.raises(Gone):
            uploads.upload(cloud.api, image, chunks(), None)
        assert cloud.stored() == []
        assert member.get(f"v2/images/{image.id}").status_code == 404


def test_T_IMG17_a_long_upload_notices_that_its_image_is_deleted(
    cloud: Cloud, member: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LOOK_EVERY_S", 0.0)
    image = image_of(cloud, create(member)["id"])
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x"
            if sent == 2:
                member.delete(f"v2/images/{image.id}")

    with pytest.raises(Gone):
        uploads.upload(cloud.api, image, chunks(), 1000)
    assert sent <= 4 and cloud.stored() == []


def test_full_disk(cloud: Cloud, member: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = create(member)["id"]

    def full(self: Writing, chunk: bytes) -> None:
        raise StorageFull("There is not enough disk space on the image storage media.")

    with monkeypatch.context() as patched:
        patched.setattr(Writing, "write", full)
        answer = member.put(f"v2/images/{image_id}/file", content=b"x" * 5 * MIB, headers=BYTES)
    assert answer.status_code == 413 and "storage media is full" in answer.json()["message"]
    nothing_left(cloud, image_id)
    upload(member, image_id, b"x")


def test_recovery_of_interrupted_uploads(cloud: Cloud, member: TestClient) -> None:
    """As after kill -9: before and after the file got its name, on this node and on another."""
    api = cloud.api
    mine, named, foreign = (image_of(cloud, create(member)["id"]) for _ in range(3))
    kept = active(member)["id"]
    for image, node in ((mine, api.node), (named, api.node), (foreign, "node-2")):
        with api.database.write() as conn:
            values = {"upload_id": new_uuid(), "upload_node": node, "upload_reserved": 5}
            assert move(conn, image.id, Status.QUEUED, Status.SAVING, values=values)
    root = api.store._root
    (root / f"{mine.id}.part").write_bytes(b"half")
    (root / named.id).write_bytes(b"whole")
    orphan = new_uuid()
    (root / orphan).write_bytes(b"nobody's")
    (root / f"{kept}.part").write_bytes(b"never")
    (root / "README").write_bytes(b"not ours")

    result = recover(api.database, api.store, api.node)
    assert set(result.interrupted) == {mine.id, named.id}
    assert set(result.removed) == {mine.id, named.id, orphan, kept}
    assert result.missing == []
    assert cloud.stored() == sorted([kept, "README"])
    assert status_of(cloud, mine.id) == status_of(cloud, named.id) == Status.QUEUED
    assert status_of(cloud, foreign.id) == Status.SAVING
    assert member.get(f"v2/images/{kept}/file").status_code == 200
    upload(member, mine.id, b"again")


def test_recovery_reports_missing_files(cloud: Cloud, member: TestClient) -> None:
    lost, cut, fine = (ImageId(active(member)["id"]) for _ in range(3))
    api = cloud.api
    cut_path = api.store.local_path(cut)
    assert cut_path is not None
    whole = cut_path.read_bytes()
    cut_path.write_bytes(b"short")
    api.store.remove(lost)
    assert set(recover(api.database, api.store, api.node).missing) == {lost, cut}
    assert image_of(cloud, lost).data_missing and not image_of(cloud, fine).data_missing
    assert member.get(f"v2/images/{lost}/file").status_code == 404
    cut_path.write_bytes(whole)
    assert recover(api.database, api.store, api.node).missing == [lost]
    assert not image_of(cloud, cut).data_missing


def test_every_refusal_is_of_our_kinds(cloud: Cloud, member: TestClient) -> None:
    image = image_of(cloud, create(member)["id"])
    member.delete(f"v2/images/{image.id}")
    with pytest.raises(MicronovaError, match="deleted to saving"):
        uploads.upload(cloud.api, image, iter([b"x"]), 1)
    assert cloud.stored() == []


def test_stage_and_import(cloud: Cloud, member: TestClient, qcow2: bytes) -> None:
    image_id = create(member, disk_format="qcow2")["id"]
    body = {"method": {"name": "glance-direct"}}
    assert member.post(f"v2/images/{image_id}/import", json=body).status_code == 409
    assert member.put(f"v2/images/{image_id}/stage", content=qcow2, headers=BYTES).status_code == 204
    staged = member.get(f"v2/images/{image_id}").json()
    assert staged["status"] == "uploading" and staged["size"] is None and staged["checksum"] is None
    assert member.get(f"v2/images/{image_id}/file").status_code == 204
    assert member.put(f"v2/images/{image_id}/stage", content=b"x", headers=BYTES).status_code == 409
    assert member.put(f"v2/images/{image_id}/file", content=b"x", headers=BYTES).status_code == 409
    # Staged data outlives a restart.
    assert recover(cloud.api.database, cloud.api.store, cloud.api.node).removed == []
    wrong: dict[str, Any]
    for wrong in ({}, {"method": {}}, {"method": {"name": 3}}, {"method": {"name": "web-download"}}):
        assert member.post(f"v2/images/{image_id}/import", json=wrong).status_code == 400
    assert member.post(f"v2/images/{image_id}/import", json=body).status_code == 202
    image = member.get(f"v2/images/{image_id}").json()
    assert image["status"] == "active" and image["size"] == len(qcow2)
    assert member.get(f"v2/images/{image_id}/file").content == qcow2


def test_stage_refuses_and_deletes(cloud: Cloud, member: TestClient, qcow2: bytes) -> None:
    image_id = create(member)["id"]
    assert member.put(f"v2/images/{image_id}/stage", content=qcow2, headers=BYTES).status_code == 400
    nothing_left(cloud, image_id)
    assert member.put(f"v2/images/{image_id}/stage", content=b"raw", headers=BYTES).status_code == 204
    assert member.delete(f"v2/images/{image_id}").status_code == 204
    assert cloud.stored() == []

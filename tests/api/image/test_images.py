"""Create, show, update, delete: documents, statuses and refusals."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from tests.api.image.conftest import BYTES, Cloud, active, create, patch, upload

FIELDS = {
    "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "checksum",
    "protected", "min_ram", "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value", "id", "created_at",
    "updated_at", "tags", "self", "file", "schema",
}  # fmt: skip


def test_create_and_show(member: TestClient) -> None:
    answer = member.post("v2/images", json={"name": "n", "os_distro": "debian", "tags": ["b", "a", "b"], "min_disk": 3})
    assert answer.status_code == 201
    image = answer.json()
    assert set(image) == FIELDS | {"os_distro"}
    assert answer.headers["location"] == f"http://cloud/image/v2/images/{image['id']}"
    assert (image["status"], image["visibility"], image["owner"]) == ("queued", "shared", "one")
    assert image["tags"] == ["a", "b"] and image["min_disk"] == 3 and image["size"] is None
    assert image["self"] == f"/v2/images/{image['id']}" and image["schema"] == "/v2/schemas/image"
    assert member.get(f"v2/images/{image['id']}").json() == image


def test_create_with_an_id_which_is_never_used_again(member: TestClient, admin: TestClient) -> None:
    """T-IMG19: a deleted image's id stays taken, for everybody."""
    image_id = str(uuid4())
    assert create(member, id=image_id)["id"] == image_id
    assert member.post("v2/images", json={"id": image_id}).status_code == 409
    assert member.delete(f"v2/images/{image_id}").status_code == 204
    for client in (member, admin):
        answer = client.post("v2/images", json={"id": image_id})
        assert answer.status_code == 409
        assert answer.json() == {
            "code": "409 Conflict",
            "title": "Conflict",
            "message": f"Image ID {image_id} already exists!",
        }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "not-a-uuid"}, 400),
        ({"name": "x" * 256}, 400),
        ({"name": 3}, 400),
        ({"disk_format": "exe"}, 400),
        ({"container_format": "exe"}, 400),
        ({"visibility": "all"}, 400),
        ({"min_disk": -1}, 400),
        ({"min_ram": 2**31}, 400),
        ({"min_ram": "4"}, 400),
        ({"protected": "yes"}, 400),
        ({"tags": "a"}, 400),
        ({"tags": ["x" * 256]}, 400),
        ({"x" * 256: "y"}, 400),
        ({"hw_disk_bus": 3}, 400),
        ({"hw_disk_bus": None}, 400),
        ({"nested": {"a": "b"}}, 400),
        ([], 400),
        ("x", 400),
        ({"status": "active"}, 403),
        ({"size": 3}, 403),
        ({"virtual_size": 3}, 403),
        ({"checksum": "0"}, 403),
        ({"os_hash_value": "0"}, 403),
        ({"created_at": "2020-01-01"}, 403),
        ({"self": "/x"}, 403),
        ({"file": "/x"}, 403),
        ({"schema": "/x"}, 403),
        ({"direct_url": "file:///etc/passwd"}, 403),
        ({"locations": [{"url": "file:///etc/passwd", "metadata": {}}]}, 403),
        ({"location": "file:///etc/passwd"}, 403),
        ({"deleted": True}, 403),
        ({"os_glance_import_task": "x"}, 403),
        ({"owner": "two"}, 403),
        ({"visibility": "public"}, 403),
        ({f"p{n}": "x" for n in range(129)}, 413),
        ({"tags": [str(n) for n in range(129)]}, 413),
    ],
)
def test_create_refused(cloud: Cloud, member: TestClient, body: Any, status: int) -> None:
    answer = member.post("v2/images", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"].startswith(str(status)) and answer.json()["message"]
    assert member.get("v2/images").json()["images"] == []


def test_malformed_json(member: TestClient) -> None:
    assert member.post("v2/images", content=b"{").status_code == 400
    assert member.post("v2/images", content=b"").status_code == 400


def test_readers_only_read(cloud: Cloud, member: TestClient) -> None:
    image = active(member)
    with cloud.client("reader@one") as reader:
        assert reader.get(f"v2/images/{image['id']}").status_code == 200
        assert reader.post("v2/images", json={}).status_code == 403
        assert patch(reader, image["id"], {"op": "replace", "path": "/name", "value": "x"}).status_code == 403
        assert reader.delete(f"v2/images/{image['id']}").status_code == 403
        assert reader.get(f"v2/images/{image['id']}/file").status_code == 403
    with cloud.client(None) as nobody:
        assert nobody.get("v2/images").status_code == 401


def test_T_PEER7_foreign_images_are_as_absent_ones(member: TestClient, other: TestClient) -> None:
    image_id = create(member, visibility="private")["id"]
    for wanted in (image_id, str(uuid4())):
        for answer in (
            other.get(f"v2/images/{wanted}"),
            other.get(f"v2/images/{wanted}/file"),
            other.put(f"v2/images/{wanted}/file", content=b"x", headers=BYTES),
            other.delete(f"v2/images/{wanted}"),
            patch(other, wanted, {"op": "replace", "path": "/name", "value": "x"}),
            other.put(f"v2/images/{wanted}/tags/x"),
            other.post(f"v2/images/{wanted}/actions/deactivate"),
            other.get(f"v2/images/{wanted}/members"),
            other.post(f"v2/images/{wanted}/members", json={"member": "two"}),
        ):
            assert answer.status_code == 404
            assert answer.json()["message"] == f"No image found with ID {wanted}"


def test_visibilities(member: TestClient, other: TestClient, admin: TestClient) -> None:
    public = create(admin, visibility="public", name="public")["id"]
    community = create(member, visibility="community", name="community")["id"]
    private = create(member, visibility="private", name="private")["id"]
    shared = create(member, name="shared")["id"]
    for image_id, sees in ((public, True), (community, True), (private, False), (shared, False)):
        assert (other.get(f"v2/images/{image_id}").status_code == 200) is sees
        # Seen is not owned: 403 then, not 404.
        answer = patch(other, image_id, {"op": "replace", "path": "/name", "value": "x"})
        assert answer.status_code == (403 if sees else 404)
        assert other.delete(f"v2/images/{image_id}").status_code == (403 if sees else 404)

    def names(client: TestClient, query: str = "") -> set[str]:
        return {image["name"] for image in client.get(f"v2/images{query}").json()["images"]}

    assert names(member) == {"public", "community", "private", "shared"}
    assert names(other) == {"public"}
    assert names(other, "?visibility=community") == {"community"}
    assert names(other, "?visibility=all") == {"public", "community"}
    assert names(other, "?visibility=private") == set()
    assert names(admin) == {"public", "community", "private", "shared"}
    assert member.get("v2/images?visibility=none").status_code == 400


def test_patch_v21(member: TestClient) -> None:
    image = create(member, a="1", b="2")
    answer = patch(
        member,
        image["id"],
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/c~1d~0", "value": "3"},
        {"op": "add", "path": "/a", "value": "again"},
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/tags", "value": ["x", "x", "y"]},
        {"op": "replace", "path": "/protected", "value": True},
        {"op": "replace", "path": "/min_ram", "value": 64},
    )
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document == member.get(f"v2/images/{image['id']}").json()
    assert document["name"] == "new" and document["c/d~"] == "3" and document["a"] == "again"
    assert "b" not in document and document["tags"] == ["x", "y"] and document["min_ram"] == 64
    assert member.delete(f"v2/images/{image['id']}").status_code == 403  # protected


def test_patch_v20(member: TestClient) -> None:
    image_id = create(member, a="1")["id"]
    headers = {"Content-Type": "application/openstack-images-v2.0-json-patch"}
    body = [{"replace": "/name", "value": "n"}, {"add": "/b", "value": "2"}, {"remove": "/a"}]
    document = member.patch(f"v2/images/{image_id}", json=body, headers=headers).json()
    assert document["name"] == "n" and document["b"] == "2" and "a" not in document


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "replace", "path": "/id", "value": str(uuid4())}, 403),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "replace", "path": "/size", "value": 1}, 403),
        ({"op": "replace", "path": "/checksum", "value": "0"}, 403),
        ({"op": "replace", "path": "/os_hash_value", "value": "0"}, 403),
        ({"op": "replace", "path": "/owner", "value": "two"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "add", "path": "/locations/-", "value": {"url": "file:///etc/passwd", "metadata": {}}}, 403),
        ({"op": "replace", "path": "/locations", "value": []}, 403),
        ({"op": "replace", "path": "/missing", "value": "x"}, 409),
        ({"op": "remove", "path": "/missing"}, 409),
        ({"op": "move", "path": "/name", "from": "/a"}, 400),
        ({"op": "replace", "path": "name", "value": "x"}, 400),
        ({"op": "replace", "path": "/a/b", "value": "x"}, 400),
        ({"op": "replace", "path": "/", "value": "x"}, 400),
        ({"op": "add", "path": "/a~2", "value": "x"}, 400),
        ({"op": "add", "path": "/a~", "value": "x"}, 400),
        ({"op": "add", "path": "/a"}, 400),
        ({"op": "add", "value": "x"}, 400),
        ({"path": "/a", "value": "x"}, 400),
        ({"op": "replace", "path": 3, "value": "x"}, 400),
        ({"op": "replace", "path": "/name", "value": "x" * 256}, 400),
        ({"op": "replace", "path": "/disk_format", "value": "exe"}, 400),
        ({"op": "replace", "path": "/min_disk", "value": -1}, 400),
        ({"op": "add", "path": "/x", "value": 1}, 400),
        ({"op": "add", "path": "/" + "x" * 256, "value": "1"}, 400),
        ("x", 400),
    ],
)
def test_patch_refused_changes_nothing(member: TestClient, change: Any, status: int) -> None:
    image = create(member, name="old")
    answer = patch(member, image["id"], {"op": "replace", "path": "/name", "value": "new"}, change)
    assert answer.status_code == status, answer.text
    assert member.get(f"v2/images/{image['id']}").json()["name"] == "old"


def test_patch_needs_its_media_type(member: TestClient) -> None:
    image_id = create(member)["id"]
    answer = member.patch(f"v2/images/{image_id}", json=[])
    assert answer.status_code == 415
    assert "application/openstack-images-v2.1-json-patch" in answer.headers["accept-patch"]
    answer = member.patch(
        f"v2/images/{image_id}", json={}, headers={"Content-Type": "application/openstack-images-v2.1-json-patch"}
    )
    assert answer.status_code == 400


def test_admin_gives_an_image_away(member: TestClient, other: TestClient, admin: TestClient) -> None:
    image_id = create(member)["id"]
    assert patch(admin, image_id, {"op": "replace", "path": "/owner", "value": "two"}).json()["owner"] == "two"
    assert member.get(f"v2/images/{image_id}").status_code == 404
    assert other.get(f"v2/images/{image_id}").status_code == 200


def test_delete_removes_the_bytes(cloud: Cloud, member: TestClient) -> None:
    image_id = active(member)["id"]
    assert cloud.stored() == [image_id]
    assert member.delete(f"v2/images/{image_id}").status_code == 204
    assert cloud.stored() == []
    assert member.get(f"v2/images/{image_id}").status_code == 404
    assert member.delete(f"v2/images/{image_id}").status_code == 404


def test_tags(member: TestClient) -> None:
    image_id = create(member)["id"]
    assert member.put(f"v2/images/{image_id}/tags/a%20b").status_code == 204
    assert member.put(f"v2/images/{image_id}/tags/a%20b").status_code == 204
    assert member.get(f"v2/images/{image_id}").json()["tags"] == ["a b"]
    assert member.put(f"v2/images/{image_id}/tags/{'x' * 256}").status_code == 400
    assert member.delete(f"v2/images/{image_id}/tags/a%20b").status_code == 204
    assert member.delete(f"v2/images/{image_id}/tags/a%20b").status_code == 404
    for n in range(128):
        assert member.put(f"v2/images/{image_id}/tags/{n}").status_code == 204
    assert member.put(f"v2/images/{image_id}/tags/more").status_code == 413


def test_deactivate_and_reactivate(member: TestClient, admin: TestClient) -> None:
    image_id = active(member)["id"]
    assert member.post(f"v2/images/{image_id}/actions/deactivate").status_code == 204
    assert member.post(f"v2/images/{image_id}/actions/deactivate").status_code == 204
    assert member.get(f"v2/images/{image_id}").json()["status"] == "deactivated"
    assert member.get(f"v2/images/{image_id}/file").status_code == 403
    assert admin.get(f"v2/images/{image_id}/file").status_code == 200
    assert member.post(f"v2/images/{image_id}/actions/reactivate").status_code == 204
    assert member.get(f"v2/images/{image_id}/file").status_code == 200
    queued = create(member)["id"]
    assert member.post(f"v2/images/{queued}/actions/deactivate").status_code == 403
    assert member.post(f"v2/images/{queued}/actions/reactivate").status_code == 403


def test_sharing(member: TestClient, other: TestClient, admin: TestClient, cloud: Cloud) -> None:
    image_id = active(member)["id"]
    members = f"v2/images/{image_id}/members"
    assert other.get(members).status_code == 404
    made = member.post(members, json={"member": "two"})
    assert made.status_code == 200
    assert set(made.json()) == {"member_id", "image_id", "status", "created_at", "updated_at", "schema"}
    assert made.json()["status"] == "pending"
    assert member.post(members, json={"member": "two"}).status_code == 409
    assert member.post(members, json={"member": ""}).status_code == 400
    assert member.post(members, json={}).status_code == 400
    member.post(members, json={"member": "three"})

    # Pending: reachable by id, not in lists but when asked for.
    assert other.get(f"v2/images/{image_id}").status_code == 200
    assert other.get(f"v2/images/{image_id}/file").status_code == 200
    assert other.get("v2/images").json()["images"] == []
    assert len(other.get("v2/images?member_status=pending&visibility=shared").json()["images"]) == 1
    assert [m["member_id"] for m in other.get(members).json()["members"]] == ["two"]
    assert [m["member_id"] for m in member.get(members).json()["members"]] == ["two", "three"]
    assert other.get(f"{members}/three").status_code == 404

    # Only the member itself decides.
    assert member.put(f"{members}/two", json={"status": "accepted"}).status_code == 403
    assert other.put(f"{members}/three", json={"status": "accepted"}).status_code == 404
    assert other.put(f"{members}/two", json={"status": "maybe"}).status_code == 400
    assert other.put(f"{members}/two", json={"status": "accepted"}).json()["status"] == "accepted"
    assert len(other.get("v2/images").json()["images"]) == 1
    assert other.post(members, json={"member": "four"}).status_code == 403
    assert other.delete(f"{members}/two").status_code == 403
    assert patch(other, image_id, {"op": "replace", "path": "/name", "value": "x"}).status_code == 403

    assert member.delete(f"{members}/two").status_code == 204
    assert member.delete(f"{members}/two").status_code == 404
    assert other.get(f"v2/images/{image_id}").status_code == 404

    public = create(admin, visibility="public")["id"]
    assert admin.post(f"v2/images/{public}/members", json={"member": "two"}).status_code == 403


def test_T_IMG18_an_active_image_does_not_change(member: TestClient, admin: TestClient) -> None:
    image = active(member, b"first")
    for client in (member, admin):
        for path, value in (
            ("status", "queued"), ("size", 1), ("virtual_size", 1), ("checksum", "0"), ("os_hash_value", "0"),
            ("os_hash_algo", "md5"), ("disk_format", "qcow2"), ("container_format", "ovf"), ("locations", []),
            ("id", str(uuid4())),
        ):  # fmt: skip
            for op in ("replace", "add", "remove"):
                assert patch(client, image["id"], {"op": op, "path": f"/{path}", "value": value}).status_code == 403
        answer = client.put(f"v2/images/{image['id']}/file", content=b"second", headers=BYTES)
        assert answer.status_code == 409
        assert "from active to saving" in answer.json()["message"]
    assert member.get(f"v2/images/{image['id']}").json() == image
    assert member.get(f"v2/images/{image['id']}/file").content == b"first"


def test_documents_of_the_service(cloud: Cloud, member: TestClient) -> None:
    with cloud.client(None) as nobody:
        for path, status in (("", 300), ("/", 300), ("/versions", 200), ("/v2", 200), ("/v2/", 200)):
            answer = nobody.get(f"http://cloud/image{path}")
            assert answer.status_code == status
            newest = answer.json()["versions"][0]
            assert newest["status"] == "CURRENT"
            assert newest["links"] == [{"rel": "self", "href": "http://cloud/image/v2/"}]
    assert member.get("v2/schemas/image").json()["name"] == "image"
    assert member.get("v2/schemas/images").json()["properties"]["images"]["items"]["name"] == "image"
    assert member.get("v2/schemas/member").json()["name"] == "member"
    assert member.get("v2/schemas/members").json()["name"] == "members"
    assert "import-methods" in member.get("v2/info/import").json()
    assert member.get("v2/info/stores").json()["stores"][0]["default"] == "true"


def test_upload_needs_formats(member: TestClient) -> None:
    image_id = member.post("v2/images", json={}).json()["id"]
    answer = member.put(f"v2/images/{image_id}/file", content=b"x", headers=BYTES)
    assert answer.status_code == 400 and "must be set prior to saving data" in answer.json()["message"]
    patch(member, image_id, {"op": "replace", "path": "/disk_format", "value": "raw"},
          {"op": "replace", "path": "/container_format", "value": "bare"})  # fmt: skip
    upload(member, image_id, b"x")

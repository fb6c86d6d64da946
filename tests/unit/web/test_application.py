"""The web edge with a service of one toy resource: tokens, versions, routes, bodies, faults, ids."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from micronova.model.caller import Caller
from micronova.model.errors import Conflict, MicronovaError, Unauthenticated
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.web.application import Application
from micronova.web.endpoint import Endpoint, Service
from micronova.web.front import Check, front
from micronova.web.microversion import MicroversionRange, Version
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response, no_content
from micronova.web.schemas import Versioned

PROJECT = "0123456789abcdef0123456789abcdef"


class Tokens:
    def verify(self, token: str) -> Caller:
        if token != "good":
            raise Unauthenticated("The request you have made requires authentication.")
        return Caller(
            user_id=UserId("u"),
            user_name="U",
            user_domain_id=DomainId("default"),
            project_id=ProjectId(PROJECT),
            roles=frozenset({"member"}),
        )


class Shelf:
    """The toy's api."""


def show(api: Shelf, req: Request) -> Response:
    return JsonResponse(
        {"id": req.path["book_id"], "project": req.caller.project_id, "roles": sorted(req.caller.roles)}
    )


def create(api: Shelf, req: Request) -> Response:
    return JsonResponse(req.json(), 202)


def swallow(api: Shelf, req: Request) -> Response:
    return JsonResponse({"size": sum(len(chunk) for chunk in req.stream)})


def explode(api: Shelf, req: Request) -> Response:
    raise RuntimeError("secret internals")


def conflict(api: Shelf, req: Request) -> Response:
    raise Conflict("It is taken.", detail="by host17")


def versions(api: Shelf, req: Request) -> Response:
    return JsonResponse({"version": str(req.version)})


def style(status: int, message: str, error: MicronovaError, request_id: str) -> object:
    return {"fault": {"code": status, "message": message}}


BOOK = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["name"],
    "additionalProperties": False,
}
BOOK_2_9 = {**BOOK, "properties": {**BOOK["properties"], "pages": {"type": "integer"}}}  # type: ignore[dict-item]

ENDPOINTS: list[Endpoint[Shelf]] = [
    Endpoint(method="GET", path="/", handler=versions, summary="versions", auth=False),
    Endpoint(method="GET", path="/v2.1/books/{book_id}", handler=show, summary="show"),
    Endpoint(method="DELETE", path="/v2.1/books/{book_id}", handler=lambda a, r: no_content(), summary="delete"),
    Endpoint(
        method="POST",
        path="/v2.1/books",
        handler=create,
        summary="create",
        body=Versioned((Version(2, 1), BOOK), (Version(2, 9), BOOK_2_9)),
    ),
    Endpoint(method="PUT", path="/v2.1/books/{book_id}/file", handler=swallow, summary="upload", streams=True),
    Endpoint(method="GET", path="/v2.1/books/explode", handler=explode, summary="a literal segment wins"),
    Endpoint(method="GET", path="/v2.1/taken", handler=conflict, summary="conflict"),
    Endpoint(method="GET", path="/v2.1/old", handler=versions, summary="gone", max_version=Version(2, 35)),
]


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    service = Service(
        name="shelf",
        prefix="/shelf",
        api=Shelf(),
        endpoints=ENDPOINTS,
        fault=style,
        microversions=MicroversionRange(
            service_type="shelf", minimum=Version(2, 1), maximum=Version(2, 104), legacy_header="X-Shelf-Version"
        ),
        project_in_path=True,
        request_id_header="X-Shelf-Request-Id",
    )
    app = Application(
        [service],
        Tokens(),
        max_body=1000,
        fallback=front([service], lambda: {"database": Check(vital=True)}),
    )
    with TestClient(app, headers={"X-Auth-Token": "good"}, raise_server_exceptions=False) as client:
        yield client


def test_an_answer_carries_version_and_request_ids(client: httpx.Client) -> None:
    answer = client.get("/shelf/v2.1/books/7", headers={"OpenStack-API-Version": "shelf 2.9"})
    assert answer.json()["id"] == "7"
    assert answer.headers["OpenStack-API-Version"] == "shelf 2.9"
    assert answer.headers["X-Shelf-Version"] == "2.9"
    assert answer.headers["Vary"] == "OpenStack-API-Version, X-Shelf-Version"
    assert re.fullmatch(r"req-[0-9a-f-]{36}", answer.headers["X-Shelf-Request-Id"])
    assert answer.headers["X-Openstack-Request-Id"] == answer.headers["X-Shelf-Request-Id"]


def test_without_token_401_in_keystones_form(client: httpx.Client) -> None:
    for token in (None, "bad"):
        answer = client.get("/shelf/v2.1/books/7", headers={"X-Auth-Token": token or ""})
        assert answer.status_code == 401
        assert answer.json()["error"]["title"] == "Unauthorized"
        assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://testserver/identity/v3"'


def test_version_documents_need_no_token_and_tolerate_a_bad_one(client: httpx.Client) -> None:
    assert client.get("/shelf", headers={"X-Auth-Token": "bad"}).status_code == 200
    assert client.get("/shelf/", headers={"X-Auth-Token": ""}).status_code == 200


def test_t_id1_identity_headers_of_the_client_are_ignored(client: httpx.Client) -> None:
    spoofed = {
        "X-Roles": "admin",
        "X-User-Id": "root",
        "X-Project-Id": "other",
        "X-Identity-Status": "Confirmed",
        "X-Is-Admin-Project": "True",
        "X-Service-Roles": "service",
    }
    assert client.get("/shelf/v2.1/books/7", headers=spoofed).json() == {
        "id": "7",
        "project": PROJECT,
        "roles": ["member"],
    }
    assert client.get("/shelf/v2.1/books/7", headers={**spoofed, "X-Auth-Token": ""}).status_code == 401


def test_t_api1_a_project_in_the_path_must_be_the_tokens(client: httpx.Client) -> None:
    assert client.get(f"/shelf/v2.1/{PROJECT}/books/7").status_code == 200
    answer = client.get(f"/shelf/v2.1/{'f' * 32}/books/7")
    assert answer.status_code == 400
    assert "doesn't match Context's project_id" in answer.json()["fault"]["message"]


def test_unknown_paths_methods_and_versions(client: httpx.Client) -> None:
    assert client.get("/shelf/v2.1/nothing").json() == {
        "fault": {"code": 404, "message": "The resource could not be found."}
    }
    answer = client.post("/shelf/v2.1/books/7", json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET")
    assert client.get("/shelf/v2.1/old").status_code == 200
    assert client.get("/shelf/v2.1/old", headers={"X-Shelf-Version": "2.36"}).status_code == 404
    assert client.get("/shelf/v2.1/old", headers={"X-Shelf-Version": "2.999"}).status_code == 406
    assert client.get("/shelfish").status_code == 404


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    answer = client.head("/shelf/v2.1/books/7")
    assert (answer.status_code, answer.content) == (200, b"")


def test_path_parameters_are_decoded_after_the_split(client: httpx.Client) -> None:
    assert client.get("/shelf/v2.1/books/a%2Fb%20c").json()["id"] == "a/b c"


def test_bodies_are_checked_against_the_schema_of_the_version(client: httpx.Client) -> None:
    assert client.post("/shelf/v2.1/books", json={"name": "x"}).status_code == 202
    answer = client.post("/shelf/v2.1/books", json={"name": "x", "pages": 3})
    assert answer.status_code == 400
    assert "Additional properties are not allowed" in answer.json()["fault"]["message"]
    ok = client.post("/shelf/v2.1/books", json={"name": "x", "pages": 3}, headers={"X-Shelf-Version": "2.9"})
    assert ok.status_code == 202
    answer = client.post("/shelf/v2.1/books", json={"name": ""})
    assert answer.json()["fault"]["message"].startswith("Invalid input for field/attribute name. Value: .")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 900, b'{"name": NaN}'])
def test_malformed_json_is_400(client: httpx.Client, content: bytes) -> None:
    answer = client.post("/shelf/v2.1/books", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["fault"]["message"]) == (400, "Malformed request body")


def test_nul_is_refused_everywhere_and_its_spelling_is_not(client: httpx.Client) -> None:
    for content in (b'{"name": "a\\u0000b"}', b'{"a\\u0000": 1}', b'{"name": ["\\u0000"]}'):
        answer = client.post("/shelf/v2.1/books", content=content)
        assert (answer.status_code, "NUL" in answer.text) == (400, True)
    assert client.post("/shelf/v2.1/books", content=b'{"name": "a\\\\u0000b"}').status_code == 202
    assert client.get("/shelf/v2.1/books/7?name=a%00b").status_code == 400


def test_other_content_types_are_415(client: httpx.Client) -> None:
    answer = client.post("/shelf/v2.1/books", content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert answer.status_code == 415


def test_t_api2_large_bodies_are_refused_with_and_without_a_length(client: httpx.Client) -> None:
    assert client.post("/shelf/v2.1/books", json={"name": "x" * 2000}).status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    assert client.post("/shelf/v2.1/books", content=chunks()).status_code == 413


def test_t_api2_a_refusal_does_not_repeat_a_megabyte(client: httpx.Client) -> None:
    answer = client.post("/shelf/v2.1/books", json={"name": "x" * 900})
    assert answer.status_code == 400 and len(answer.content) < 1400


def test_streams_are_not_limited_by_the_body_limit(client: httpx.Client) -> None:
    answer = client.put("/shelf/v2.1/books/7/file", content=b"x" * 300_000)
    assert answer.json() == {"size": 300_000}


def test_t_api10_an_unexpected_exception_is_500_without_internals(client: httpx.Client) -> None:
    answer = client.get("/shelf/v2.1/books/explode")
    assert answer.status_code == 500 and "secret" not in answer.text


def test_details_stay_inside(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.get("/shelf/v2.1/taken")
    assert (answer.status_code, answer.json()["fault"]["message"]) == (409, "It is taken.")
    assert "host17" in caplog.text


def test_health_root_and_openapi(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/").json()["services"] == {"shelf": "/shelf"}
    document = client.get("/openapi.json").json()
    create_book = document["paths"]["/shelf/v2.1/books"]["post"]
    assert create_book["security"] == [{"token": []}]
    assert len(create_book["requestBody"]["content"]["application/json"]["schema"]["oneOf"]) == 2
    assert "/shelf/v2.1/books" in client.get("/docs").text

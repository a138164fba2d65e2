"""The description and the reference page: whole, public, and true to the operations."""

from django.test import Client

from api import codes
from api.operation import OPERATIONS
from api.reference import Number, entries, numbers
from api.schemas.common import Heard, Spoken


def test_the_description_names_every_operation_with_its_scope() -> None:
    document = Client().get("/v1/openapi.json").json()
    described = {
        (method.upper(), path, details["security"][0]["BearerToken"][0])
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    }
    assert document["openapi"] == "3.1.0"
    assert described == {(o.method, o.path, o.scope.value) for o in OPERATIONS}


def test_the_reference_shows_fields_at_every_depth() -> None:
    [create] = [
        entry for rows in entries().values() for entry in rows if entry.anchor == "provision-a-wholesale-customer"
    ]
    fields = {field.name: (field.kind, field.required) for field in create.body}
    assert fields["provisioningParameters.calling.location.address.country"] == ("string", True)
    assert fields["packages"] == ("list of string", True)
    assert fields["customerInfo"] == ("object", False)


def test_anybody_may_read_the_reference() -> None:
    page = Client().get("/v1/reference/")
    assert page.status_code == 200
    for operation in OPERATIONS:
        assert operation.path in page.content.decode()


def test_the_reference_lists_every_number() -> None:
    page = Client().get("/v1/reference/").content.decode()
    assert [n for n in (*codes.OF_RULE.values(), *codes.OF_STATUS.values()) if f">{n}</th>" not in page] == []
    assert Number(81141, 400, "too many users") in numbers()
    assert Number(81010, 409, "consent pending") in numbers()


def test_no_two_schemas_share_a_name() -> None:
    """The description knows schemas by their bare name: of two, the second would silently replace the first."""
    todo, names = [Spoken, Heard], []
    while todo:
        schema = todo.pop()
        todo += schema.__subclasses__()
        names.append(schema.__name__)
    assert len(names) == len(set(names))


def test_what_is_left_of_the_minute_is_described_with_every_success_and_refusal() -> None:
    named = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    for methods in Client().get("/v1/openapi.json").json()["paths"].values():
        for details in methods.values():
            for status, answer in details["responses"].items():
                assert (named <= set(answer["headers"])) is (int(status) < 300 or status == "429")
                assert ("Retry-After" in answer["headers"]) is (status == "429")

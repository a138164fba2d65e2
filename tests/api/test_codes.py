"""Every rule that can say no has a number of its own, and the numbers never change."""

import importlib
import pkgutil

import pytest

from api import codes
from tenancy.errors import DomainError

APPS = ("tenancy", "provisioning", "controlhub", "partnerhub", "billing")


def rules() -> set[str]:
    """The codes of all rules of the portal."""
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in module.name and ".management" not in module.name:
                importlib.import_module(module.name)
    found, todo = set(), [DomainError]
    while todo:
        rule = todo.pop()
        todo += rule.__subclasses__()
        if rule.__module__.partition(".")[0] in APPS:
            found.add(rule.code)
    return found


def test_every_rule_has_a_number() -> None:
    missing = sorted(code for code in rules() if not code.isdigit() and code not in codes.OF_RULE)
    assert missing == [], "Append these to api.codes.OF_RULE."


def test_no_number_means_two_things() -> None:
    numbers = list(codes.OF_RULE.values()) + list(codes.OF_STATUS.values())
    assert len(numbers) == len(set(numbers))
    assert all(80000 <= number < 82000 for number in numbers)


@pytest.mark.parametrize(
    ("code", "number"), [("administrator_downgrade", 81001), ("external_id_in_use", 81022), ("10022", 10022)]
)
def test_numbers_stay(code: str, number: int) -> None:
    assert codes.number_of(code) == number

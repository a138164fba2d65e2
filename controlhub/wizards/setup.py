"""The wizards "Set up customer" and "Add users" (domain.md 3.1): pages as data, and from answers to the service's words."""

from dataclasses import replace

from controlhub.forms.setup import LocationsPage
from controlhub.forms.users_grid import NumbersForm, UsersGrid
from controlhub.models import Location
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.setup import SetUpLocations
from tenancy.wizards import Answers, Page, Wizard


def _somebody_calls(answers: Answers) -> bool:
    return any(user.calling for user in answers.get("users", {}).get("users", []))


LOCATIONS = Page("locations", "Locations", LocationsPage, "controlhub/setup/locations.html")
USERS = Page("users", "Users", UsersGrid, "controlhub/setup/users.html")
NUMBERS = Page("numbers", "Numbers", NumbersForm, "controlhub/setup/numbers.html", applies=_somebody_calls)

SET_UP = Wizard("setup", (LOCATIONS, USERS, NUMBERS))
ADD_USERS = Wizard("add_users", (USERS, NUMBERS))
CLAIM_USERS = Wizard("claim_users", (USERS, NUMBERS))


def chosen_users(answers: Answers) -> list[NewSubscriber]:
    """The users as typed, with their numbers if anybody calls."""
    page = answers.get("numbers") or answers["users"]
    users: list[NewSubscriber] = page["users"]
    return users


def named_users(answers: Answers) -> list[NewSubscriber]:
    """As `chosen_users`, for the service: a location that does not exist yet goes by its name."""
    return [
        replace(user, location=user.location.name)
        if isinstance(user.location, Location) and not user.location.pk
        else user
        for user in chosen_users(answers)
    ]


def chosen_locations(answers: Answers) -> SetUpLocations:
    """What the page "Locations" says; nothing in the wizard that has no such page."""
    page = answers.get("locations", {})
    return SetUpLocations(confirm=page.get("confirm", []), add=page.get("add", []))

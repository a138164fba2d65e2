"""People (public specification: People)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from api.schemas.common import Heard, Spoken, Stamp, Unkept, words

MOST_IDS = 85
PersonState = Annotated[
    str,
    *words("active call DoNotDisturb inactive meeting OutOfOffice pending presenting unknown".split()),
]
# The specification has words where others have booleans.
YesNo = Annotated[str, *words(["true", "false"])]


class CallingData(Heard):
    """Whether extension and location belong to the answer."""

    calling_data: bool = False


class PeopleFilters(CallingData):
    """Combined with AND. `displayName` is how the name starts; `id` and `roles` are lists with commas."""

    email: str | None = Field(default=None, max_length=200)
    display_name: str | None = Field(default=None, max_length=100)
    id: str | None = None
    org_id: str | None = None
    roles: str | None = None
    location_id: str | None = None
    max: int = Field(default=100, ge=1, le=1000)
    exclude_status: bool = False


class NewPersonQuery(CallingData):
    """Of a creation."""

    min_response: bool = False


class ChangedPersonQuery(NewPersonQuery):
    """Of a change."""

    show_all_types: bool = False


class PersonNumber(Spoken):
    """A phone number of a person."""

    type: Annotated[str, *words(["work", "work_extension", "mobile", "fax"])]
    value: str
    primary: bool | None = None


class SpokenPerson(Spoken):
    """A person. Only the id, after a creation that asked for no more."""

    id: str
    emails: list[str] | None = None
    phone_numbers: list[PersonNumber] | None = None
    extension: str | None = None
    location_id: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    org_id: str | None = None
    roles: list[str] | None = None
    licenses: list[str] | None = None
    created: Stamp | None = None
    status: PersonState | None = None
    invite_pending: YesNo | None = None
    login_enabled: YesNo | None = None
    type: Annotated[str, *words(["person", "bot", "appuser"])] | None = None


class PersonItems(Spoken):
    """A page of people."""

    items: list[SpokenPerson]
    not_found_ids: list[str] | None = None


class GivenNumber(Heard):
    """A phone number that a person is to have. Only work numbers are kept; the extension has a field of its own."""

    type: Annotated[str, *words(["work", "work_extension"])] = "work"
    value: str = Field(min_length=1, max_length=40)
    primary: bool | None = None


def _only_first_name(value: Any) -> Any:
    return None  # it "cannot be overwritten" (public specification), so whatever it says has no effect there either


class GivenPerson(Heard):
    """What a creation and a change have in common."""

    phone_numbers: list[GivenNumber] | None = Field(default=None, max_length=20)
    extension: str | None = Field(default=None, max_length=6)
    location_id: str | None = Field(default=None, max_length=300)
    first_name: str | None = Field(default=None, max_length=60)
    last_name: str | None = Field(default=None, max_length=60)
    org_id: str | None = Field(default=None, max_length=300)
    roles: list[str] | None = Field(default=None, max_length=50)
    licenses: list[str] | None = Field(default=None, max_length=50)
    avatar: Unkept = None
    department: Unkept = None
    manager: Unkept = None
    manager_id: Unkept = None
    title: Unkept = None
    addresses: Unkept = None
    site_urls: Unkept = None

    @property
    def work_number(self) -> str | None:
        """The number; empty when the list was given without one, None when there is no list."""
        if self.phone_numbers is None:
            return None
        return next((number.value for number in self.phone_numbers if number.type == "work"), "")


class NewPerson(GivenPerson):
    """POST /people. A wholesale package is a licence: `licenses` names one, unless automatic licences are on."""

    emails: list[str] = Field(min_length=1, max_length=1)
    display_name: str | None = Field(default=None, max_length=120)

    @model_validator(mode="after")
    def _named(self) -> "NewPerson":
        if not (self.display_name or self.first_name or self.last_name):
            raise ValueError("give displayName, firstName or lastName")
        return self


class ChangedPerson(GivenPerson):
    """PUT /people/{personId}. What is left out stays as it is."""

    emails: list[str] | None = Field(default=None, min_length=1, max_length=10)
    display_name: str = Field(min_length=1, max_length=120)
    nick_name: Annotated[str | None, BeforeValidator(_only_first_name)] = None
    login_enabled: bool | None = None

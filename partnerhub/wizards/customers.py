"""The pages of "Create wholesale customer" (domain.md 2.1)."""

from partnerhub.forms.customers import CustomerInfoForm, HeadquartersForm, PackagesForm
from partnerhub.services.customers import Address, CustomerInfo, Headquarters
from tenancy.packages import needs_calling
from tenancy.wizards import Answers, Page, Wizard

FOLDER = "partnerhub/customers/"
FIRST_PAGE = "info"


def asks_headquarters(answers: Answers) -> bool:
    """Only packages with calling need a location. Not knowing yet, the page is announced."""
    return "packages" not in answers or needs_calling(set(answers["packages"]["packages"]))


CREATE_CUSTOMER = Wizard(
    kind="create_customer",
    pages=(
        Page(FIRST_PAGE, "Customer information", CustomerInfoForm, FOLDER + "create_info.html"),
        Page("packages", "Packages and add-ons", PackagesForm, FOLDER + "create_packages.html"),
        Page(
            "headquarters",
            "Headquarters location",
            HeadquartersForm,
            FOLDER + "create_headquarters.html",
            applies=asks_headquarters,
        ),
    ),
)


def customer_info(answers: Answers) -> CustomerInfo:
    """The first page as the service takes it."""
    info = answers[FIRST_PAGE]
    return CustomerInfo(
        name=info["name"],
        admin_email=info["admin_email"],
        external_id=info["external_id"],
        address=_address(info),
        supported_location=info["supported_location"],
    )


def headquarters(answers: Answers) -> Headquarters | None:
    """The location page as the service takes it; None when it was not asked."""
    page = answers.get("headquarters")
    if page is None:
        return None
    return Headquarters(
        name=page["location_name"], address=_address(page), time_zone=page["time_zone"], language=page["language"]
    )


def _address(page: dict[str, str]) -> Address:
    return Address(**{name: page[name] for name in Address.__dataclass_fields__})

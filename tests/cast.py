"""The cast: one named account per role, in two partners, one sub-partner and their customers."""

from dataclasses import dataclass

from tenancy.actors import Actor, actor_for
from tenancy.models import AdminUser, Customer, Partner, RoleAssignment
from tenancy.policy import Role
from tests.factories import assign_customer, make_customer, make_partner, new_admin


@dataclass
class Cast:
    """Who is who. `north` is the main partner, `branch` its sub-partner, `south` a stranger."""

    north: Partner
    branch: Partner
    south: Partner
    acme: Customer
    open_acme: Customer
    branch_customer: Customer
    south_customer: Customer
    admins: dict[str, AdminUser]

    def actor(self, who: str, door: str = "ui") -> Actor:
        """The actor that a member of the cast is right now."""
        return actor_for(self.admins[who], door=door)


def make_cast() -> Cast:
    """Make everybody. `acme` is restricted by partner mode, `open_acme` is not."""
    north = make_partner("Northwind Voice")
    branch = make_partner("Branch Reseller", parent=north)
    south = make_partner("Southern Telecom")
    acme = make_customer(north, "Acme Dental", restricted=True)
    open_acme = make_customer(north, "Open Acme", restricted=False)
    branch_customer = make_customer(branch, "Branch Bakery")
    south_customer = make_customer(south, "Southern Bank")
    admins = make_admins(
        {
            "partner_full": (Role.PARTNER_WHOLESALE, north, "Paula Full"),
            "partner_plain": (Role.PARTNER_FULL, north, "Peter Plain"),
            "partner_admin": (Role.PARTNER_ADMIN, north, "Adam Assigned"),
            "partner_readonly": (Role.PARTNER_READONLY, north, "Rita Reader"),
            "helpdesk": (Role.HELPDESK_BASIC, north, "Hugo Helper"),
            "subpartner_full": (Role.PARTNER_WHOLESALE, branch, "Susan Sub"),
            "other_partner_full": (Role.PARTNER_WHOLESALE, south, "Olaf Other"),
            "customer_full": (Role.CUSTOMER_FULL, open_acme, "Carla Full"),
            "customer_restricted": (Role.CUSTOMER_FULL, acme, "Carl Restricted"),
            "customer_readonly": (Role.CUSTOMER_READONLY, acme, "Cora Reader"),
            "customer_support": (Role.CUSTOMER_SUPPORT, acme, "Sid Support"),
            "customer_user_device": (Role.CUSTOMER_USER_DEVICE, acme, "Uma Users"),
            "customer_device": (Role.CUSTOMER_DEVICE, acme, "Dora Devices"),
            "customer_location": (Role.CUSTOMER_LOCATION, acme, "Lou Location"),
            "customer_compliance": (Role.CUSTOMER_COMPLIANCE, acme, "Cleo Compliance"),
            "external_full": (Role.EXTERNAL_FULL, acme, "Ella External"),
            "external_readonly": (Role.EXTERNAL_READONLY, acme, "Erik External"),
            "other_customer_full": (Role.CUSTOMER_FULL, south_customer, "Otto Other"),
        }
    )
    assign_customer(admins["partner_admin"], acme)
    return Cast(north, branch, south, acme, open_acme, branch_customer, south_customer, admins)


def make_admins(people: dict[str, tuple[Role, Partner | Customer, str]]) -> dict[str, AdminUser]:
    """Everybody in two statements: nearly every test begins with the cast."""
    admins = {who: new_admin(name=name) for who, (_role, _place, name) in people.items()}
    AdminUser.objects.bulk_create(admins.values())
    RoleAssignment.objects.bulk_create(
        RoleAssignment(admin=admins[who], role=role, **{"partner" if role.of_partner else "customer": place})
        for who, (role, place, _name) in people.items()
    )
    return admins

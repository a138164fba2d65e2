"""The cast: one named account per role, in two partners, one sub-partner and their customers."""

from dataclasses import dataclass

from tenancy.actors import Actor, actor_for
from tenancy.models import AdminUser, Customer, Partner
from tenancy.policy import Role
from tests.factories import assign_customer, make_customer, make_customer_admin, make_partner, make_partner_admin


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
    admins = {
        "partner_full": make_partner_admin(north, Role.PARTNER_WHOLESALE, name="Paula Full"),
        "partner_plain": make_partner_admin(north, Role.PARTNER_FULL, name="Peter Plain"),
        "partner_admin": make_partner_admin(north, Role.PARTNER_ADMIN, name="Adam Assigned"),
        "partner_readonly": make_partner_admin(north, Role.PARTNER_READONLY, name="Rita Reader"),
        "helpdesk": make_partner_admin(north, Role.HELPDESK_BASIC, name="Hugo Helper"),
        "subpartner_full": make_partner_admin(branch, Role.PARTNER_WHOLESALE, name="Susan Sub"),
        "other_partner_full": make_partner_admin(south, Role.PARTNER_WHOLESALE, name="Olaf Other"),
        "customer_full": make_customer_admin(open_acme, Role.CUSTOMER_FULL, name="Carla Full"),
        "customer_restricted": make_customer_admin(acme, Role.CUSTOMER_FULL, name="Carl Restricted"),
        "customer_readonly": make_customer_admin(acme, Role.CUSTOMER_READONLY, name="Cora Reader"),
        "customer_support": make_customer_admin(acme, Role.CUSTOMER_SUPPORT, name="Sid Support"),
        "customer_user_device": make_customer_admin(acme, Role.CUSTOMER_USER_DEVICE, name="Uma Users"),
        "customer_device": make_customer_admin(acme, Role.CUSTOMER_DEVICE, name="Dora Devices"),
        "customer_location": make_customer_admin(acme, Role.CUSTOMER_LOCATION, name="Lou Location"),
        "customer_compliance": make_customer_admin(acme, Role.CUSTOMER_COMPLIANCE, name="Cleo Compliance"),
        "external_full": make_customer_admin(acme, Role.EXTERNAL_FULL, name="Ella External"),
        "external_readonly": make_customer_admin(acme, Role.EXTERNAL_READONLY, name="Erik External"),
        "other_customer_full": make_customer_admin(south_customer, Role.CUSTOMER_FULL, name="Otto Other"),
    }
    assign_customer(admins["partner_admin"], acme)
    return Cast(north, branch, south, acme, open_acme, branch_customer, south_customer, admins)

"""Who can sign in to the demo portal. One account per role; the password is the same and known to everybody."""

from dataclasses import dataclass

from tenancy.policy import Role

PASSWORD = "Wholesale-Demo-2026"  # noqa: S105  (printed by `up`; demo data is never loaded next to real data)


@dataclass(frozen=True)
class Login:
    """One demo account: `role` is its name in `demo_info --json`; `at` is the partner's or customer's name."""

    role: str
    email: str
    name: str
    grant: Role
    at: str


LOGINS = (
    Login("partner_full", "paula@northwind.example.com", "Paula Pemberton", Role.PARTNER_WHOLESALE, "Northwind Voice"),
    Login("partner_admin", "adam@northwind.example.com", "Adam Ashdown", Role.PARTNER_ADMIN, "Northwind Voice"),
    Login("partner_readonly", "rita@northwind.example.com", "Rita Rosewood", Role.PARTNER_READONLY, "Northwind Voice"),
    Login("helpdesk", "hugo@northwind.example.com", "Hugo Hallmark", Role.HELPDESK_BASIC, "Northwind Voice"),
    Login(
        "helpdesk_advanced", "heidi@northwind.example.com", "Heidi Harker", Role.HELPDESK_ADVANCED, "Northwind Voice"
    ),
    Login("subpartner_full", "susan@harborlink.example.com", "Susan Seaborn", Role.PARTNER_WHOLESALE, "Harborlink"),
    Login(
        "other_partner_full", "olaf@meridian.example.com", "Olaf Overland", Role.PARTNER_WHOLESALE, "Meridian Connect"
    ),
    Login("customer_full", "carla@bluebird.example.com", "Carla Crestwell", Role.CUSTOMER_FULL, "Bluebird Logistics"),
    Login(
        "customer_restricted",
        "carl@acmedental.example.com",
        "Carl Cornerstone",
        Role.CUSTOMER_FULL,
        "Acme Dental Group",
    ),
    Login(
        "customer_readonly",
        "cora@acmedental.example.com",
        "Cora Copperfield",
        Role.CUSTOMER_READONLY,
        "Acme Dental Group",
    ),
    Login(
        "customer_location",
        "lou@acmedental.example.com",
        "Lou Lakeside",
        Role.CUSTOMER_LOCATION,
        "Acme Dental Group",
    ),
    Login("external_full", "ella@consulting.example.com", "Ella Elmwood", Role.EXTERNAL_FULL, "Acme Dental Group"),
)
ADMINISTERED_LOCATION = "Evanston Branch"
ASSIGNED_TO_PARTNER_ADMIN = ("Acme Dental Group", "Bluebird Logistics", "Granite Hotel")

FIRST_NAMES = (
    "Ada Amir Aiko Bela Bruno Cleo Dara Dmitri Edda Elio Faye Felix Gita Goran Hana Hugo Ines Ivo Jada Jonas Kaia Kofi "
    "Lena Lior Mara Milo Nadia Nils Oona Omar Petra Paolo Quinn Rosa Ravi Selma Soren Tala Tariq Uma Viggo Wanda Xenia Yara Zeno"
).split()
LAST_NAMES = (
    "Alderwood Brightwater Copperhill Dunmore Eastbrook Fairweather Glenfield Hawthorn Ironwood Juniper Kingsley Larkspur "
    "Meadows Northgate Oakhurst Pinecrest Quarry Ridgeway Silverton Thornbury Underhill Vineyard Westbrook Yarrow Zephyr"
).split()

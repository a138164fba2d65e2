"""What each scope means in plain words, for whoever is asked to allow it."""

from collections.abc import Iterable

from tenancy.tokens import Scope

WORDS = {
    Scope.CUSTOMERS_READ: "See customers, their packages and limits, and your indirect providers",
    Scope.CUSTOMERS_WRITE: "Create, change and delete customers",
    Scope.SUBSCRIBERS_READ: "See the users of customers and their packages",
    Scope.SUBSCRIBERS_WRITE: "Create, change and delete users of customers, which changes what you pay",
    Scope.REPORTS_READ: "See and download billing reports",
    Scope.REPORTS_WRITE: "Create and delete billing reports",
    Scope.PEOPLE_READ: "See people and their details",
    Scope.PEOPLE_WRITE: "Create, change and delete people",
    Scope.ORGANIZATIONS_READ: "See organizations",
    Scope.ORGANIZATIONS_WRITE: "Change and delete organizations",
    Scope.LICENSES_READ: "See licenses and how many are used",
    Scope.ROLES_READ: "See which administrator roles there are",
    Scope.LOCATIONS_READ: "See locations and their addresses",
    Scope.LOCATIONS_WRITE: "Create and change locations",
    Scope.TELEPHONY_READ: "See calling settings and phone numbers",
    Scope.TELEPHONY_WRITE: "Change calling settings and phone numbers",
    Scope.PSTN_READ: "See how locations are connected to the telephone network",
    Scope.PSTN_WRITE: "Change how locations are connected to the telephone network",
    Scope.DEVICES_READ: "See devices",
    Scope.DEVICES_WRITE: "Add, change and delete devices",
    Scope.AUDIT_READ: "Read the audit log",
    Scope.WEBHOOKS_READ: "See webhooks and what was delivered to them",
    Scope.WEBHOOKS_WRITE: "Create, change and delete webhooks, which tell other systems what happens",
}


def in_words(scopes: Iterable[str]) -> list[str]:
    """Scopes as people read them, in the order of the list of all scopes."""
    asked = set(scopes)
    return [words for scope, words in WORDS.items() if scope in asked]

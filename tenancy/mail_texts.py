"""What mails say, in the reader's language: one file per language, `templates/mails/xx.toml` (domain.md 13.7).

English is the master: a test compares every other file with it, key by key and placeholder by placeholder.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tenancy.places import resolve_locale
from tenancy.policy import Role

FOLDER: Path = settings.BASE_DIR / "templates" / "mails"
ENGLISH = "en"
# What people call a mail, by its kind: pages name the last one.
KINDS = {
    "invitation": "Invitation of the administrator",
    "administrator": "Invitation of an administrator",
    "user_invitation": "Invitation",
    "consent": "Question for consent",
    "attach_consent": "Question for consent to manage the organization",
    "consent_reminder": "Reminder of the question for consent",
    "restricted_on": "Restricted by Partner Mode turned on",
    "restricted_off": "Restricted by Partner Mode turned off",
    "rights_asked": "Request for full rights",
    "verification_code": "Verification code",
    "password_reset": "New password",
    "unknown_account": "No account with this address",
}


@cache
def languages() -> tuple[str, ...]:
    """Languages that mails can be written in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def catalogue(language: str) -> dict[str, Any]:
    """All texts of a language."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def language_of(locale: str, country: str = "") -> str:
    """The language to write in: of the locale (two letters are completed by the country), or English."""
    family = resolve_locale(locale, country)[:2]
    return family if family in languages() else ENGLISH


def role_names(language: str, roles: Iterable[Role]) -> str:
    """Roles as a mail names them."""
    return ", ".join(catalogue(language)["roles"][role.value] for role in roles)


def write(kind: str, *, language: str, words: Mapping[str, Any], then: Iterable[str] = ()) -> tuple[str, str]:
    """Subject and text of a mail. `then` names phrases that follow its own text, such as "sign_in" or "consent.body".

    A `contact` among the words adds whom to ask. Whatever is put in cannot change the text around it.
    """
    texts = catalogue(language)
    phrases = [texts["hello"], texts[kind]["body"], *(_phrase(texts, path) for path in then)]
    phrases += [texts["questions"]] if words.get("contact") else []
    body = "\n\n".join(phrase.strip().format_map(words) for phrase in [*phrases, texts["automatic"]])
    # A line break in a name must not start a header of its own.
    return " ".join(texts[kind]["subject"].format_map(words).split()), body + "\n"


def _phrase(texts: Mapping[str, Any], path: str) -> str:
    table, _, key = path.rpartition(".")
    return texts[table][key] if table else texts[key]

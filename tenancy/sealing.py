"""Secrets that the portal must be able to say again, encrypted with the signing key: a stolen copy of the database tells none.

After a change of SECRET_KEY keep the old one in SECRET_KEY_FALLBACKS; without it, what was sealed cannot be opened.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    """The text encrypted; an empty one stays empty."""
    return _box().encrypt(text.encode()).decode() if text else ""


def opened(sealed: str) -> str | None:
    """What was sealed, or None when no key fits any more."""
    try:
        return _box().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        return None


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    # The signing key is long and random: a derivation by one hash, for this purpose only.
    return base64.urlsafe_b64encode(hashlib.sha256(b"sealing:" + secret.encode()).digest())

"""Settings of the test suite: a cheap password hasher, mail kept in memory, everything else as in production."""

from config.settings import *  # noqa: F403
from config.settings import CACHES, TEMPLATES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SIMULATED_WEBEX_DELAY_MS = 0
SECURE_SSL_REDIRECT = False
CACHES["default"]["KEY_PREFIX"] = "test"
# An undefined variable in a template is a mistake: it shows up as this text, and a test that sees it fails.
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = ""

"""Settings of the test suite: a cheap password hasher, mail kept in memory, everything else as in production."""

from config.settings import *  # noqa: F403
from config.settings import CACHES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SIMULATED_WEBEX_DELAY_MS = 0
SECURE_SSL_REDIRECT = False
CACHES["default"]["KEY_PREFIX"] = "test"

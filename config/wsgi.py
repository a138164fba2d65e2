"""WSGI entry point, served by granian."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# Only after the line above are the apps loaded. WSGI servers run no system checks, so this one is asked for by name.
from config.checks import every_url_declares_its_control  # noqa: E402

if _undeclared := every_url_declares_its_control(None):
    raise ImproperlyConfigured("\n".join(error.msg for error in _undeclared))

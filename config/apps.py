"""Wiring that runs once at start-up."""

from django.apps import AppConfig
from django.core.checks import register

from config import celery
from config.checks import every_url_declares_its_control


class PortalConfig(AppConfig):
    """Registers the start-up checks, and the queue. Named last in INSTALLED_APPS: every app is loaded by then."""

    name = "config"

    def ready(self) -> None:
        register(every_url_declares_its_control)
        # For every thread: otherwise the web's threads ring the bell of Celery's nameless default application.
        celery.app.set_default()

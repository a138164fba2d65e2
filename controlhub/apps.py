from django.apps import AppConfig


class ControlHubConfig(AppConfig):
    """Inside one customer."""

    name = "controlhub"

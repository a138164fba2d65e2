from django.apps import AppConfig


class PartnerHubConfig(AppConfig):
    """Across customers: the partner's view."""

    name = "partnerhub"

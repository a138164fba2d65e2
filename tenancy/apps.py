from django.apps import AppConfig


class TenancyConfig(AppConfig):
    """Who owns what and who may do what."""

    name = "tenancy"

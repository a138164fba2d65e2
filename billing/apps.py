from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What was used, and what it costs."""

    name = "billing"

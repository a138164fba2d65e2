from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """The job ledger: how slow work survives crashes."""

    name = "provisioning"

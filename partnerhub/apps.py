from django.apps import AppConfig


class PartnerHubConfig(AppConfig):
    """Across customers: the partner's view."""

    name = "partnerhub"

    def ready(self) -> None:
        """Tell the job ledger how a customer is set up, and how it ends."""
        from partnerhub.jobs.deleting import DELETION  # noqa: PLC0415
        from partnerhub.jobs.onboarding import ONBOARDING  # noqa: PLC0415  # needs models, which are loaded only now
        from partnerhub.services.deletion import DELETE_CUSTOMER  # noqa: PLC0415
        from partnerhub.services.onboarding import ONBOARD_CUSTOMER  # noqa: PLC0415
        from provisioning.registry import register  # noqa: PLC0415

        register(ONBOARD_CUSTOMER, ONBOARDING)
        register(DELETE_CUSTOMER, DELETION)

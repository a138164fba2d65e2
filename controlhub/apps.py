from django.apps import AppConfig


class ControlHubConfig(AppConfig):
    """Inside one customer: its people, places, numbers, packages."""

    name = "controlhub"

    def ready(self) -> None:
        """Tell the job ledger how people and packages get into the Webex cloud."""
        from controlhub.jobs import (  # noqa: PLC0415  # need models, loaded only now
            administrators,
            devices,
            locations,
            numbers,
            organization,
            queues,
            subscriber_changes,
            subscribers,
            workspaces,
        )
        from provisioning.registry import register  # noqa: PLC0415

        for module in (
            administrators,
            subscribers,
            subscriber_changes,
            locations,
            numbers,
            workspaces,
            devices,
            queues,
            organization,
        ):
            for kind, job_type in module.JOB_TYPES.items():
                register(kind, job_type)

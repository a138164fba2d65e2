from django.apps import AppConfig
from django.conf import settings

from tenancy.policy import RESTRICTIONS, Control


class TenancyConfig(AppConfig):
    """Who owns what and who may do what."""

    name = "tenancy"

    def ready(self) -> None:
        """Take from the policy table the one row that an operator may choose about."""
        if settings.RESTRICTED_EMAIL_EDITABLE:
            RESTRICTIONS.pop(Control.USER_EMAIL, None)

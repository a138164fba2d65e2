"""Customers from before their settings were rows: take over what their onboarding template said."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def inherit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One row per customer that came from a template and has none."""
    settings = apps.get_model("controlhub", "OrganizationSettings")
    origins = apps.get_model("partnerhub", "CustomerOrigin").objects.select_related("template_version")
    for origin in origins.filter(customer__organization_settings=None).iterator():
        version = origin.template_version
        settings.objects.create(
            customer_id=origin.customer_id,
            authentication=version.authentication,
            idp_entity_id=version.idp_entity_id,
            suppress_admin_invite_email=version.suppress_admin_invite_email,
            email_locale=version.email_language,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("partnerhub", "0002_identity_check"),
        ("controlhub", "0011_organization_settings"),
    ]

    operations = [migrations.RunPython(inherit, migrations.RunPython.noop)]

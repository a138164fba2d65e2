"""Billing has to say in which money a subscription is paid."""

from django.db import migrations, models

CURRENCIES = [(code, code) for code in ("AUD", "CAD", "CHF", "EUR", "GBP", "USD")]


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0008_search_by_meeting_site")]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="currency",
            field=models.CharField(max_length=3, choices=CURRENCIES, default="USD", db_default="USD"),
        ),
    ]

"""What happened to one user is asked on every user page; a customer's log may have a million events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0005_launch_entry_and_rights")]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["customer", "target_id", "-created_at", "-id"], name="audit_customer_target"),
        ),
    ]

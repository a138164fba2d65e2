from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0003_guards")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="attached",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="customer",
            name="org_id",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                models.F("org_id"), condition=models.Q(("deleted_at", None)), name="customer_org_id_once"
            ),
        ),
    ]

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0001_tables")]

    operations = [
        migrations.AlterField(
            model_name="provisioningjob",
            name="next_run_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
    ]

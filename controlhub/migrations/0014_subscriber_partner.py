import django.db.models.deletion
from django.db import migrations, models

# Whoever writes a subscriber (a service, COPY, a hand) says only its customer. A partner that does not fit cannot be stored.
PARTNER_FOLLOWS = """
CREATE FUNCTION subscriber_partner_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT partner_id INTO NEW.partner_id FROM tenancy_customer WHERE id = NEW.customer_id;
    RETURN NEW;
END $$;
CREATE TRIGGER subscriber_partner_follows BEFORE INSERT ON controlhub_subscriber
    FOR EACH ROW WHEN (NEW.partner_id IS NULL) EXECUTE FUNCTION subscriber_partner_follows();
ALTER TABLE tenancy_customer ADD CONSTRAINT customer_with_partner UNIQUE (id, partner_id);
ALTER TABLE controlhub_subscriber ADD CONSTRAINT subscriber_of_its_customers_partner
    FOREIGN KEY (customer_id, partner_id) REFERENCES tenancy_customer (id, partner_id) ON UPDATE CASCADE
    DEFERRABLE INITIALLY DEFERRED;
"""
PARTNER_STAYS = """
ALTER TABLE controlhub_subscriber DROP CONSTRAINT subscriber_of_its_customers_partner;
ALTER TABLE tenancy_customer DROP CONSTRAINT customer_with_partner;
DROP TRIGGER subscriber_partner_follows ON controlhub_subscriber;
DROP FUNCTION subscriber_partner_follows();
"""
FILL = """
UPDATE controlhub_subscriber SET partner_id = customer.partner_id
FROM tenancy_customer customer WHERE customer.id = customer_id;
-- What the deferred checks of that update still have to do must be done before the table can be altered.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


def partner(*, null: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="subscribers",
        to="tenancy.partner",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("controlhub", "0013_user_services_and_recording"),
        ("tenancy", "0007_customer_deleted_at"),
    ]

    operations = [
        migrations.AddField("subscriber", "partner", partner(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("subscriber", "partner", partner(null=False)),
        migrations.RunSQL(PARTNER_FOLLOWS, PARTNER_STAYS),
        migrations.AddIndex(
            "subscriber",
            models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["partner", "created_at", "id"],
                name="subscriber_partner_created",
            ),
        ),
        migrations.AddIndex(
            "subscriber",
            models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["partner", "status_changed_at", "id"],
                name="subscriber_partner_changed",
            ),
        ),
    ]

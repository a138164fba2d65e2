from django.db import migrations

# Nothing is billed before a partner's billing start, so moving it over days that are closed would change what was reported
# of them. Until its day closes it may be moved to any other day that is still open.
BILLING_START_STAYS = """
CREATE FUNCTION billing_start_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(billing_lock(NEW.id));
    IF least(OLD.billing_start_on, NEW.billing_start_on)
       <= (SELECT max(day) FROM billing_dayclose WHERE partner_id = NEW.id)
    THEN
        RAISE EXCEPTION 'the billing start date cannot move: its days are closed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'billing_start_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_start_stays BEFORE UPDATE OF billing_start_on ON tenancy_partner
    FOR EACH ROW WHEN (OLD.billing_start_on IS DISTINCT FROM NEW.billing_start_on)
    EXECUTE FUNCTION billing_start_stays();
"""
BILLING_START_MOVES = """
DROP TRIGGER billing_start_stays ON tenancy_partner;
DROP FUNCTION billing_start_stays();
"""


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("billing", "0005_billing_start_stays")]
    dependencies = [("billing", "0003_corrections_stay")]
    operations = [migrations.RunSQL(BILLING_START_STAYS, BILLING_START_MOVES)]

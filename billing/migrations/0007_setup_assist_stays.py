from django.db import migrations

# What a closed day has billed of Setup Assist stays: no order is added to one, taken back in one, or changed in what it
# costs. Writers hold the partner's lock shared until they commit, as with assignments (0002): a day cannot close over an
# order that is still on its way. It lives here because controlhub must not know that billing exists.
STAYS = """
CREATE FUNCTION billing_setup_assist_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_advisory_xact_lock_shared(billing_lock(NEW.partner_id));
    END IF;
    IF TG_OP = 'UPDATE' AND (
        (NEW.partner_id, NEW.customer_id, NEW.location_id, NEW.kind, NEW.seats, NEW.ordered_at)
        IS DISTINCT FROM (OLD.partner_id, OLD.customer_id, OLD.location_id, OLD.kind, OLD.seats, OLD.ordered_at)
        OR OLD.status = 'cancelled'
    ) THEN
        RAISE EXCEPTION 'a Setup Assist order is billed as it was ordered'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    IF (TG_OP <> 'UPDATE' OR NEW.status = 'cancelled') AND EXISTS (
        SELECT 1 FROM billing_dayclose
        WHERE partner_id = coalesce(NEW.partner_id, OLD.partner_id)
          AND day >= (coalesce(NEW.ordered_at, OLD.ordered_at) AT TIME ZONE 'UTC')::date
    ) THEN
        RAISE EXCEPTION 'the Setup Assist of a closed day stays as it is'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER billing_setup_assist_stays BEFORE INSERT OR UPDATE OR DELETE ON controlhub_setupassistorder
    FOR EACH ROW EXECUTE FUNCTION billing_setup_assist_stays();
CREATE TRIGGER billing_setup_assist_is_not_truncated BEFORE TRUNCATE ON controlhub_setupassistorder
    FOR EACH STATEMENT EXECUTE FUNCTION billing_is_not_truncated();
"""
MAY_GO = """
DROP TRIGGER billing_setup_assist_is_not_truncated ON controlhub_setupassistorder;
DROP TRIGGER billing_setup_assist_stays ON controlhub_setupassistorder;
DROP FUNCTION billing_setup_assist_stays();
"""


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("billing", "0012_setup_assist_stays")]
    dependencies = [("billing", "0006_intervals_stay")]
    operations = [migrations.RunSQL(STAYS, MAY_GO)]

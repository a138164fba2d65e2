from django.db import migrations

# What was corrected stays corrected: another correction may follow, this one is never changed.
INSERT_ONLY = """
CREATE FUNCTION billing_corrections_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a correction of usage is never changed: make another one'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'correction_stays';
END $$;
CREATE TRIGGER billing_corrections_stay BEFORE UPDATE OR DELETE ON billing_usagecorrection
    FOR EACH ROW EXECUTE FUNCTION billing_corrections_stay();
CREATE TRIGGER billing_corrections_stay BEFORE UPDATE OR DELETE ON billing_usageadjustment
    FOR EACH ROW EXECUTE FUNCTION billing_corrections_stay();
CREATE TRIGGER billing_corrections_are_not_truncated BEFORE TRUNCATE ON billing_usagecorrection
    FOR EACH STATEMENT EXECUTE FUNCTION billing_corrections_stay();
CREATE TRIGGER billing_corrections_are_not_truncated BEFORE TRUNCATE ON billing_usageadjustment
    FOR EACH STATEMENT EXECUTE FUNCTION billing_corrections_stay();
"""
NOT_INSERT_ONLY = """
DROP TRIGGER billing_corrections_are_not_truncated ON billing_usageadjustment;
DROP TRIGGER billing_corrections_are_not_truncated ON billing_usagecorrection;
DROP TRIGGER billing_corrections_stay ON billing_usageadjustment;
DROP TRIGGER billing_corrections_stay ON billing_usagecorrection;
DROP FUNCTION billing_corrections_stay();
"""

# Booked on an open day, so that what was reported of closed days stays true. The same lock as assignments take: no
# adjustment can slip into a day while it closes. And not on a day to come, which would be open for long.
ON_AN_OPEN_DAY = """
CREATE FUNCTION billing_adjusts_on_an_open_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(billing_lock(partner_id))
        FROM (SELECT DISTINCT partner_id FROM added ORDER BY partner_id) partners;
    IF EXISTS (
        SELECT 1 FROM (
            SELECT partner_id, min(made_on) AS first, max(made_on) AS last FROM added GROUP BY partner_id
        ) made
        WHERE made.first <= (SELECT max(day) FROM billing_dayclose WHERE partner_id = made.partner_id)
           OR made.last > (clock_timestamp() AT TIME ZONE 'UTC')::date
    ) THEN
        RAISE EXCEPTION 'an adjustment is made on a day that is still open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_adjusts_on_an_open_day AFTER INSERT ON billing_usageadjustment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_adjusts_on_an_open_day();
"""
ON_ANY_DAY = """
DROP TRIGGER billing_adjusts_on_an_open_day ON billing_usageadjustment;
DROP FUNCTION billing_adjusts_on_an_open_day();
"""


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("billing", "0004_corrections_stay")]
    dependencies = [("billing", "0002_closed_days_stay")]
    operations = [
        migrations.RunSQL(INSERT_ONLY, NOT_INSERT_ONLY),
        migrations.RunSQL(ON_AN_OPEN_DAY, ON_ANY_DAY),
    ]

from django.db import migrations

# What is billed never changes: ledger rows and closed days are only ever added.
INSERT_ONLY = """
CREATE FUNCTION billing_is_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'usage of % is closed: it is corrected by an adjustment, never changed', OLD.day
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
END $$;
CREATE TRIGGER billing_is_insert_only BEFORE UPDATE OR DELETE ON billing_usageday
    FOR EACH ROW EXECUTE FUNCTION billing_is_insert_only();
CREATE TRIGGER billing_is_insert_only BEFORE UPDATE OR DELETE ON billing_partnerusageday
    FOR EACH ROW EXECUTE FUNCTION billing_is_insert_only();
CREATE TRIGGER billing_is_insert_only BEFORE UPDATE OR DELETE ON billing_dayclose
    FOR EACH ROW EXECUTE FUNCTION billing_is_insert_only();
CREATE FUNCTION billing_is_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'closed usage is never removed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
END $$;
CREATE TRIGGER billing_is_not_truncated BEFORE TRUNCATE ON billing_usageday
    FOR EACH STATEMENT EXECUTE FUNCTION billing_is_not_truncated();
CREATE TRIGGER billing_is_not_truncated BEFORE TRUNCATE ON billing_partnerusageday
    FOR EACH STATEMENT EXECUTE FUNCTION billing_is_not_truncated();
CREATE TRIGGER billing_is_not_truncated BEFORE TRUNCATE ON billing_dayclose
    FOR EACH STATEMENT EXECUTE FUNCTION billing_is_not_truncated();
"""
NOT_INSERT_ONLY = """
DROP TRIGGER billing_is_not_truncated ON billing_dayclose;
DROP TRIGGER billing_is_not_truncated ON billing_partnerusageday;
DROP TRIGGER billing_is_not_truncated ON billing_usageday;
DROP FUNCTION billing_is_not_truncated();
DROP TRIGGER billing_is_insert_only ON billing_dayclose;
DROP TRIGGER billing_is_insert_only ON billing_partnerusageday;
DROP TRIGGER billing_is_insert_only ON billing_usageday;
DROP FUNCTION billing_is_insert_only();
"""

# Nor does a closed day get another row. Once per statement, so that a night of 100,000 rows pays for one check.
NO_LATE_ROWS = """
CREATE FUNCTION billing_day_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT partner_id, min(day) AS day FROM added GROUP BY partner_id) first
        WHERE first.day <= (SELECT max(day) FROM billing_dayclose WHERE partner_id = first.partner_id)
    ) THEN
        RAISE EXCEPTION 'usage rows cannot be added to a closed day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_day_is_open AFTER INSERT ON billing_usageday
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_day_is_open();
CREATE TRIGGER billing_day_is_open AFTER INSERT ON billing_partnerusageday
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_day_is_open();
"""
LATE_ROWS = """
DROP TRIGGER billing_day_is_open ON billing_partnerusageday;
DROP TRIGGER billing_day_is_open ON billing_usageday;
DROP FUNCTION billing_day_is_open();
"""

# Days close in order, without gaps, and only when they are over by the database's own clock.
IN_ORDER = """
CREATE FUNCTION billing_days_close_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.day >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION 'the day % is not over', NEW.day USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.day <> (SELECT max(day) + 1 FROM billing_dayclose WHERE partner_id = NEW.partner_id) THEN
        RAISE EXCEPTION 'days close one after the other, % is not the next', NEW.day USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_days_close_in_order BEFORE INSERT ON billing_dayclose
    FOR EACH ROW EXECUTE FUNCTION billing_days_close_in_order();
"""
ANY_ORDER = """
DROP TRIGGER billing_days_close_in_order ON billing_dayclose;
DROP FUNCTION billing_days_close_in_order();
"""

# An assignment may neither start nor end inside a closed day. Writers hold the partner's lock shared until they commit, and
# whoever closes a day holds it alone: so a day cannot close over a change that is still on its way. It lives here because
# controlhub must not know that billing exists.
NO_LATE_CHANGES = """
CREATE FUNCTION billing_lock(partner bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT hashtextextended('billing.days:' || partner, 0) $$;

CREATE FUNCTION billing_no_late_start() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(billing_lock(partner_id))
        FROM (SELECT DISTINCT partner_id FROM changed ORDER BY partner_id) partners;
    IF EXISTS (
        SELECT 1 FROM (SELECT partner_id, min(started_at) AS at FROM changed GROUP BY partner_id) first
        WHERE (first.at AT TIME ZONE 'UTC')::date
              <= (SELECT max(day) FROM billing_dayclose WHERE partner_id = first.partner_id)
    ) THEN
        RAISE EXCEPTION 'an assignment cannot start in a closed day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_no_late_start AFTER INSERT ON controlhub_packageassignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_no_late_start();

CREATE FUNCTION billing_no_late_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(billing_lock(partner_id))
        FROM (SELECT DISTINCT partner_id FROM changed ORDER BY partner_id) partners;
    IF EXISTS (
        SELECT 1 FROM (
            SELECT changed.partner_id, min(changed.ended_at) AS at FROM changed JOIN before USING (id)
            WHERE before.ended_at IS NULL GROUP BY changed.partner_id
        ) first
        WHERE (first.at AT TIME ZONE 'UTC')::date
              <= (SELECT max(day) FROM billing_dayclose WHERE partner_id = first.partner_id)
    ) THEN
        RAISE EXCEPTION 'an assignment cannot end in a closed day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_day_stays';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_no_late_end AFTER UPDATE ON controlhub_packageassignment
    REFERENCING NEW TABLE AS changed OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION billing_no_late_end();
"""
LATE_CHANGES = """
DROP TRIGGER billing_no_late_end ON controlhub_packageassignment;
DROP FUNCTION billing_no_late_end();
DROP TRIGGER billing_no_late_start ON controlhub_packageassignment;
DROP FUNCTION billing_no_late_start();
DROP FUNCTION billing_lock(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_tables"), ("controlhub", "0002_guards")]
    operations = [
        migrations.RunSQL(INSERT_ONLY, NOT_INSERT_ONLY),
        migrations.RunSQL(NO_LATE_ROWS, LATE_ROWS),
        migrations.RunSQL(IN_ORDER, ANY_ORDER),
        migrations.RunSQL(NO_LATE_CHANGES, LATE_CHANGES),
    ]

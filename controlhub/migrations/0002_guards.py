from django.db import migrations

# Usage is exact whole seconds (performance.md section 1), so an interval may not start or end inside one.
WHOLE_SECONDS = """
ALTER TABLE controlhub_packageassignment ADD CONSTRAINT assignment_whole_seconds CHECK (
    date_trunc('second', started_at) = started_at AND (ended_at IS NULL OR date_trunc('second', ended_at) = ended_at)
);
"""
ANY_TIME = "ALTER TABLE controlhub_packageassignment DROP CONSTRAINT assignment_whole_seconds;"

# History is what the partner pays by: an assignment is never deleted, and its facts never change; it can only end.
FACTS_STAY = """
CREATE FUNCTION assignment_facts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'package assignments are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.partner_id, NEW.customer_id, NEW.location_id, NEW.subscriber_id, NEW.workspace_id, NEW.package, NEW.is_base, NEW.started_at)
        IS DISTINCT FROM
       (OLD.partner_id, OLD.customer_id, OLD.location_id, OLD.subscriber_id, OLD.workspace_id, OLD.package, OLD.is_base, OLD.started_at)
       OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
    THEN
        RAISE EXCEPTION 'a package assignment can only be ended, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assignment_facts_stay BEFORE UPDATE OR DELETE ON controlhub_packageassignment
    FOR EACH ROW EXECUTE FUNCTION assignment_facts_stay();
"""
FACTS_MOVE = """
DROP TRIGGER assignment_facts_stay ON controlhub_packageassignment;
DROP FUNCTION assignment_facts_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("controlhub", "0001_customer_facts")]
    operations = [
        migrations.RunSQL(WHOLE_SECONDS, ANY_TIME),
        migrations.RunSQL(FACTS_STAY, FACTS_MOVE),
    ]

from django.db import migrations

# Who had a number from when to when. A trigger, because many deeds give and take numbers (a new user, another package, a
# deleted user, a workspace): none of them can forget it. The clock never runs backwards for one number.
HISTORY_FOLLOWS = """
CREATE FUNCTION number_ownership_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.subscriber_id, NEW.workspace_id, NEW.location_id)
        IS NOT DISTINCT FROM (OLD.subscriber_id, OLD.workspace_id, OLD.location_id)
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE controlhub_numberownership SET ended_at = greatest(moment, started_at)
        WHERE e164 = OLD.e164 AND ended_at IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' AND (NEW.subscriber_id IS NOT NULL OR NEW.workspace_id IS NOT NULL) THEN
        INSERT INTO controlhub_numberownership (customer_id, location_id, e164, subscriber_id, workspace_id, started_at)
        SELECT NEW.customer_id, NEW.location_id, NEW.e164, NEW.subscriber_id, NEW.workspace_id,
               greatest(moment, max(ended_at))
        FROM controlhub_numberownership WHERE e164 = NEW.e164;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER number_ownership_follows
    AFTER INSERT OR DELETE OR UPDATE OF subscriber_id, workspace_id, location_id ON controlhub_phonenumber
    FOR EACH ROW EXECUTE FUNCTION number_ownership_follows();
INSERT INTO controlhub_numberownership (customer_id, location_id, e164, subscriber_id, workspace_id, started_at)
SELECT customer_id, location_id, e164, subscriber_id, workspace_id, created_at FROM controlhub_phonenumber
WHERE subscriber_id IS NOT NULL OR workspace_id IS NOT NULL;
"""
HISTORY_ENDS = """
DROP TRIGGER number_ownership_follows ON controlhub_phonenumber;
DROP FUNCTION number_ownership_follows();
"""

HISTORY_STAYS = """
CREATE FUNCTION number_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the history of a number is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.customer_id, NEW.location_id, NEW.e164, NEW.subscriber_id, NEW.workspace_id, NEW.started_at)
        IS DISTINCT FROM (OLD.customer_id, OLD.location_id, OLD.e164, OLD.subscriber_id, OLD.workspace_id, OLD.started_at)
       OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
    THEN
        RAISE EXCEPTION 'the history of a number can only be ended, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER number_history_stays BEFORE UPDATE OR DELETE ON controlhub_numberownership
    FOR EACH ROW EXECUTE FUNCTION number_history_stays();
"""
HISTORY_MOVES = """
DROP TRIGGER number_history_stays ON controlhub_numberownership;
DROP FUNCTION number_history_stays();
"""

# A deleted location keeps its row for history and bills. Whoever moves in at the same moment waits for the deletion, and
# is then refused; a foreign key alone would let him in.
LOCATION_LIVES = """
CREATE FUNCTION location_lives() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM controlhub_location WHERE id = NEW.location_id AND deleted_at IS NULL FOR KEY SHARE;
    IF NEW.location_id IS NOT NULL AND NOT FOUND THEN
        RAISE EXCEPTION 'the location has been deleted'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'location_lives';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER location_lives BEFORE INSERT OR UPDATE OF location_id ON controlhub_phonenumber
    FOR EACH ROW EXECUTE FUNCTION location_lives();
CREATE TRIGGER location_lives BEFORE INSERT OR UPDATE OF location_id ON controlhub_subscriber
    FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION location_lives();
CREATE TRIGGER location_lives BEFORE INSERT OR UPDATE OF location_id ON controlhub_workspace
    FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION location_lives();
"""
LOCATION_DIES = """
DROP TRIGGER location_lives ON controlhub_phonenumber;
DROP TRIGGER location_lives ON controlhub_subscriber;
DROP TRIGGER location_lives ON controlhub_workspace;
DROP FUNCTION location_lives();
"""


class Migration(migrations.Migration):
    dependencies = [("controlhub", "0005_places_and_numbers")]
    operations = [
        migrations.RunSQL(HISTORY_FOLLOWS, HISTORY_ENDS),
        migrations.RunSQL(HISTORY_STAYS, HISTORY_MOVES),
        migrations.RunSQL(LOCATION_LIVES, LOCATION_DIES),
    ]

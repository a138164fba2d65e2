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

# Who had a number from when to when. A trigger, because many deeds give and take numbers (a new user, another package, a
# deleted user, a workspace): none of them can forget it. The clock never runs backwards for one number.
HISTORY_FOLLOWS = """
CREATE FUNCTION number_ownership_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.subscriber_id, NEW.workspace_id, NEW.queue_id, NEW.location_id)
        IS NOT DISTINCT FROM (OLD.subscriber_id, OLD.workspace_id, OLD.queue_id, OLD.location_id)
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE controlhub_numberownership SET ended_at = greatest(moment, started_at)
        WHERE e164 = OLD.e164 AND ended_at IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' AND num_nonnulls(NEW.subscriber_id, NEW.workspace_id, NEW.queue_id) > 0 THEN
        INSERT INTO controlhub_numberownership
            (customer_id, location_id, e164, subscriber_id, workspace_id, queue_id, started_at)
        SELECT NEW.customer_id, NEW.location_id, NEW.e164, NEW.subscriber_id, NEW.workspace_id, NEW.queue_id,
               greatest(moment, max(ended_at))
        FROM controlhub_numberownership WHERE e164 = NEW.e164;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER number_ownership_follows
    AFTER INSERT OR DELETE OR UPDATE OF subscriber_id, workspace_id, queue_id, location_id ON controlhub_phonenumber
    FOR EACH ROW EXECUTE FUNCTION number_ownership_follows();
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
    IF (NEW.customer_id, NEW.location_id, NEW.e164, NEW.subscriber_id, NEW.workspace_id, NEW.queue_id, NEW.started_at)
        IS DISTINCT FROM
        (OLD.customer_id, OLD.location_id, OLD.e164, OLD.subscriber_id, OLD.workspace_id, OLD.queue_id, OLD.started_at)
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
CREATE TRIGGER location_lives BEFORE INSERT OR UPDATE OF location_id ON controlhub_callqueue
    FOR EACH ROW EXECUTE FUNCTION location_lives();
"""
LOCATION_DIES = """
DROP TRIGGER location_lives ON controlhub_phonenumber;
DROP TRIGGER location_lives ON controlhub_subscriber;
DROP TRIGGER location_lives ON controlhub_workspace;
DROP TRIGGER location_lives ON controlhub_callqueue;
DROP FUNCTION location_lives();
"""

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

# Users, workspaces and call queues each carry their extension. One table beside them, kept by a trigger, lets one
# constraint see all three; the database refuses what two requests at the same time could otherwise both find free.
EXTENSIONS_FOLLOW = """
CREATE FUNCTION extension_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := TG_ARGV[0];
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.extension, NEW.location_id, NEW.deleted_at)
        IS NOT DISTINCT FROM (OLD.extension, OLD.location_id, OLD.deleted_at)
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('DELETE FROM controlhub_extension WHERE %I = $1', owner) USING OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.extension <> '' AND NEW.location_id IS NOT NULL AND NEW.deleted_at IS NULL THEN
        EXECUTE format('INSERT INTO controlhub_extension (location_id, digits, %I) VALUES ($1, $2, $3)', owner)
        USING NEW.location_id, NEW.extension, NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER extension_follows
    AFTER INSERT OR DELETE OR UPDATE OF extension, location_id, deleted_at ON controlhub_subscriber
    FOR EACH ROW EXECUTE FUNCTION extension_follows('subscriber_id');
CREATE TRIGGER extension_follows
    AFTER INSERT OR DELETE OR UPDATE OF extension, location_id, deleted_at ON controlhub_workspace
    FOR EACH ROW EXECUTE FUNCTION extension_follows('workspace_id');
CREATE TRIGGER extension_follows
    AFTER INSERT OR DELETE OR UPDATE OF extension, location_id, deleted_at ON controlhub_callqueue
    FOR EACH ROW EXECUTE FUNCTION extension_follows('queue_id');
"""
EXTENSIONS_STAY = """
DROP TRIGGER extension_follows ON controlhub_subscriber;
DROP TRIGGER extension_follows ON controlhub_workspace;
DROP TRIGGER extension_follows ON controlhub_callqueue;
DROP FUNCTION extension_follows();
"""


class Migration(migrations.Migration):
    dependencies = [("controlhub", "0001_tables"), ("tenancy", "0003_guards")]
    operations = [
        migrations.RunSQL(WHOLE_SECONDS, ANY_TIME),
        migrations.RunSQL(FACTS_STAY, FACTS_MOVE),
        migrations.RunSQL(HISTORY_FOLLOWS, HISTORY_ENDS),
        migrations.RunSQL(HISTORY_STAYS, HISTORY_MOVES),
        migrations.RunSQL(LOCATION_LIVES, LOCATION_DIES),
        migrations.RunSQL(PARTNER_FOLLOWS, PARTNER_STAYS),
        migrations.RunSQL(EXTENSIONS_FOLLOW, EXTENSIONS_STAY),
    ]

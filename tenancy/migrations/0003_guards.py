from django.db import migrations

AUDIT_IS_INSERT_ONLY = """
CREATE FUNCTION audit_is_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are insert-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_is_insert_only BEFORE UPDATE OR DELETE ON tenancy_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_is_insert_only();
CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON tenancy_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_insert_only();
"""
NO_AUDIT_GUARD = """
DROP TRIGGER audit_is_not_truncated ON tenancy_auditevent;
DROP TRIGGER audit_is_insert_only ON tenancy_auditevent;
DROP FUNCTION audit_is_insert_only();
"""

# A sub-partner has no sub-partners (domain.md 7.7): neither may a parent get a parent, nor a child get children.
ONE_LEVEL = """
CREATE FUNCTION partner_is_one_level_deep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_id IS NOT NULL AND (
        EXISTS (SELECT 1 FROM tenancy_partner WHERE id = NEW.parent_id AND parent_id IS NOT NULL)
        OR EXISTS (SELECT 1 FROM tenancy_partner WHERE parent_id = NEW.id)
    ) THEN
        RAISE EXCEPTION 'a sub-partner has no sub-partners' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER partner_is_one_level_deep BEFORE INSERT OR UPDATE OF parent_id ON tenancy_partner
    FOR EACH ROW EXECUTE FUNCTION partner_is_one_level_deep();
"""
NO_LEVEL_GUARD = """
DROP TRIGGER partner_is_one_level_deep ON tenancy_partner;
DROP FUNCTION partner_is_one_level_deep();
"""


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("tenancy", "0002_guards")]
    dependencies = [("tenancy", "0002_integrations")]
    operations = [
        migrations.RunSQL(AUDIT_IS_INSERT_ONLY, NO_AUDIT_GUARD),
        migrations.RunSQL(ONE_LEVEL, NO_LEVEL_GUARD),
    ]

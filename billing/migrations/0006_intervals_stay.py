from django.db import migrations

# The rows that closed days have read cannot be updated or deleted (controlhub.0002); nor be removed all together.
NOT_TRUNCATED = """
CREATE TRIGGER billing_intervals_are_not_truncated BEFORE TRUNCATE ON controlhub_packageassignment
    FOR EACH STATEMENT EXECUTE FUNCTION billing_is_not_truncated();
"""
TRUNCATED = "DROP TRIGGER billing_intervals_are_not_truncated ON controlhub_packageassignment;"


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("billing", "0009_intervals_stay")]
    dependencies = [("billing", "0005_invoices_stay")]
    operations = [migrations.RunSQL(NOT_TRUNCATED, TRUNCATED)]

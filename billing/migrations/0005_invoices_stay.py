from django.db import migrations

# What is issued never changes.
ISSUED_STAYS = """
CREATE FUNCTION billing_invoices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued invoice is never changed: what was wrong is corrected on a later one'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_stays';
END $$;
CREATE TRIGGER billing_invoices_stay BEFORE UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_invoices_stay();
CREATE TRIGGER billing_invoices_stay BEFORE UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_invoices_stay();
CREATE TRIGGER billing_invoices_are_not_truncated BEFORE TRUNCATE ON billing_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION billing_invoices_stay();
CREATE TRIGGER billing_invoices_are_not_truncated BEFORE TRUNCATE ON billing_invoiceline
    FOR EACH STATEMENT EXECUTE FUNCTION billing_invoices_stay();
"""
ISSUED_CHANGES = """
DROP TRIGGER billing_invoices_are_not_truncated ON billing_invoiceline;
DROP TRIGGER billing_invoices_are_not_truncated ON billing_invoice;
DROP TRIGGER billing_invoices_stay ON billing_invoiceline;
DROP TRIGGER billing_invoices_stay ON billing_invoice;
DROP FUNCTION billing_invoices_stay();
"""

# Numbers follow each other without a gap, and so do months.
IN_ORDER = """
CREATE FUNCTION billing_invoices_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last billing_invoice%ROWTYPE;
BEGIN
    SELECT * INTO last FROM billing_invoice WHERE partner_id = NEW.partner_id ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 THEN
        RAISE EXCEPTION 'invoice numbers have no gaps: % is not the next', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.month <= last.month THEN
        RAISE EXCEPTION 'months are invoiced one after the other, % is not later', NEW.month
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_invoices_in_order BEFORE INSERT ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_invoices_in_order();
"""
ANY_ORDER = """
DROP TRIGGER billing_invoices_in_order ON billing_invoice;
DROP FUNCTION billing_invoices_in_order();
"""

# An invoice gets all its lines in one statement, and they come to what its head says. So none can be added later.
WHOLE = """
CREATE FUNCTION billing_invoice_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM billing_invoice invoice
        JOIN (SELECT invoice_id, count(*) AS lines, sum(amount) AS amount FROM added GROUP BY invoice_id) sums
          ON sums.invoice_id = invoice.id
        WHERE sums.lines <> invoice.line_count OR sums.amount <> invoice.total
           OR (SELECT count(*) FROM billing_invoiceline line WHERE line.invoice_id = invoice.id) <> invoice.line_count
    ) THEN
        RAISE EXCEPTION 'an invoice has the lines that its head says, all at once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_stays';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_invoice_is_whole AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_invoice_is_whole();
"""
IN_PARTS = """
DROP TRIGGER billing_invoice_is_whole ON billing_invoiceline;
DROP FUNCTION billing_invoice_is_whole();
"""

# A price that was invoiced may only be ended, after the last day invoiced with it. The row is locked before this runs, and
# whoever issues holds it FOR SHARE: so no line can appear between this look and the change.
PRICES_STAY = """
CREATE FUNCTION billing_invoiced_prices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    invoiced date := (SELECT max(last_on) FROM billing_invoiceline WHERE entry_id = OLD.id);
BEGIN
    IF invoiced IS NOT NULL AND (
        TG_OP = 'DELETE' OR NEW.valid_until <= invoiced
        OR (NEW.partner_id, NEW.item, NEW.sku, NEW.description, NEW.price, NEW.valid_from)
           IS DISTINCT FROM (OLD.partner_id, OLD.item, OLD.sku, OLD.description, OLD.price, OLD.valid_from)
    ) THEN
        RAISE EXCEPTION 'invoices until % used this price', invoiced
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoiced_price_stays';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER billing_invoiced_prices_stay BEFORE UPDATE OR DELETE ON billing_pricebookentry
    FOR EACH ROW EXECUTE FUNCTION billing_invoiced_prices_stay();

CREATE FUNCTION billing_currency_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_pricebookentry WHERE partner_id = OLD.id)
       OR EXISTS (SELECT 1 FROM billing_invoice WHERE partner_id = OLD.id) THEN
        RAISE EXCEPTION 'prices and invoices of this partner are in %', OLD.currency
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'currency_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_currency_stays BEFORE UPDATE OF currency ON tenancy_partner
    FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION billing_currency_stays();
"""
PRICES_CHANGE = """
DROP TRIGGER billing_currency_stays ON tenancy_partner;
DROP FUNCTION billing_currency_stays();
DROP TRIGGER billing_invoiced_prices_stay ON billing_pricebookentry;
DROP FUNCTION billing_invoiced_prices_stay();
"""


class Migration(migrations.Migration):
    # What had been applied before the migrations of 0.1.0 were put together.
    replaces = [("billing", "0008_invoices_stay")]
    dependencies = [("billing", "0004_billing_start_stays")]
    operations = [
        migrations.RunSQL(ISSUED_STAYS, ISSUED_CHANGES),
        migrations.RunSQL(IN_ORDER, ANY_ORDER),
        migrations.RunSQL(WHOLE, IN_PARTS),
        migrations.RunSQL(PRICES_STAY, PRICES_CHANGE),
    ]

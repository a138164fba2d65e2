"""The SQL that lays two files side by side. The lines of both are in a temporary table that ends with the transaction."""

# Dropped at the end of the transaction; if one transaction compares twice, before the second time.
STAGE = """
DROP TABLE IF EXISTS pg_temp.reconciliation_line, pg_temp.reconciliation_key;
CREATE TEMPORARY TABLE reconciliation_line (
    ours boolean NOT NULL,
    service text NOT NULL,
    org_id text NOT NULL,
    external_id text NOT NULL,
    subscriber_id text NOT NULL,
    user_id text NOT NULL,
    workspace_id text NOT NULL,
    starts_on date,
    ends_on date,
    quantity numeric NOT NULL,
    tolerance numeric NOT NULL,
    adjustment boolean NOT NULL
) ON COMMIT DROP
"""
COPY = "COPY reconciliation_line FROM STDIN"
TOTALS = "SELECT ours, count(*), coalesce(sum(quantity), 0) FROM reconciliation_line GROUP BY ours"

# Whom a line is about. An organization is known by its id or by the partner's own id; a person by either of two ids. What is
# not known keeps the file's own words as its key, so that two strangers stay two. An organization that became a customer
# again is one: the customer of now, or the last one.
RESOLVE = """
CREATE TEMPORARY TABLE reconciliation_key ON COMMIT DROP AS
SELECT line.ours, line.service, customer.id AS customer_id, subscriber.id AS subscriber_id, workspace.id AS workspace_id,
       coalesce(customer.id::text, nullif(line.external_id, ''), line.org_id) AS customer_key,
       coalesce('s' || subscriber.id, 'w' || workspace.id,
                nullif(line.user_id, ''), nullif(line.subscriber_id, ''), line.workspace_id) AS subject_key,
       coalesce(customer.name, nullif(line.external_id, ''), line.org_id) AS customer_label,
       coalesce(subscriber.first_name || ' ' || subscriber.last_name, workspace.name,
                nullif(line.user_id, ''), nullif(line.subscriber_id, ''), line.workspace_id) AS subject_label,
       line.starts_on, line.ends_on, line.quantity, line.tolerance, line.adjustment
FROM reconciliation_line line
LEFT JOIN (SELECT DISTINCT ON (coalesce(org_id, public_id)) id, name, org_id, external_id, deleted_at
           FROM tenancy_customer WHERE partner_id = ANY(%(partners)s)
           ORDER BY coalesce(org_id, public_id), deleted_at DESC NULLS FIRST, id DESC) customer
       ON CASE WHEN line.org_id <> '' THEN customer.org_id::text = line.org_id
               ELSE line.external_id <> '' AND customer.external_id = line.external_id AND customer.deleted_at IS NULL END
LEFT JOIN controlhub_subscriber subscriber
       ON subscriber.customer_id = customer.id
      AND CASE WHEN line.subscriber_id <> '' THEN subscriber.public_id::text = line.subscriber_id
               ELSE line.user_id <> '' AND subscriber.person_id::text = line.user_id END
LEFT JOIN controlhub_workspace workspace
       ON workspace.customer_id = customer.id AND line.workspace_id <> '' AND workspace.public_id::text = line.workspace_id
"""

_SIDE = """
    SELECT service, customer_key, subject_key,
           min(customer_id) AS customer_id, min(subscriber_id) AS subscriber_id, min(workspace_id) AS workspace_id,
           min(customer_label) AS customer_label, min(subject_label) AS subject_label,
           min(starts_on) AS starts_on, max(ends_on) AS ends_on, count(*) AS lines, sum(tolerance) AS tolerance,
           sum(quantity) AS quantity, coalesce(sum(quantity) FILTER (WHERE adjustment), 0) AS adjusted
    FROM reconciliation_key WHERE ours = {} GROUP BY service, customer_key, subject_key
"""
_JOINED = f"""
FROM ({_SIDE.format("true")}) ours
FULL JOIN ({_SIDE.format("false")}) theirs USING (service, customer_key, subject_key)
"""
_AGREE = """
abs(coalesce(ours.quantity, 0) - coalesce(theirs.quantity, 0))
    <= coalesce(ours.tolerance, 0) + coalesce(theirs.tolerance, 0)
"""
COUNT = f"SELECT count(*) FILTER (WHERE {_AGREE}), count(*) FILTER (WHERE NOT ({_AGREE})) {_JOINED}"
DIFFERING = f"""
SELECT service, customer_key, subject_key,
       coalesce(ours.customer_id, theirs.customer_id), coalesce(ours.subscriber_id, theirs.subscriber_id),
       coalesce(ours.workspace_id, theirs.workspace_id),
       coalesce(ours.customer_label, theirs.customer_label, ''),
       coalesce(ours.subject_label, theirs.subject_label, ''),
       ours.quantity, ours.adjusted, ours.starts_on, ours.ends_on, ours.lines,
       theirs.quantity, theirs.starts_on, theirs.ends_on, theirs.lines,
       coalesce(ours.tolerance, 0) + coalesce(theirs.tolerance, 0)
{_JOINED}
WHERE NOT ({_AGREE})
ORDER BY coalesce(ours.customer_label, theirs.customer_label), customer_key, subject_key, service
LIMIT %(most)s
"""

"""What must always hold in the tenancy app, as SQL that returns the rows that break it (reliability-security.md 3.1)."""

INVARIANTS = [
    (
        "I11",
        "each tenant's audit chain is as long as its head says, without gaps",
        """
        SELECT chain.tenant, chain.length, count(event.id) AS events
        FROM tenancy_auditchain chain LEFT JOIN tenancy_auditevent event USING (tenant)
        GROUP BY chain.tenant, chain.length
        HAVING count(event.id) <> chain.length OR coalesce(max(event.number), 0) <> chain.length
        """,
    ),
    (
        "I11b",
        "each audit event carries the hash of the one before it",
        """
        SELECT tenant, number FROM (
            SELECT tenant, number, previous_hash,
                   lag(hash, 1, repeat('0', 64)) OVER (PARTITION BY tenant ORDER BY number) AS expected
            FROM tenancy_auditevent
        ) linked WHERE previous_hash <> expected
        """,
    ),
    (
        "T1",
        "a partner's customer count is the number of its customers",
        """
        SELECT partner.id, partner.name, partner.customer_count, count(customer.id) AS customers
        FROM tenancy_partner partner LEFT JOIN tenancy_customer customer ON customer.partner_id = partner.id
        GROUP BY partner.id HAVING partner.customer_count <> count(customer.id)
        """,
    ),
]

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
    (
        "T2",
        "an integration's token is its authorization's person's or its owner's, and reaches no further than its partner",
        """
        SELECT token.id, token.public_id
        FROM tenancy_apitoken token
        JOIN tenancy_integration integration ON integration.client_ptr_id = token.integration_id
        LEFT JOIN tenancy_authorization given ON given.id = token.authorization_id
        WHERE token.within_id <> integration.partner_id
           OR token.admin_id <> coalesce(given.admin_id, integration.admin_id)
           OR given.integration_id <> token.integration_id
           OR (token.revoked_at IS NULL AND (integration.revoked_at IS NOT NULL OR given.revoked_at IS NOT NULL))
        """,
    ),
]

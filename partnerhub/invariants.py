"""What must always hold in Partner Hub, as SQL that returns the rows that break it."""

INVARIANTS = [
    (
        "P1",
        "each template's current version is one of its own",
        """
        SELECT template.id, template.name
        FROM partnerhub_onboardingtemplate template
        LEFT JOIN partnerhub_templateversion version
          ON version.id = template.current_version_id AND version.template_id = template.id
        WHERE version.id IS NULL
        """,
    ),
    (
        "P2",
        "each customer made by the wizard knows its template version of its own partner",
        """
        SELECT customer.id, customer.name
        FROM partnerhub_customerorigin origin
        JOIN tenancy_customer customer ON customer.id = origin.customer_id
        JOIN partnerhub_templateversion version ON version.id = origin.template_version_id
        JOIN partnerhub_onboardingtemplate template ON template.id = version.template_id
        WHERE template.partner_id <> customer.partner_id
        """,
    ),
    (
        "P3",
        "an attached customer has its attachment and its organisation, no other customer has one, and consent was asked where needed",
        """
        SELECT customer.id, customer.name
        FROM tenancy_customer customer
        LEFT JOIN partnerhub_organizationattachment attachment ON attachment.customer_id = customer.id
        WHERE customer.attached <> (attachment.id IS NOT NULL)
           OR (attachment.id IS NOT NULL AND customer.org_id <> attachment.org_id)
           OR (attachment.state = 'attached' AND customer.org_id IS NULL)
           OR (attachment.decision = 'consent' AND customer.org_id IS NOT NULL AND attachment.answered_at IS NULL)
        """,
    ),
]

"""What must always hold around provisioning, as SQL that returns the rows that break it (reliability-security.md 3.1).

I12 and I13 look into tables of controlhub as well: they say what a provisioning job has to leave behind there.
"""

INVARIANTS = [
    (
        "I1",
        "a customer that was ordered has one onboarding job and one customer.created event",
        """
        SELECT customer.id, customer.name, jobs.count AS jobs, coalesce(events.count, 0) AS events
        FROM tenancy_customer customer
        JOIN (SELECT customer_id, count(*) FROM provisioning_provisioningjob
              WHERE kind = 'onboard_customer' GROUP BY customer_id) jobs ON jobs.customer_id = customer.id
        LEFT JOIN (SELECT customer_id, count(*) FROM tenancy_auditevent
                   WHERE action = 'customer.created' GROUP BY customer_id) events ON events.customer_id = customer.id
        WHERE jobs.count <> 1 OR coalesce(events.count, 0) <> 1
        """,
    ),
    (
        "I2",
        "every job is finished, or young, or on hold; a finished one has no step left to do",
        """
        SELECT job.id, job.kind, job.state, job.created_at
        FROM provisioning_provisioningjob job
        WHERE (job.state IN ('queued', 'running') AND job.created_at < now() - interval '1 day'
               AND job.next_run_at < now() - interval '10 minutes')
           OR (job.state = 'running' AND job.lease_until < now() - interval '10 minutes')
           OR (job.state = 'retry_wait' AND job.next_run_at < now() - interval '10 minutes')
           OR (job.state = 'succeeded' AND EXISTS (
                   SELECT 1 FROM provisioning_provisioningstep step
                   WHERE step.job_id = job.id AND step.state NOT IN ('done', 'skipped')))
           OR (job.state = 'failed' AND job.error = '')
        """,
    ),
    (
        "I3",
        "the simulated cloud did each step at most once, and made each organisation once",
        """
        SELECT split_part(key, '!', 1) AS step, operation, count(*) FROM provisioning_simulatedeffect
        GROUP BY 1, 2 HAVING count(*) > 1
        UNION ALL
        SELECT payload ->> 'external_id', operation || ' for ' || (payload ->> 'name'), count(*)
        FROM provisioning_simulatedeffect WHERE operation = 'create_organisation'
        GROUP BY payload ->> 'external_id', operation, payload ->> 'name', split_part(key, ':', 1) HAVING count(*) > 1
        """,
    ),
    (
        "I12",
        "provisioned means that all went well; provisioned with errors means that something failed, with a reason",
        """
        SELECT customer.id, customer.name, customer.status
        FROM tenancy_customer customer
        WHERE NOT EXISTS (SELECT 1 FROM provisioning_provisioningjob job WHERE job.customer_id = customer.id
                          AND job.state IN ('queued', 'running', 'retry_wait'))
          AND (
            (customer.status IN ('provisioning', 'updating') AND EXISTS (
                SELECT 1 FROM provisioning_provisioningjob job WHERE job.customer_id = customer.id))
            OR (customer.status = 'provisioned' AND EXISTS (
                SELECT 1 FROM controlhub_customerpackage package
                WHERE package.customer_id = customer.id AND package.status <> 'provisioned'))
            OR (customer.status = 'provisioned_with_errors' AND (
                EXISTS (SELECT 1 FROM controlhub_customerpackage package
                        WHERE package.customer_id = customer.id AND package.status IN ('provisioning', 'deleting'))
                OR (NOT EXISTS (SELECT 1 FROM controlhub_customerpackage package
                                WHERE package.customer_id = customer.id
                                  AND package.status = 'error' AND package.error <> '')
                    AND NOT EXISTS (SELECT 1 FROM provisioning_provisioningstep step
                                    JOIN provisioning_provisioningjob job ON job.id = step.job_id
                                    WHERE job.customer_id = customer.id
                                      AND step.state = 'failed' AND step.error <> ''))))
          )
        """,
    ),
    (
        "I13",
        "a customer on hold has no organisation, no provisioned item and no interval",
        """
        SELECT customer.id, customer.name
        FROM tenancy_customer customer
        WHERE customer.status = 'pending_rpl_review'
          AND (customer.org_id IS NOT NULL
               OR EXISTS (SELECT 1 FROM controlhub_customerpackage package
                          WHERE package.customer_id = customer.id AND package.status = 'provisioned')
               OR EXISTS (SELECT 1 FROM controlhub_location location
                          WHERE location.customer_id = customer.id AND location.provisioned_at IS NOT NULL)
               OR EXISTS (SELECT 1 FROM controlhub_packageassignment assignment
                          WHERE assignment.customer_id = customer.id))
        """,
    ),
]

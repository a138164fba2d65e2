"""What must always hold inside a customer, as SQL that returns the rows that break it (reliability-security.md 3.1)."""

INVARIANTS = [
    (
        "I4",
        "nobody has two base packages, or one add-on twice, at the same time",
        """
        SELECT one.id, other.id, one.package, other.package
        FROM controlhub_packageassignment one
        JOIN controlhub_packageassignment other
          ON one.id < other.id
         AND (one.subscriber_id = other.subscriber_id OR one.workspace_id = other.workspace_id)
         AND (one.is_base AND other.is_base OR one.package = other.package)
         AND tstzrange(one.started_at, one.ended_at) && tstzrange(other.started_at, other.ended_at)
        """,
    ),
    (
        "I9",
        "a number has at most one owner, who is alive and at the number's own customer and location",
        """
        SELECT number.id, number.e164, number.customer_id, subscriber.id, workspace.id, queue.id
        FROM controlhub_phonenumber number
        JOIN controlhub_location location ON location.id = number.location_id
        LEFT JOIN controlhub_subscriber subscriber ON subscriber.id = number.subscriber_id
        LEFT JOIN controlhub_workspace workspace ON workspace.id = number.workspace_id
        LEFT JOIN controlhub_callqueue queue ON queue.id = number.queue_id
        WHERE location.customer_id <> number.customer_id
           OR num_nonnulls(subscriber.id, workspace.id, queue.id) > 1
           OR queue.customer_id <> number.customer_id OR queue.location_id <> number.location_id
           OR queue.deleted_at IS NOT NULL
           OR subscriber.customer_id <> number.customer_id OR subscriber.location_id <> number.location_id
           OR subscriber.deleted_at IS NOT NULL
           OR workspace.customer_id <> number.customer_id OR workspace.location_id <> number.location_id
           OR workspace.deleted_at IS NOT NULL
        """,
    ),
    (
        "I10",
        "the seats counted for a package are its open assignments and those kept for a consent, within the limit",
        """
        SELECT package.customer_id, package.package, package."limit", package.used, seats.open, seats.kept
        FROM controlhub_customerpackage package
        CROSS JOIN LATERAL (
            SELECT
                (SELECT count(*) FROM controlhub_packageassignment assignment
                 WHERE assignment.customer_id = package.customer_id
                   AND assignment.package = package.package AND assignment.ended_at IS NULL) AS open,
                (SELECT count(*) FROM controlhub_consentrequest request
                 WHERE request.customer_id = package.customer_id
                   AND request.package = package.package AND request.state = 'pending') AS kept
        ) seats
        WHERE package.used <> seats.open + seats.kept OR package.used > package."limit"
        """,
    ),
    (
        "I10a",
        "nobody uses anything while his consent is awaited, and nobody awaits it without a request",
        """
        SELECT subscriber.id, subscriber.status, request.id, assignment.id
        FROM controlhub_subscriber subscriber
        LEFT JOIN controlhub_consentrequest request
          ON request.subscriber_id = subscriber.id AND request.state = 'pending'
        LEFT JOIN controlhub_packageassignment assignment
          ON assignment.subscriber_id = subscriber.id AND assignment.ended_at IS NULL
        WHERE (subscriber.status = 'pending_user_migration' AND subscriber.deleted_at IS NULL) <> (request.id IS NOT NULL)
           OR request.id IS NOT NULL AND assignment.id IS NOT NULL
        """,
    ),
    (
        "I10b",
        "an open assignment is of a package that the customer has",
        """
        SELECT assignment.id, assignment.customer_id, assignment.package
        FROM controlhub_packageassignment assignment
        LEFT JOIN controlhub_customerpackage package
          ON package.customer_id = assignment.customer_id AND package.package = assignment.package
        WHERE assignment.ended_at IS NULL AND package.id IS NULL
        """,
    ),
    (
        "I9a",
        "the number's history says who has it now; a location's main numbers are its own, active, free or of a call queue",
        """
        SELECT number.e164, number.subscriber_id, number.workspace_id, owned.subscriber_id, owned.workspace_id
        FROM controlhub_phonenumber number
        FULL JOIN (SELECT * FROM controlhub_numberownership WHERE ended_at IS NULL) owned ON owned.e164 = number.e164
        WHERE (number.subscriber_id, number.workspace_id, number.queue_id)
           IS DISTINCT FROM (owned.subscriber_id, owned.workspace_id, owned.queue_id)
        UNION ALL
        SELECT number.e164, number.subscriber_id, number.workspace_id, location.id, number.location_id
        FROM controlhub_location location
        JOIN controlhub_phonenumber number ON number.id IN (location.main_number_id, location.emergency_callback_number_id)
        WHERE number.location_id <> location.id OR number.state <> 'ACTIVE' OR number.moving_to_id IS NOT NULL
           OR number.subscriber_id IS NOT NULL OR number.workspace_id IS NOT NULL
        """,
    ),
    (
        "I10c",
        "a deleted user has no package and no extension any more",
        """
        SELECT subscriber.id, subscriber.extension, assignment.id
        FROM controlhub_subscriber subscriber
        LEFT JOIN controlhub_packageassignment assignment
          ON assignment.subscriber_id = subscriber.id AND assignment.ended_at IS NULL
        WHERE subscriber.deleted_at IS NOT NULL AND (assignment.id IS NOT NULL OR subscriber.extension <> '')
        """,
    ),
    (
        "I10d",
        "what is billed now is billed at the location where its user or workspace is",
        """
        SELECT assignment.id, assignment.location_id, subscriber.location_id, workspace.location_id
        FROM controlhub_packageassignment assignment
        LEFT JOIN controlhub_subscriber subscriber ON subscriber.id = assignment.subscriber_id
        LEFT JOIN controlhub_workspace workspace ON workspace.id = assignment.workspace_id
        WHERE assignment.ended_at IS NULL AND assignment.location_id IS NOT NULL
          AND assignment.location_id IS DISTINCT FROM coalesce(subscriber.location_id, workspace.location_id)
        """,
    ),
    (
        "I9b",
        "a device, and a place in a call queue, belongs to somebody alive of the same customer who can call",
        """
        SELECT thing.kind, thing.id, thing.customer_id, thing.subscriber_id, thing.workspace_id
        FROM (
            SELECT 'device' AS kind, id, customer_id, subscriber_id, workspace_id FROM controlhub_device
            UNION ALL
            SELECT 'agent', agent.id, queue.customer_id, agent.subscriber_id, agent.workspace_id
            FROM controlhub_queueagent agent JOIN controlhub_callqueue queue ON queue.id = agent.queue_id
        ) thing
        LEFT JOIN controlhub_subscriber subscriber ON subscriber.id = thing.subscriber_id
        LEFT JOIN controlhub_workspace workspace ON workspace.id = thing.workspace_id
        WHERE coalesce(subscriber.customer_id, workspace.customer_id) <> thing.customer_id
           OR coalesce(subscriber.deleted_at, workspace.deleted_at) IS NOT NULL
           OR NOT EXISTS (
               SELECT 1 FROM controlhub_packageassignment held
               WHERE held.ended_at IS NULL AND held.is_base AND held.package <> 'webex_meetings'
                 AND (held.subscriber_id = thing.subscriber_id OR held.workspace_id = thing.workspace_id)
           )
        """,
    ),
    (
        "I9d",
        "an extension reaches exactly one user, workspace or call queue of its location",
        """
        WITH carried AS (
            SELECT 'subscriber' AS kind, id, location_id, extension FROM controlhub_subscriber
            WHERE deleted_at IS NULL AND extension <> '' AND location_id IS NOT NULL
            UNION ALL
            SELECT 'workspace', id, location_id, extension FROM controlhub_workspace
            WHERE deleted_at IS NULL AND extension <> ''
            UNION ALL
            SELECT 'queue', id, location_id, extension FROM controlhub_callqueue WHERE deleted_at IS NULL
        ), listed AS (
            SELECT CASE WHEN subscriber_id IS NOT NULL THEN 'subscriber'
                        WHEN workspace_id IS NOT NULL THEN 'workspace' ELSE 'queue' END AS kind,
                   coalesce(subscriber_id, workspace_id, queue_id) AS id, location_id, digits AS extension
            FROM controlhub_extension
        )
        (TABLE carried EXCEPT TABLE listed) UNION ALL (TABLE listed EXCEPT TABLE carried)
        """,
    ),
    (
        "I9e",
        "numbers and extensions are only where calling is set up",
        """
        SELECT used.what, used.digits, location.id
        FROM (
            SELECT 'number' AS what, e164 AS digits, location_id FROM controlhub_phonenumber
            UNION ALL
            SELECT 'extension', digits, location_id FROM controlhub_extension
        ) used
        JOIN controlhub_location location ON location.id = used.location_id
        WHERE location.calling_enabled_at IS NULL
        """,
    ),
    (
        "I9c",
        "an agent of an upgraded call queue is a user with Customer Assist",
        """
        SELECT agent.id, agent.queue_id, agent.subscriber_id, agent.workspace_id
        FROM controlhub_queueagent agent JOIN controlhub_callqueue queue ON queue.id = agent.queue_id AND queue.assist
        LEFT JOIN controlhub_packageassignment held
          ON held.subscriber_id = agent.subscriber_id AND held.ended_at IS NULL AND held.package = 'cx_essentials'
        WHERE held.id IS NULL
        """,
    ),
    (
        "I10d",
        "a customer's first administrator is one of its users, alive, and a full administrator",
        """
        SELECT first.id, first.customer_id, subscriber.id, subscriber.admin_id
        FROM controlhub_firstadministrator first
        JOIN controlhub_subscriber subscriber ON subscriber.id = first.subscriber_id
        LEFT JOIN tenancy_roleassignment role
          ON role.admin_id = subscriber.admin_id AND role.customer_id = first.customer_id AND role.role = 'customer_full'
        WHERE subscriber.customer_id <> first.customer_id OR subscriber.deleted_at IS NOT NULL OR role.id IS NULL
        """,
    ),
]

"""The second opinion about corrections, as SQL: it shares nothing with billing.queries.corrections, which computes them.

For the latest correction of an assignment, all adjustments about a day together are what the true interval has of that day
minus what the recorded one has. Used when the day on which they were made closes, and by the invariants for all of them.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.


def _seconds(start: str, end: str) -> str:
    """Seconds of an interval (its end may be null) on the day `days.opens`."""
    clamped = f"least({end}, opens + interval '24 hours') - greatest({start}, opens)"
    return f"greatest(extract(epoch FROM {clamped})::bigint, 0)"


def _midnight(at: str) -> str:
    return f"date_trunc('day', {at}, 'UTC')"


def wrong_adjustments(assignments: str = "", until: str = "'infinity'::date") -> str:
    """(partner, sentence) for each day of an assignment whose adjustments, made up to `until`, are not what they should be.

    `assignments` restricts which ones are looked at: SQL that returns their ids.
    """
    chosen = f"AND correction.assignment_id IN ({assignments})" if assignments else ""
    return f"""
    SELECT partner_id, 'assignment ' || assignment_id || ' on ' || to_char(day, 'YYYY-MM-DD') || ': adjusted by '
                       || coalesce(adjusted, 0) || ' seconds, its correction says ' || coalesce(due, 0) AS sentence
    FROM (
        SELECT recorded.partner_id, recorded.id AS assignment_id, (opens AT TIME ZONE 'UTC')::date AS day,
               {_seconds("truth.started_at", "coalesce(truth.ended_at, recorded.ended_at)")}
               - {_seconds("recorded.started_at", "recorded.ended_at")} AS due
        FROM (
            SELECT DISTINCT ON (assignment_id) assignment_id, started_at, ended_at
            FROM billing_usagecorrection correction
            WHERE (made_at AT TIME ZONE 'UTC')::date <= {until} {chosen}
            ORDER BY assignment_id, id DESC
        ) truth
        JOIN controlhub_packageassignment recorded ON recorded.id = truth.assignment_id
        JOIN tenancy_partner partner ON partner.id = recorded.partner_id
        CROSS JOIN LATERAL generate_series(
            greatest(
                {_midnight("least(truth.started_at, recorded.started_at)")},
                partner.billing_start_on::timestamp AT TIME ZONE 'UTC'
            ),
            greatest(
                truth.started_at, recorded.started_at, truth.ended_at,
                CASE WHEN truth.ended_at IS NOT NULL THEN recorded.ended_at END
            ),
            interval '24 hours'
        ) AS days(opens)
    ) wanted
    FULL JOIN (
        SELECT adjustment.partner_id, correction.assignment_id, about_on AS day, sum(seconds) AS adjusted
        FROM billing_usageadjustment adjustment JOIN billing_usagecorrection correction ON correction.id = correction_id
        WHERE made_on <= {until} {chosen}
        GROUP BY adjustment.partner_id, correction.assignment_id, about_on
    ) found USING (partner_id, assignment_id, day)
    WHERE coalesce(due, 0) <> coalesce(adjusted, 0)
    """


def strange_adjustments(adjustments: str = "true") -> str:
    """(partner, sentence) for each adjustment that is not about what its correction's assignment is about."""
    facts = ("partner_id", "customer_id", "location_id", "subscriber_id", "workspace_id", "package")
    of = {who: ", ".join(f"{who}.{fact}" for fact in facts) for who in ("adjustment", "assignment")}
    return f"""
    SELECT adjustment.partner_id,
           'adjustment ' || adjustment.id || ' is not about assignment ' || assignment.id AS sentence
    FROM billing_usageadjustment adjustment
    JOIN billing_usagecorrection correction ON correction.id = adjustment.correction_id
    JOIN controlhub_packageassignment assignment ON assignment.id = correction.assignment_id
    WHERE {adjustments} AND (({of["adjustment"]}) IS DISTINCT FROM ({of["assignment"]})
       OR correction.partner_id <> assignment.partner_id
       OR adjustment.made_at <> correction.made_at)
    """


# Everybody's use of one thing (all base packages together, or one add-on) on the days about which anything was corrected.
MORE_THAN_A_DAY = f"""
WITH adjusted AS (
    SELECT adjustment.subscriber_id, adjustment.workspace_id, is_base,
           CASE WHEN is_base THEN '' ELSE adjustment.package END AS add_on,
           about_on, about_on::timestamp AT TIME ZONE 'UTC' AS opens, sum(seconds) AS seconds
    FROM billing_usageadjustment adjustment
    JOIN billing_usagecorrection correction ON correction.id = correction_id
    JOIN controlhub_packageassignment assignment ON assignment.id = assignment_id
    GROUP BY 1, 2, 3, 4, 5
)
SELECT adjusted.subscriber_id, adjusted.workspace_id, about_on, recorded.seconds + adjusted.seconds
FROM adjusted
CROSS JOIN LATERAL (
    SELECT coalesce(sum({_seconds("started_at", "ended_at")}), 0) AS seconds
    FROM controlhub_packageassignment held
    WHERE (held.subscriber_id = adjusted.subscriber_id OR held.workspace_id = adjusted.workspace_id)
      AND held.is_base = adjusted.is_base AND adjusted.add_on IN ('', held.package)
      AND held.started_at < opens + interval '24 hours' AND (held.ended_at IS NULL OR held.ended_at > opens)
) recorded
WHERE recorded.seconds + adjusted.seconds NOT BETWEEN 0 AND 86400
"""

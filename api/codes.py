"""The numbers of errors. Webex's known ones keep theirs (domain.md 3.10, 5.6); our own are 80000-81999 and never change.

80xxx say what was wrong with the request itself, 81xxx which rule of the portal said no. /v1/reference/ lists them all.
"""

from tenancy.errors import DomainError, Forbidden

# Webex's own, domain.md 5.6.
PRECHECK_SUCCESSFUL = 100
NULL_PARAMETER = 1001
INVALID_SIZE = 1002
REPORT_NOT_FOUND = 2024
IN_MAINTENANCE = 2560
EMAIL_IN_USE = 10022

GENERAL = 80000
UNKNOWN_FIELD = 80001
INVALID_VALUE = 80002
SCOPE_MISSING = 80003
RATE_LIMITED = 80004
KEY_IN_FLIGHT = 80005
KEY_REUSED = 80006
# 80007 said that organizations cannot be attached; since they can, nobody says it any more.
# What a precheck tells beside 100: what attaching an organization means.
ATTACH_AUTOMATIC = 80101
ATTACH_WITH_CONSENT = 80102
ATTACH_RIGHTS = 80103
ATTACH_KEEPS = 80104
OF_STATUS = {
    400: 80400,
    401: 80401,
    403: 80403,
    404: 80404,
    405: 80405,
    409: 80409,
    410: 80410,
    412: 80412,
    413: 80413,
    415: 80415,
    422: 80422,
    423: 80423,
    429: RATE_LIMITED,
    500: 80500,
    503: 80503,
}

# The rules of the portal by their stable word. Append only: a number that was ever sent keeps its meaning.
OF_RULE = {
    "administrator_downgrade": 81001,
    "agents_cannot_call": 81002,
    "agents_lack_customer_assist": 81003,
    "already_assigned": 81004,
    "already_enabled": 81005,
    "assistant_not_included": 81006,
    "carrier_manages_numbers": 81007,
    "code_not_sent": 81008,
    "connection_wrong": 81009,
    "consent_pending": 81010,
    "country_fixed": 81011,
    "customer_not_ready": 81012,
    "day_closed": 81013,
    "day_does_not_add_up": 81014,
    "directory_managed": 81015,
    "domain_claimed_elsewhere": 81016,
    "domain_exists": 81017,
    "domain_gone": 81018,
    "domain_not_verified": 81019,
    "duplicate_in_list": 81020,
    "external_email_refused": 81021,
    "external_id_in_use": 81022,
    "first_administrator": 81023,
    "forbidden": 81024,
    "headquarters_stay": 81025,
    "holds_roles": 81026,
    "identity_provider_missing": 81027,
    "identity_provider_too_long": 81028,
    "interval_too_early": 81029,
    "invalid_customer": 81030,
    "invalid_limit": 81031,
    "last_administrator": 81032,
    "last_full_administrator": 81033,
    "launch_not_allowed": 81034,
    "limit_below_used": 81035,
    "limit_reached": 81036,
    "link_expired": 81037,
    "link_invalid": 81038,
    "location_errors": 81039,
    "location_gone": 81040,
    "location_name_taken": 81041,
    "location_needed": 81042,
    "location_not_empty": 81043,
    "location_role_stands_alone": 81044,
    "location_unknown": 81045,
    "locations_out_of_range": 81046,
    "mac_in_use": 81047,
    "mac_invalid": 81048,
    "missing_dependency": 81049,
    "model_unknown": 81050,
    "move_under_way": 81051,
    "name_invalid": 81052,
    "name_not_allowed": 81053,
    "needs_calling": 81054,
    "needs_common_area_calling": 81055,
    "needs_location": 81056,
    "needs_number_or_extension": 81057,
    "no_consent_needed": 81058,
    "no_limit_for_this": 81059,
    "no_organisation": 81060,
    "no_package": 81061,
    "no_weighted_routing": 81062,
    "nobody_chosen": 81063,
    "not_a_choice": 81064,
    "not_a_domain": 81065,
    "not_a_location_number": 81066,
    "not_a_sub_partner": 81067,
    "not_assignable": 81068,
    "not_on_hold": 81069,
    "not_that_kind": 81070,
    "nothing_to_retry": 81071,
    "number_elsewhere": 81072,
    "number_errors": 81073,
    "number_not_in_inventory": 81074,
    "number_unknown": 81075,
    "numbers_stranded": 81076,
    "owner_cannot_call": 81077,
    "package_in_use": 81078,
    "package_missing": 81079,
    "package_not_enabled": 81080,
    "package_not_for_users": 81081,
    "partner_suspended": 81082,
    "period_invalid": 81083,
    "person_missing": 81084,
    "queue_gone": 81085,
    "queue_name_missing": 81086,
    "queue_name_taken": 81087,
    "reason_missing": 81088,
    "report_exists": 81089,
    "rule": 81090,
    "screening_rejected": 81091,
    "subscriber_deleted": 81092,
    "subscriber_errors": 81093,
    "supported_location_not_declared": 81094,
    "target_gone": 81095,
    "template_changed": 81096,
    "template_in_use": 81097,
    "template_name_taken": 81098,
    "template_not_available": 81099,
    "template_retired": 81100,
    "template_setting_invalid": 81101,
    "temporary_rights_already_asked": 81102,
    "temporary_rights_decided": 81103,
    "temporary_rights_invalid": 81104,
    "temporary_rights_not_askable": 81105,
    "third_party_off": 81106,
    "too_many_codes": 81107,
    "too_many_domains": 81108,
    "too_many_location_admins": 81109,
    "too_many_numbers": 81110,
    "too_many_subscribers": 81111,
    "txt_record_not_found": 81112,
    "unknown_directory": 81113,
    "unknown_package": 81114,
    "unknown_scope": 81115,
    "users_only": 81116,
    "workspace_gone": 81117,
    "workspace_name_missing": 81118,
    "workspace_name_taken": 81119,
    "workspace_only": 81120,
    "wrong_code": 81121,
    "wrong_roles": 81122,
    "wrong_status": 81123,
    "cannot_correct": 81124,
    "more_than_a_day": 81125,
    "one_base_package": 81126,
    "still_assigned": 81127,
    "file_too_large": 81128,
    "not_a_recorder": 81129,
    "report_not_ready": 81130,
    "service_not_included": 81131,
    "lifetime_out_of_range": 81132,
    "mail_not_stopped": 81133,
    "mail_stopped": 81134,
    "mail_unavailable": 81135,
    "no_scope": 81136,
    "price_dates_clash": 81137,
    "price_invoiced": 81138,
    "prices_not_imported": 81139,
    "token_name_invalid": 81140,
    "too_many_users": 81141,
    "does_not_reconcile": 81142,
    "calling_not_set_up": 81143,
    "language_unknown": 81144,
    "pstn_without_calling": 81145,
    "gave_up": 81146,
    "storage_failed": 81147,
    "usage_on_hold": 81148,
    "devices_in_the_way": 81149,
    "wrong_for_workspace": 81150,
    "go_live_invalid": 81151,
    "nobody_at_location": 81152,
    "setup_assist_ended": 81153,
    "setup_assist_ordered": 81154,
    "setup_assist_started": 81155,
    "calling_line_name_invalid": 81160,
    "outside_digit_invalid": 81161,
    "unknown_number": 81162,
    "number_assigned": 81163,
    "number_moving": 81164,
    "main_number": 81165,
    "emergency_callback_number": 81166,
    "mobile_number": 81167,
    "target_refused": 81170,
    "webhook_name_invalid": 81171,
    "secret_invalid": 81172,
    "too_many_webhooks": 81173,
    "webhook_off": 81174,
    "redirect_uri_invalid": 81180,
    "redirect_uri_missing": 81181,
    "integration_without_use": 81182,
    "already_customer": 81183,
    "trial_organisation": 81184,
    "nobody_to_ask": 81185,
    "consent_mails_off": 81186,
    "consent_refused": 81187,
    "consent_not_given": 81188,
}

# What is at odds with what exists is a conflict; every other rule is a bad request.
CONFLICTS = frozenset(
    """
    10022 4201 4202 already_customer already_assigned already_enabled consent_pending customer_not_ready day_closed domain_claimed_elsewhere
    domain_exists external_id_in_use limit_below_used limit_reached location_name_taken location_not_empty mac_in_use
    move_under_way package_in_use queue_name_taken report_exists subscriber_deleted template_name_taken webhook_off workspace_name_taken
    """.split()
)
FORBIDDEN = frozenset({"forbidden", "partner_suspended", "launch_not_allowed"})


def number_of(code: str) -> int:
    """The number of a rule; digits are Webex's own number already. A test makes sure that every rule has one."""
    return int(code) if code.isdigit() else OF_RULE.get(code, GENERAL)


def status_of(error: DomainError) -> int:
    """The HTTP status of a rule that said no."""
    if isinstance(error, Forbidden) or error.code in FORBIDDEN:
        return 403
    rows = getattr(error, "errors", [])
    codes = {error.code} if isinstance(rows, dict) or not rows else {row.code for row in rows}
    return 409 if codes <= CONFLICTS else 400


def status_of_rule(word: str) -> int:
    """The HTTP status that the rule of this word comes with."""
    return 403 if word in FORBIDDEN else 409 if word in CONFLICTS else 400

"""What each package is called on a billing report as long as the price book says nothing else: service, SKU, description.

Plain data. The real SKU codes are not public (domain.md 6.5), so these are neutral demo values. Service names follow domain.md
6.3. Once a report has been sent to somebody, a line here is never changed, only added.
"""

from dataclasses import dataclass

from tenancy.packages import PACKAGES


@dataclass(frozen=True)
class Sku:
    """The three descriptive columns of a report line."""

    service_name: str
    code: str
    description: str


SKUS: dict[str, Sku] = {
    "webex_calling": Sku("WEBEX_CALLING", "DEMO-WHS-CALLING", "Wholesale Webex Calling"),
    "webex_calling_standard": Sku("WEBEX_CALLING_STANDARD", "DEMO-WHS-CALL-STD", "Wholesale Webex Calling Standard"),
    "webex_suite": Sku("WEBEX_SUITE", "DEMO-WHS-SUITE", "Wholesale Webex Suite"),
    "webex_meetings": Sku("WEBEX_MEETINGS", "DEMO-WHS-MEET", "Wholesale Webex Meetings"),
    "webex_voice": Sku("WEBEX_VOICE", "DEMO-WHS-VOICE", "Wholesale Webex Voice"),
    "cx_essentials": Sku("CX_ESSENTIALS", "DEMO-WHS-ASSIST", "Wholesale Customer Assist"),
    "common_area_calling": Sku("COMMON_AREA_CALLING", "DEMO-WHS-COMMON", "Wholesale Common Area Calling"),
    "attendant_console": Sku("ATTENDANT_CONSOLE", "DEMO-WHS-CONSOLE", "Wholesale Attendant Console"),
    "cisco_calling_plan": Sku("CISCO_CALLING_PLAN", "DEMO-WHS-PLAN", "Wholesale Cisco Calling Plan"),
}

if missing := PACKAGES.keys() - SKUS.keys():
    raise LookupError(f"Packages without a SKU could be used but never billed: {sorted(missing)}")

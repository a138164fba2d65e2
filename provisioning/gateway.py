"""What the portal asks of Webex, as a protocol. `settings.WEBEX_GATEWAY` names the class that answers.

Every call carries `key`, the idempotency key: repeating a call with the same key has no second effect and gives the first
answer. Calls raise RetryableError (busy, down, answer lost) or PermanentError (refused), nothing else on purpose.
"""

from functools import cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

Answer = dict[str, Any]


class WebexGateway(Protocol):
    """The operations of the Webex cloud that provisioning needs."""

    def screen(self, *, key: str, name: str, email: str, country: str) -> Answer:
        """{"verdict": "clear" | "possible_match"} from the lists of restricted and denied parties."""

    def create_organisation(
        self, *, key: str, name: str, external_id: str, email: str, country: str, language: str
    ) -> Answer:
        """{"org_id", "sip_domain"} of a new organisation."""

    def organisation_of(self, *, org_id: str) -> Answer:
        """What is known of an organisation that somebody wants to attach. A question, no deed.

        {"exists": False}, or {"exists", "name", "administrators" (addresses, the primary one first), "users", "verified_domain",
        "claimed_domain", "licences" ("none" | "suspended" | "active"), "trial"}.
        """

    def attach_organisation(
        self, *, key: str, org_id: str, external_id: str, managed_by: list[str], rights: str
    ) -> Answer:
        """{"sip_domain"} once the organisation buys wholesale and is managed by these partners (public ids).

        `rights`: "full", or "limited" for a provisioning administrator with a limited view.
        """

    def enable_package(self, *, key: str, org_id: str, package: str) -> Answer:
        """{"license_id"} of a package that the organisation may now assign."""

    def disable_package(self, *, key: str, org_id: str, package: str) -> Answer:
        """{} once the organisation may no longer assign the package."""

    def release_organisation(self, *, key: str, org_id: str) -> Answer:
        """{} once the organisation is no wholesale customer any more. It lives on, with its people."""

    def create_location(
        self, *, key: str, org_id: str, name: str, address: dict[str, str], pstn_provider: str, calling: bool
    ) -> Answer:
        """{"location_id"} of a new location, with calling or without."""

    def configure_meeting_site(self, *, key: str, org_id: str, name: str, language: str, dial_in: str) -> Answer:
        """{"site"}, the host name of the meeting site."""

    def invite_administrator(self, *, key: str, org_id: str, email: str) -> Answer:
        """{"administrator_id"} of the person who now administers the organisation."""

    def account_of(self, *, email: str) -> Answer:
        """{"exists", "consent_needed"}: does somebody own an account under this address elsewhere? A question, no deed."""

    def create_person(
        self,
        *,
        key: str,
        org_id: str,
        email: str,
        first_name: str,
        last_name: str,
        package: str,
        number: str,
        extension: str,
    ) -> Answer:
        """{"person_id", "consent_needed"} of a new person with a package; `number` in E.164 or empty.

        With `consent_needed` the address owns an account elsewhere: the person has nothing yet, and must agree first.
        """

    def claim_person(
        self,
        *,
        key: str,
        org_id: str,
        email: str,
        first_name: str,
        last_name: str,
        package: str,
        number: str,
        extension: str,
    ) -> Answer:
        """As `create_person`, for an address that must have an account already; refused for good when it has none."""

    def complete_migration(self, *, key: str, person_id: str, package: str, number: str, extension: str) -> Answer:
        """{} once somebody who has agreed has left the free organisation and has the package."""

    def set_person_active(self, *, key: str, person_id: str, active: bool) -> Answer:
        """{} once the person may use the services, or may not."""

    def set_person_services(self, *, key: str, person_id: str, off: list[str]) -> Answer:
        """{} once the person uses what the package brings, without the services in `off`."""

    def change_person_email(self, *, key: str, person_id: str, email: str) -> Answer:
        """{} once the person signs in with that address."""

    def change_person_name(self, *, key: str, person_id: str, first_name: str, last_name: str) -> Answer:
        """{} once the person is known by that name."""

    def set_caller_id(self, *, key: str, person_id: str, number: str, first_name: str, last_name: str) -> Answer:
        """{} once the person's calls show that number (E.164) and name; what is empty is the person's own."""

    def invite_person(self, *, key: str, person_id: str, email: str) -> Answer:
        """{} once Webex has sent the person an invitation, once more."""

    def delete_person(self, *, key: str, person_id: str) -> Answer:
        """{} once the person is gone from the organisation."""

    def change_person_package(self, *, key: str, person_id: str, package: str, number: str, extension: str) -> Answer:
        """{} once the person has that package instead of the one before."""

    def remove_person(self, *, key: str, person_id: str) -> Answer:
        """{} once the person has no package any more."""

    def assign_number(self, *, key: str, person_id: str, number: str, extension: str) -> Answer:
        """{} once the person is reached under that number and extension; either may be empty."""

    def update_organisation(self, *, key: str, org_id: str, section: str, facts: dict[str, Any]) -> Answer:
        """{} once the organisation's settings of that section are these; sections and facts: controlhub.jobs.organization."""

    def update_location(self, *, key: str, org_id: str, location: str, facts: dict[str, Any]) -> Answer:
        """{} once the location is known with these facts: name, address, languages, calling, connection, main number."""

    def delete_location(self, *, key: str, org_id: str, location: str) -> Answer:
        """{} once the location is gone."""

    def put_numbers(self, *, key: str, org_id: str, numbers: list[dict[str, str]]) -> Answer:
        """{} once each number is as said: {"number", "location", "kind", "state"}; the state REMOVED means gone."""

    def move_numbers(self, *, key: str, org_id: str, numbers: list[str], location: str) -> Answer:
        """{} once the unassigned numbers (E.164) belong to that location."""

    def move_person(self, *, key: str, person_id: str, location: str, number: str, extension: str) -> Answer:
        """{} once the person calls from that location under that number and extension; either may be empty."""

    def put_workspace(
        self,
        *,
        key: str,
        org_id: str,
        workspace: str,
        name: str,
        location: str,
        supported_devices: str,
        package: str,
        number: str,
        extension: str,
    ) -> Answer:
        """{} once the workspace is there as told; `package`, `number` and `extension` may be empty."""

    def remove_workspace(self, *, key: str, workspace: str) -> Answer:
        """{} once the workspace is gone."""

    def put_device(
        self, *, key: str, org_id: str, device: str, model: str, owner: str, mac: str, username: str, verifier: str
    ) -> Answer:
        """{} once the device is known by its MAC, or by the hash (`verifier`) of its activation code or SIP password."""

    def device_state(self, *, key: str, device: str) -> Answer:
        """{"status", "mac", "serial"} of a device once it has called home."""

    def remove_device(self, *, key: str, device: str) -> Answer:
        """{} once the device is forgotten, and reset if it was online."""

    def put_queue(
        self, *, key: str, org_id: str, queue: str, location: str, facts: dict[str, Any], agents: list[str]
    ) -> Answer:
        """{} once the call queue has these facts (name, number, extension, routing, assist) and these agents, in this order."""

    def remove_queue(self, *, key: str, queue: str) -> Answer:
        """{} once the call queue is gone."""


@cache
def gateway() -> WebexGateway:
    """The gateway of this process."""
    return cast(WebexGateway, import_string(settings.WEBEX_GATEWAY)())

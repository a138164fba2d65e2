"""A deterministic Webex cloud: it remembers each executed call by its key, and goes wrong on command.

Its ledger (SimulatedEffect) is committed by itself, before the portal commits anything: what the cloud did stays done
even if the portal forgets. Trouble is ordered through rows of SimulatedFault.
"""

import time
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from provisioning.errors import PermanentError, RetryableError
from provisioning.gateway import Answer
from provisioning.models import SimulatedEffect, SimulatedFault
from provisioning.simulated_organisations import ORGANISATIONS

CLOUD = uuid.UUID("6a1d7c52-3a52-4b0e-9a51-8f0b7f7a2c11")
# Invented names; a customer whose name contains one of them is a possible match.
DENIED_PARTIES = ("sanctioned trading", "embargo exports", "denied parties ltd")
# Whoever has an address of these has an account already: his own free one, or one in somebody's trial organisation.
FREE_ACCOUNTS, TRIAL_ACCOUNTS = "@free.example.com", "@trial.example.com"
Kind = SimulatedFault.Kind


class SimulatedWebex:
    """Answers like Webex would, from PostgreSQL."""

    def screen(self, *, key: str, name: str, email: str, country: str) -> Answer:
        listed = any(party in name.lower() for party in DENIED_PARTIES)
        verdict = "possible_match" if listed else "clear"
        return self._call("screen", key, {"name": name, "email": email, "country": country}, {"verdict": verdict})

    def create_organisation(
        self, *, key: str, name: str, external_id: str, email: str, country: str, language: str
    ) -> Answer:
        org_id = _id(key)
        payload = {"name": name, "external_id": external_id, "email": email, "country": country, "language": language}
        answer = {"org_id": org_id, "sip_domain": f"{org_id[:8]}.calls.example.com"}
        return self._call("create_organisation", key, payload, answer)

    def organisation_of(self, *, org_id: str) -> Answer:
        fault = next_fault("organisation_of", {"org_id": org_id})
        if fault is not None:
            _trouble_before(fault)
        return ORGANISATIONS.get(uuid.UUID(org_id), {"exists": False})

    def attach_organisation(
        self, *, key: str, org_id: str, external_id: str, managed_by: list[str], rights: str
    ) -> Answer:
        found = ORGANISATIONS.get(uuid.UUID(org_id))
        if found is None:
            raise PermanentError("organization_missing", "This organization does not exist in Webex any more.")
        payload = {"org_id": org_id, "name": found["name"], "external_id": external_id}
        payload |= {"managed_by": managed_by, "rights": rights}
        return self._call("attach_organisation", key, payload, {"sip_domain": f"{org_id[:8]}.calls.example.com"})

    def enable_package(self, *, key: str, org_id: str, package: str) -> Answer:
        answer = {"license_id": f"{package}-{_id(key)[:13]}"}
        return self._call("enable_package", key, {"org_id": org_id, "package": package}, answer)

    def disable_package(self, *, key: str, org_id: str, package: str) -> Answer:
        return self._call("disable_package", key, {"org_id": org_id, "package": package}, {})

    def release_organisation(self, *, key: str, org_id: str) -> Answer:
        return self._call("release_organisation", key, {"org_id": org_id}, {})

    def create_location(
        self, *, key: str, org_id: str, name: str, address: dict[str, str], pstn_provider: str, calling: bool
    ) -> Answer:
        facts = {"name": name, "address": address, "pstn_provider": pstn_provider, "calling": calling}
        payload = {"org_id": org_id, **facts}
        return self._call("create_location", key, payload, {"location_id": _id(key)})

    def configure_meeting_site(self, *, key: str, org_id: str, name: str, language: str, dial_in: str) -> Answer:
        payload = {"org_id": org_id, "name": name, "language": language, "dial_in": dial_in}
        answer = {"site": f"{name}.meetings.example.com", "language": language, "dial_in": dial_in}
        return self._call("configure_meeting_site", key, payload, answer)

    def invite_administrator(self, *, key: str, org_id: str, email: str) -> Answer:
        payload = {"org_id": org_id, "email": email}
        return self._call("invite_administrator", key, payload, {"administrator_id": _id(key)})

    def account_of(self, *, email: str) -> Answer:
        owned = email.endswith((FREE_ACCOUNTS, TRIAL_ACCOUNTS))
        return {"exists": owned, "consent_needed": owned}

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
        payload = _person(org_id, email, f"{first_name} {last_name}", package, number, extension)
        answer = {"person_id": _id(key), "consent_needed": email.endswith((FREE_ACCOUNTS, TRIAL_ACCOUNTS))}
        return self._call("create_person", key, payload, answer)

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
        if not email.endswith((FREE_ACCOUNTS, TRIAL_ACCOUNTS)):
            raise PermanentError("no_account", f"{email} has no account that could be claimed. Add the user instead.")
        payload = _person(org_id, email, f"{first_name} {last_name}", package, number, extension)
        answer = {"person_id": _id(key), "consent_needed": email.endswith(FREE_ACCOUNTS)}
        return self._call("claim_person", key, payload, answer)

    def complete_migration(self, *, key: str, person_id: str, package: str, number: str, extension: str) -> Answer:
        payload = {"person_id": person_id, "package": package, "number": number, "extension": extension}
        return self._call("complete_migration", key, payload, {})

    def set_person_active(self, *, key: str, person_id: str, active: bool) -> Answer:
        return self._call("set_person_active", key, {"person_id": person_id, "active": active}, {})

    def set_person_services(self, *, key: str, person_id: str, off: list[str]) -> Answer:
        return self._call("set_person_services", key, {"person_id": person_id, "off": off}, {})

    def change_person_email(self, *, key: str, person_id: str, email: str) -> Answer:
        return self._call("change_person_email", key, {"person_id": person_id, "email": email}, {})

    def change_person_name(self, *, key: str, person_id: str, first_name: str, last_name: str) -> Answer:
        payload = {"person_id": person_id, "first_name": first_name, "last_name": last_name}
        return self._call("change_person_name", key, payload, {})

    def set_caller_id(self, *, key: str, person_id: str, number: str, first_name: str, last_name: str) -> Answer:
        payload = {"person_id": person_id, "number": number, "first_name": first_name, "last_name": last_name}
        return self._call("set_caller_id", key, payload, {})

    def invite_person(self, *, key: str, person_id: str, email: str) -> Answer:
        return self._call("invite_person", key, {"person_id": person_id, "email": email}, {})

    def delete_person(self, *, key: str, person_id: str) -> Answer:
        return self._call("delete_person", key, {"person_id": person_id}, {})

    def change_person_package(self, *, key: str, person_id: str, package: str, number: str, extension: str) -> Answer:
        payload = {"person_id": person_id, "package": package, "number": number, "extension": extension}
        return self._call("change_person_package", key, payload, {})

    def remove_person(self, *, key: str, person_id: str) -> Answer:
        return self._call("remove_person", key, {"person_id": person_id}, {})

    def assign_number(self, *, key: str, person_id: str, number: str, extension: str) -> Answer:
        payload = {"person_id": person_id, "number": number, "extension": extension}
        return self._call("assign_number", key, payload, {})

    def update_organisation(self, *, key: str, org_id: str, section: str, facts: dict[str, Any]) -> Answer:
        return self._call("update_organisation", key, {"org_id": org_id, "section": section, "facts": facts}, {})

    def update_location(self, *, key: str, org_id: str, location: str, facts: dict[str, str]) -> Answer:
        return self._call("update_location", key, {"org_id": org_id, "location": location, "facts": facts}, {})

    def delete_location(self, *, key: str, org_id: str, location: str) -> Answer:
        return self._call("delete_location", key, {"org_id": org_id, "location": location}, {})

    def put_numbers(self, *, key: str, org_id: str, numbers: list[dict[str, str]]) -> Answer:
        return self._call("put_numbers", key, {"org_id": org_id, "numbers": numbers}, {})

    def move_numbers(self, *, key: str, org_id: str, numbers: list[str], location: str) -> Answer:
        return self._call("move_numbers", key, {"org_id": org_id, "numbers": numbers, "location": location}, {})

    def move_person(self, *, key: str, person_id: str, location: str, number: str, extension: str) -> Answer:
        payload = {"person_id": person_id, "location": location, "number": number, "extension": extension}
        return self._call("move_person", key, payload, {})

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
        payload = {"org_id": org_id, "workspace": workspace, "name": name, "location": location}
        payload |= {
            "supported_devices": supported_devices,
            "package": package,
            "number": number,
            "extension": extension,
        }
        return self._call("put_workspace", key, payload, {})

    def remove_workspace(self, *, key: str, workspace: str) -> Answer:
        return self._call("remove_workspace", key, {"workspace": workspace}, {})

    def put_device(
        self, *, key: str, org_id: str, device: str, model: str, owner: str, mac: str, username: str, verifier: str
    ) -> Answer:
        payload = {"org_id": org_id, "device": device, "model": model, "owner": owner, "mac": mac, "username": username}
        return self._call("put_device", key, payload, {})

    def device_state(self, *, key: str, device: str) -> Answer:
        """Every simulated phone is plugged in at once. 02 begins the addresses that no maker uses."""
        digits = uuid.uuid5(CLOUD, device).hex.upper()
        answer = {"status": "online", "mac": f"02{digits[:10]}", "serial": f"SIM{digits[10:18]}"}
        return self._call("device_state", key, {"device": device}, answer)

    def remove_device(self, *, key: str, device: str) -> Answer:
        return self._call("remove_device", key, {"device": device}, {})

    def put_queue(
        self, *, key: str, org_id: str, queue: str, location: str, facts: dict[str, Any], agents: list[str]
    ) -> Answer:
        payload = {"org_id": org_id, "queue": queue, "location": location, "facts": facts, "agents": agents}
        return self._call("put_queue", key, payload, {})

    def remove_queue(self, *, key: str, queue: str) -> Answer:
        return self._call("remove_queue", key, {"queue": queue}, {})

    def _call(self, operation: str, key: str, payload: dict[str, Any], answer: Answer) -> Answer:
        time.sleep(settings.SIMULATED_WEBEX_DELAY_MS / 1000)
        known = SimulatedEffect.objects.filter(key=key).first()
        if known is not None:
            return known.result
        fault = next_fault(operation, payload)
        if fault is not None:
            _trouble_before(fault)
        if fault is not None and fault.kind == Kind.MATCH:
            answer = {"verdict": "possible_match"}
        if fault is not None and fault.kind == Kind.GARBAGE:
            return {"unintelligible": True}
        result = self._execute(operation, key, payload, answer)
        if fault is not None and fault.kind == Kind.ANSWER_LOST:
            raise RetryableError("Webex did not answer in time.", code="timeout")
        return result

    def _execute(self, operation: str, key: str, payload: dict[str, Any], answer: Answer) -> Answer:
        # durable: refuses to run inside somebody's transaction, where a rollback would make the cloud forget.
        with transaction.atomic(durable=True):
            effect, _ = SimulatedEffect.objects.get_or_create(
                key=key, defaults={"operation": operation, "payload": payload, "result": answer}
            )
        return effect.result


def _person(org_id: str, email: str, name: str, package: str, number: str, extension: str) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "email": email,
        "name": name,
        "package": package,
        "number": number,
        "extension": extension,
    }


def _id(key: str) -> str:
    return str(uuid.uuid5(CLOUD, key))


def next_fault(operation: str, payload: dict[str, Any]) -> SimulatedFault | None:
    """The trouble ordered for this call, if any; a limited one is used up by one."""
    text = " ".join(str(value) for value in payload.values()).lower()
    left = Q(remaining=None) | Q(remaining__gt=0)
    for fault in SimulatedFault.objects.filter(left, operation=operation).order_by("pk"):
        if fault.match.lower() not in text:
            continue
        used = SimulatedFault.objects.filter(left, pk=fault.pk).update(remaining=F("remaining") - 1)
        if used:
            return fault
    return None


def _trouble_before(fault: SimulatedFault) -> None:
    if fault.kind == Kind.BUSY:
        raise RetryableError("Webex is busy (429).", after=fault.retry_after, code="busy")
    if fault.kind == Kind.UNAVAILABLE:
        raise RetryableError("Webex is not available right now (503).", code="unavailable")
    if fault.kind == Kind.REFUSED:
        raise PermanentError(fault.code or "refused", fault.message or "Webex refused this request.")

"""What a change of the organisation's own settings means for Webex: one job, in the transaction of the change."""

from collections.abc import Sequence
from enum import StrEnum

from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue
from tenancy.actors import Actor
from tenancy.models import Customer

CHANGE_ORGANIZATION = "change_organization"


class Section(StrEnum):
    """What is told together. The value is the step's name: stored, so never renamed."""

    NAME = "put_name"
    EMAIL = "put_email_settings"
    AUTHENTICATION = "put_authentication"
    ASSISTANT = "put_assistant"
    CALL_PRIORITY = "put_call_priority"
    CALLING_BEHAVIOR = "put_calling_behavior"
    CALL_RECORDING = "put_call_recording"
    DOMAINS = "put_domains"
    SUPPORT_ACCESS = "put_support_access"
    THIRD_PARTY_DEVICES = "put_third_party_devices"
    AUTOMATIC_LICENCES = "put_automatic_licences"
    DIRECTORY = "put_directory"
    RESTRICTED_MODE = "put_restricted_mode"


TITLES = {
    Section.NAME: "Company name",
    Section.EMAIL: "Email settings",
    Section.AUTHENTICATION: "Authentication",
    Section.ASSISTANT: "Webex Assistant",
    Section.CALL_PRIORITY: "Call priority",
    Section.CALLING_BEHAVIOR: "Calling behavior",
    Section.CALL_RECORDING: "Call recording",
    Section.DOMAINS: "Domains",
    Section.SUPPORT_ACCESS: "Support access",
    Section.THIRD_PARTY_DEVICES: "Third-party devices",
    Section.AUTOMATIC_LICENCES: "Automatic licence assignment",
    Section.DIRECTORY: "Directory synchronization",
    Section.RESTRICTED_MODE: "Restricted by Partner Mode",
}


# What a new organisation inherits or is born with, and Webex cannot know.
INHERITED = (Section.EMAIL, Section.AUTHENTICATION, Section.SUPPORT_ACCESS, Section.RESTRICTED_MODE)


def push_organization(*, customer: Customer, section: Section, by: Actor) -> ProvisioningJob:
    """Tell Webex what this section of the organisation's settings is now."""
    return _push(customer, [section], by)


def push_new_organization(*, customer: Customer, by: Actor) -> ProvisioningJob:
    """Tell Webex with which settings a new organisation begins."""
    return _push(customer, INHERITED, by)


def _push(customer: Customer, sections: Sequence[Section], by: Actor) -> ProvisioningJob:
    steps = [NewStep(section.value, TITLES[section]) for section in sections]
    return enqueue(kind=CHANGE_ORGANIZATION, customer=customer, steps=steps, payload={}, by=by)

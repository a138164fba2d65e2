"""Attach an organisation that exists: the decision, known before anything is ordered, and the order (domain.md section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from controlhub.services.constraints import named_errors
from partnerhub.models import OnboardingTemplate, OrganizationAttachment
from partnerhub.services.customers import (
    CustomerInfo,
    Headquarters,
    begin_customer,
    finish_order,
    ordered_changes,
    parts_of,
)
from partnerhub.services.onboarding import attaching_steps
from partnerhub.services.suspension import require_active
from provisioning.gateway import gateway
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer, Partner
from tenancy.policy import Control

CONSENT_FROM_USERS = 100
# Mails go to a handful of administrators (domain.md 9.2).
MOST_ASKED = 6
Decision, Reason = OrganizationAttachment.Decision, OrganizationAttachment.Reason
Licences, Rights = OrganizationAttachment.Licences, OrganizationAttachment.Rights
State = OrganizationAttachment.State


class TrialOrganisation(DomainError):
    code = "trial_organisation"
    message = "This is a trial organization, which cannot be converted. Create a new organization, or wait until the trial is over."


class AlreadyCustomer(DomainError):
    """Of whom is nobody's business."""

    code = "already_customer"
    message = "This organization is a customer of a wholesale partner already."


class NobodyToAsk(DomainError):
    code = "nobody_to_ask"
    message = "This organization has no administrator. It must have one before it can be attached."


class ConsentMailsOff(DomainError):
    code = "consent_mails_off"
    message = (
        "The administrators of this organization must agree, and this onboarding template does not let mails go to them. "
        'Turn on "Allow admin-invite emails when attaching to existing orgs" in it, or use another template.'
    )


@dataclass(frozen=True)
class Organisation:
    """What Webex knows of an organisation. `administrators` are addresses, the primary one first."""

    org_id: UUID
    name: str
    administrators: tuple[str, ...]
    users: int
    verified_domain: bool
    claimed_domain: bool
    licences: OrganizationAttachment.Licences
    trial: bool


@dataclass(frozen=True)
class AttachPlan:
    """What attaching an organisation means: with or without consent and why, and the rights that the partner gets."""

    organisation: Organisation
    decision: OrganizationAttachment.Decision
    reason: OrganizationAttachment.Reason
    rights: OrganizationAttachment.Rights

    @property
    def with_consent(self) -> bool:
        return self.decision is Decision.CONSENT


def decide(organisation: Organisation) -> AttachPlan:
    """The decision of domain.md 9.1, from facts alone. Raises TrialOrganisation, NobodyToAsk."""
    if organisation.trial:
        raise TrialOrganisation(field="org_id")
    if not organisation.administrators:
        raise NobodyToAsk(field="org_id")
    reason = _reason(organisation)
    if reason is not Reason.SMALL:
        return AttachPlan(organisation, Decision.CONSENT, reason, Rights.FULL)
    # Nobody was asked, so whoever has licences keeps his users to himself until he lets the partner see more.
    rights = Rights.LIMITED if organisation.licences is Licences.ACTIVE else Rights.FULL
    return AttachPlan(organisation, Decision.AUTOMATIC, reason, rights)


def _reason(organisation: Organisation) -> OrganizationAttachment.Reason:
    if organisation.users >= CONSENT_FROM_USERS:
        return Reason.USERS
    if organisation.claimed_domain:
        return Reason.CLAIMED_DOMAIN
    return Reason.VERIFIED_DOMAIN if organisation.verified_domain else Reason.SMALL


def plan_attach(*, partner: Partner, org_id: UUID, by: Actor) -> AttachPlan | None:
    """What would happen if `partner` attached this organisation; None when Webex does not know it. Changes nothing.

    Asks Webex, so call it outside a transaction. Raises Forbidden, PartnerSuspended, AlreadyCustomer, TrialOrganisation,
    NobodyToAsk, and RetryableError when Webex does not answer.
    """
    authorize(by, Control.PARTNER_CUSTOMER_CREATE, partner=partner)
    require_active(partner)
    facts = gateway().organisation_of(org_id=str(org_id))
    if not facts["exists"]:
        return None
    _refuse_customer(org_id)
    return decide(
        Organisation(
            org_id=org_id,
            name=facts["name"],
            administrators=tuple(facts["administrators"][:MOST_ASKED]),
            users=facts["users"],
            verified_domain=facts["verified_domain"],
            claimed_domain=facts["claimed_domain"],
            licences=Licences(facts["licences"]),
            trial=facts["trial"],
        )
    )


def _refuse_customer(org_id: UUID, *, but: Customer | None = None) -> None:
    claimed = Q(org_id=org_id) | Q(attachment__org_id=org_id, attachment__state__in=OrganizationAttachment.CLAIMING)
    others = Customer.objects.filter(claimed, deleted_at=None)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise AlreadyCustomer(field="org_id")


@transaction.atomic
def attach_customer(
    *,
    partner: Partner,
    template: OnboardingTemplate,
    plan: AttachPlan,
    info: CustomerInfo,
    packages: Mapping[str, int | None],
    location: Headquarters | None,
    by: Actor,
) -> Customer:
    """Make the organisation of `plan_attach` a customer, as `create_customer` makes a new one, with its job.

    Name and administrator are the organisation's, whatever `info` says. It keeps its sign-in and settings, and is not
    restricted. Raises as create_customer does, and AlreadyCustomer, ConsentMailsOff.
    """
    authorize(by, Control.PARTNER_CUSTOMER_CREATE, partner=partner)
    organisation = plan.organisation
    _refuse_customer(organisation.org_id)
    info = replace(info, name=organisation.name, admin_email=organisation.administrators[0])
    customer = begin_customer(
        partner=partner, template=template, info=info, packages=packages, location=location, attached=True, by=by
    )
    if plan.with_consent and not customer.origin.template_version.admin_invite_emails_on_attach:
        raise ConsentMailsOff(field="provisioning_id")
    _keep(customer, plan)
    finish_order(
        customer=customer,
        steps=attaching_steps(packages, **parts_of(packages), with_consent=plan.with_consent),
        text=f"{by.name} ordered to attach the organization {customer.name}",
        changes=ordered_changes(customer, packages, template)
        | {"attach": [None, f"{plan.decision.label}: {plan.reason.label}"], "rights": [None, plan.rights.label]},
        by=by,
    )
    return customer


def _keep(customer: Customer, plan: AttachPlan) -> None:
    organisation = plan.organisation
    with named_errors({"organization_attached_once": lambda: AlreadyCustomer(field="org_id")}):
        OrganizationAttachment.objects.create(
            customer=customer,
            org_id=organisation.org_id,
            decision=plan.decision,
            reason=plan.reason,
            rights=plan.rights,
            users=organisation.users,
            licences=organisation.licences,
            administrators=list(organisation.administrators),
        )


def reopen_attachment(*, customer: Customer, by: Actor) -> None:
    """Low level, for a retry: who refused or did not answer is asked anew. Raises AlreadyCustomer."""
    unanswered = OrganizationAttachment.objects.filter(customer=customer, state__in=(State.REFUSED, State.EXPIRED))
    attachment = unanswered.select_for_update().first()
    if attachment is None:
        return
    _refuse_customer(attachment.org_id, but=customer)
    facts = {"state": State.ORDERED, "asked_at": None, "answered_at": None, "answered_by": ""}
    with named_errors({"organization_attached_once": AlreadyCustomer}):
        unanswered.update(**facts)
    text = f"{by.name} asks the administrators of {customer.name} anew"
    audit.record(action="consent.reopened", text=text, target=customer, customer=customer, by=by)


def end_attachment(customer: Customer) -> None:
    """Low level: the customer is gone; whoever wants to may attach the organisation now."""
    OrganizationAttachment.objects.filter(customer=customer).update(state=State.ENDED)

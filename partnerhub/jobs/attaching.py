"""Steps that make an organisation that exists a customer: consent, attaching, its administrators (domain.md section 9).

The consent step waits as screening does. It goes through its waits one by one, each committed before the next begins: asked
(so that links work), mails sent, answered. So a mail never carries a link that does not work yet.
"""

from typing import Any

from django.conf import settings
from django.urls import reverse

from controlhub.jobs.mail import send_letter
from controlhub.models import CustomerPackage
from controlhub.services.administrators import appoint
from controlhub.services.clock import database_now
from controlhub.services.organization_pushes import Section, push_organization
from partnerhub.models import OrganizationAttachment
from partnerhub.services.attach_consents import (
    LINK_DAYS,
    LINK_LIFETIME,
    ConsentNotGiven,
    ConsentRefused,
    begin_asking,
    link_token,
    note_sent,
    note_unanswered,
)
from provisioning.errors import PermanentError, WaitUntil
from provisioning.gateway import gateway
from provisioning.queue import ring_on_commit
from provisioning.registry import Result, StepContext, StepHandler
from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.mail import Letter
from tenancy.mail_texts import language_of
from tenancy.models import Customer

State = OrganizationAttachment.State
WAITING = "The administrators of the organization were asked by mail. Provisioning goes on when one of them approves."
NO_MAILBOX = PermanentError(
    "nobody_to_ask", "Mails to every administrator of the organization are stopped. Let one through again, then retry."
)


def _attachment(customer: Customer) -> OrganizationAttachment:
    return OrganizationAttachment.objects.get(customer=customer)


def _ask(context: StepContext) -> Result:
    """Done once somebody has approved. Raises WaitUntil, ConsentRefused, ConsentNotGiven, RetryableError."""
    attachment = _attachment(context.customer)
    if attachment.state == State.APPROVED:
        return {"approved_by": attachment.answered_by}
    if attachment.state == State.REFUSED:
        raise ConsentRefused(attachment.answered_by)
    if attachment.state == State.ORDERED:
        raise WaitUntil(seconds=0, reason="The administrators of the organization are asked.")
    until = attachment.link_until
    if until is None:
        _mail_administrators(context.customer, attachment)
        raise WaitUntil(seconds=LINK_LIFETIME.total_seconds(), reason=WAITING)
    left = (until - database_now()).total_seconds()
    if left <= 0:
        raise ConsentNotGiven()
    raise WaitUntil(seconds=left, reason=WAITING)


def _keep_waiting(context: StepContext, wait: WaitUntil) -> None:
    customer = context.customer
    state = OrganizationAttachment.objects.select_for_update().get(customer=customer).state
    if state == State.ORDERED:
        begin_asking(customer)
    elif state == State.ASKED:
        note_sent(customer)
        return
    wait.seconds = 0  # the next thing can be done at once: send the mails, or go on with an answer
    ring_on_commit(context.job)


def _mail_administrators(customer: Customer, attachment: OrganizationAttachment) -> None:
    results = [send_letter(_letter(customer, attachment, email)) for email in attachment.administrators]
    if not any(result["sent"] for result in results):
        raise NO_MAILBOX


def _letter(customer: Customer, attachment: OrganizationAttachment, email: str) -> Letter:
    partner = customer.partner
    contact = (partner.name, partner.support_email, partner.support_phone)
    words: dict[str, Any] = {
        "customer": customer.name,
        "partner": partner.name,
        "contact": ", ".join(part for part in contact if part),
        "url": settings.BASE_URL + reverse("attach-consent", args=[link_token(attachment, email)]),
        "days": LINK_DAYS,
    }
    language = language_of(customer.language, customer.country)
    return Letter("attach_consent", email, language, words, customer)


def _not_given(context: StepContext, error: PermanentError) -> None:
    """The packages say why they did not come: that is what the API shows of a customer."""
    if error.code == ConsentNotGiven.code:
        note_unanswered(context.customer)
    coming = context.customer.packages.filter(status=CustomerPackage.Status.PROVISIONING)
    coming.update(status=CustomerPackage.Status.ERROR, error_code=error.code, error=str(error))


def _attach(context: StepContext) -> Result:
    customer = context.customer
    attachment, partner = _attachment(customer), customer.partner
    # A sub-partner's provider manages its customers, too (domain.md 9.3).
    managers = [partner, partner.parent] if partner.parent else [partner]
    return gateway().attach_organisation(
        key=context.key,
        org_id=str(attachment.org_id),
        external_id=customer.external_id,
        managed_by=[str(manager.public_id) for manager in managers],
        rights=attachment.rights,
    )


def _attached(context: StepContext, result: Result) -> None:
    customer, attachment = context.customer, _attachment(context.customer)
    customer.org_id, customer.sip_domain = attachment.org_id, result["sip_domain"]
    customer.save(update_fields=["org_id", "sip_domain"])
    OrganizationAttachment.objects.filter(pk=attachment.pk).update(state=State.ATTACHED)
    text = (
        f"The organization {customer.name} is attached; rights of {customer.partner}: {attachment.get_rights_display()}"
    )
    audit.record(action="customer.attached", text=text, target=customer, customer=customer, by=SYSTEM)
    # Its own settings are kept; that it is not restricted is the portal's to say.
    push_organization(customer=customer, section=Section.RESTRICTED_MODE, by=SYSTEM)


def _nothing_to_ask(context: StepContext) -> Result:
    """Webex has these administrators already: the portal only takes note of them, and nobody is notified."""
    return {}


def _administrators_kept(context: StepContext, result: Result) -> None:
    customer = context.customer
    for email in _attachment(customer).administrators:
        text = f"stays full administrator of {customer.name}"
        appoint(customer=customer, email=email, action="administrator.kept", text=text, by=SYSTEM)


CONSENT_STEP = StepHandler(_ask, failed=_not_given, waiting=_keep_waiting, critical=True)
ATTACH_STEP = StepHandler(_attach, _attached, critical=True)
ADMINISTRATORS_STEP = StepHandler(_nothing_to_ask, _administrators_kept)

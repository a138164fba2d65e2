"""The consent of an organisation's administrators: asked by mail, answered on a public page (domain.md 9.2).

As for the owner of a free account (docs/adr/0010-consent-keeps-the-seat.md): the link is signed, dated, bound to the round of
mails and to the address that got it; the answer is a conditional update, so the first one counts and no link works twice.
"""

from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.db.models.functions import Coalesce, Now

from controlhub.services.consents import LinkExpired, LinkInvalid
from partnerhub.models import OrganizationAttachment
from provisioning.models import ProvisioningJob
from provisioning.queue import ring_on_commit
from tenancy import audit
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import PACKAGES

LINK_LIFETIME = OrganizationAttachment.LINK_LIFETIME
LINK_DAYS = LINK_LIFETIME.days
SALT = "partnerhub.attach"
State = OrganizationAttachment.State


class ConsentRefused(DomainError):
    code = "consent_refused"

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} refused: the organization is not attached, and nothing was changed in it. "
            "Talk to its administrators; retry to ask them anew."
        )


class ConsentNotGiven(DomainError):
    code = "consent_not_given"
    message = f"No administrator of the organization answered within {LINK_DAYS} days, so it is not attached. Retry to ask them anew."


@dataclass(frozen=True)
class Asked:
    """What an administrator is asked, as the public page says it. `parent`: the partner's own provider, if there is one."""

    email: str
    organization: str
    partner: str
    parent: str
    packages: list[str]


def begin_asking(customer: Customer) -> None:
    """Low level, by the job: from here on the links of a new round of mails work."""
    rows = OrganizationAttachment.objects.filter(customer=customer, state=State.ORDERED)
    attachment = rows.select_for_update().get()
    rows.update(state=State.ASKED, round=attachment.round + 1, asked_at=None)
    addresses = ", ".join(attachment.administrators)
    text = f"The administrators of {customer.name} are asked for consent: {addresses}"
    audit.record(action="consent.asked", text=text, target=customer, customer=customer, by=SYSTEM)


def note_sent(customer: Customer) -> None:
    """Low level, by the job: the mails of this round have gone out."""
    OrganizationAttachment.objects.filter(customer=customer, state=State.ASKED, asked_at=None).update(asked_at=Now())


def note_unanswered(customer: Customer) -> None:
    """Low level, by the job: the links do not work any more."""
    OrganizationAttachment.objects.filter(customer=customer, state=State.ASKED).update(state=State.EXPIRED)


def link_token(attachment: OrganizationAttachment, email: str) -> str:
    """The unguessable part of the link of one administrator."""
    return signing.dumps([str(attachment.public_id), attachment.round, email], salt=SALT)


def asked(token: str) -> Asked:
    """What a link asks of whom. Raises LinkInvalid or LinkExpired."""
    return _asked(*_attachment_of(token))


@transaction.atomic
def answer(*, token: str, approve: bool, by: Actor) -> Asked:
    """An administrator of the organisation approves or refuses: the job goes on. The first answer counts.

    Raises LinkInvalid, LinkExpired.
    """
    attachment, email = _attachment_of(token)
    customer = attachment.customer
    # Jobs before the attachment, as the runner locks them: neither waits for the other for ever.
    jobs = ProvisioningJob.objects.filter(customer=customer)
    list(jobs.order_by("pk").select_for_update().values_list("pk", flat=True))
    first = OrganizationAttachment.objects.filter(pk=attachment.pk, state=State.ASKED, round=attachment.round)
    state = State.APPROVED if approve else State.REFUSED
    if not first.update(state=state, asked_at=Coalesce("asked_at", Now()), answered_at=Now(), answered_by=email):
        raise LinkInvalid()
    audit.record(
        action="consent.given" if approve else "consent.refused",
        text=f"{email} {'approved' if approve else 'refused'} that {customer.partner} manages {customer.name}",
        target=customer,
        customer=customer,
        by=by,
    )
    waiting = jobs.filter(state=ProvisioningJob.State.RETRY_WAIT)
    waiting.update(next_run_at=Now(), offered_at=None)
    for job in waiting:
        ring_on_commit(job)
    return _asked(attachment, email)


def _asked(attachment: OrganizationAttachment, email: str) -> Asked:
    customer = attachment.customer
    parent = customer.partner.parent
    bought = set(customer.packages.values_list("package", flat=True))
    return Asked(
        email=email,
        organization=customer.name,
        partner=customer.partner.name,
        parent=parent.name if parent else "",
        packages=[package.name for code, package in PACKAGES.items() if code in bought],
    )


def _attachment_of(token: str) -> tuple[OrganizationAttachment, str]:
    try:
        public_id, round_, email = signing.loads(token, salt=SALT, max_age=LINK_LIFETIME)
    except signing.SignatureExpired as error:
        raise LinkExpired() from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid() from error
    attachment = (
        OrganizationAttachment.objects.select_related("customer__partner__parent")
        .filter(public_id=public_id, round=round_, state=State.ASKED, customer__deleted_at=None)
        .first()
    )
    if attachment is None:
        raise LinkInvalid()
    return attachment, email

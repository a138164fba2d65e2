"""Webhooks: made, changed, tested, replayed, switched off. Whoever says where to send and with which secret owns it from then on.

What is sent, and how, is api.delivering's; which deeds are heard, tenancy.announcing's.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import SYSTEM, Actor
from tenancy.egress import check_url
from tenancy.errors import DomainError, Forbidden
from tenancy.mail import Letter, MailUnavailable, deliver
from tenancy.mail_texts import ENGLISH
from tenancy.models import AdminUser, Customer, Event, Integration, Partner, Resource, Webhook, WebhookDelivery
from tenancy.policy import Control
from tenancy.sealing import seal

NAME_LENGTH = 80
SECRET_LENGTH = 255
MOST_PER_PARTNER = 50
Status, Reason = Webhook.Status, Webhook.Reason
State = WebhookDelivery.State
logger = structlog.get_logger(__name__)


class WebhookNameInvalid(DomainError):
    code = "webhook_name_invalid"
    message = f"Use 1 to {NAME_LENGTH} characters that can be read."


class SecretInvalid(DomainError):
    code = "secret_invalid"
    message = f"A secret has at most {SECRET_LENGTH} printable characters."


class TooManyWebhooks(DomainError):
    code = "too_many_webhooks"
    message = f"A partner has at most {MOST_PER_PARTNER} webhooks. Delete one that is not needed any more."


class WebhookOff(DomainError):
    code = "webhook_off"
    message = "This webhook is switched off. Switch it on first."


@dataclass(frozen=True)
class NewWebhook:
    """What a webhook is to be."""

    name: str
    target_url: str
    resource: Resource
    event: Event
    customer: Customer | None = None
    secret: str = ""


def new_secret() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


def webhooks_of(partner: Partner) -> QuerySet[Webhook]:
    """The partner's webhooks, whoever owns them."""
    return partner.webhooks.select_related("owner", "customer")


def deliveries_of(webhook: Webhook, *, state: str = "", event: str = "") -> QuerySet[WebhookDelivery]:
    """The delivery log of a webhook, without order; `event` is "resource.event", or "test"."""
    rows = webhook.deliveries.all()
    if state:
        rows = rows.filter(state=state)
    if event:
        resource, _, what = event.removeprefix("test").partition(".")
        rows = rows.filter(resource=resource, event=what)
    return rows


@transaction.atomic
def create_webhook(*, partner: Partner, new: NewWebhook, by: Actor) -> Webhook:
    """A webhook of the partner, owned by the actor. Raises Forbidden, TargetRefused, WebhookNameInvalid, SecretInvalid,
    TooManyWebhooks.
    """
    authorize(by, Control.PARTNER_WEBHOOKS, partner=partner)
    owner = _person(by)
    _check(name=new.name, target_url=new.target_url, secret=new.secret)
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    if partner.webhooks.count() >= MOST_PER_PARTNER:
        raise TooManyWebhooks()
    webhook = Webhook.objects.create(
        partner=partner,
        owner=owner,
        integration_id=by.integration_id,
        name=new.name,
        target_url=new.target_url,
        resource=new.resource,
        event=new.event,
        customer=new.customer,
        secret=seal(new.secret),
    )
    webhook.refresh_from_db(fields=["created_at"])
    _record("created", f"{by.name} made the webhook {webhook}", webhook, {"target_url": [None, webhook.target_url]}, by)
    return webhook


@transaction.atomic
def change_webhook(
    *,
    webhook: Webhook,
    name: str | None = None,
    target_url: str | None = None,
    secret: str | None = None,
    active: bool | None = None,
    by: Actor,
) -> Webhook:
    """Change what is given. A new target or secret makes the actor the owner: it is told what he may read.

    Raises Forbidden, TargetRefused, WebhookNameInvalid, SecretInvalid.
    """
    authorize(by, Control.PARTNER_WEBHOOKS, partner=webhook.partner)
    _check(name=name, target_url=target_url, secret=secret)
    webhook = Webhook.objects.select_for_update(no_key=True, of=("self",)).select_related("partner").get(pk=webhook.pk)
    wanted: dict[str, Any] = {"name": name, "target_url": target_url}
    wanted = {field: value for field, value in wanted.items() if value not in (None, getattr(webhook, field))}
    changes = {field: [getattr(webhook, field), value] for field, value in wanted.items()}
    if secret is not None:
        wanted["secret"], changes["secret"] = seal(secret), ["(hidden)", "(hidden)"]
    if "target_url" in wanted or secret is not None:
        wanted |= {"owner": _person(by), "integration_id": by.integration_id}
        wanted |= {"failing_since": None, "paused_until": None}
    for field, value in wanted.items():
        setattr(webhook, field, value)
    webhook.save(update_fields=list(wanted))
    if changes:
        _record("changed", f"{by.name} changed the webhook {webhook}", webhook, changes, by)
    if active is not None and active != webhook.is_active:
        _switch_on(webhook, by) if active else _switch_off(webhook, Reason.PERSON, by)
    return webhook


def switch_off_of(*, integration: Integration, owner: AdminUser | None = None, by: Actor) -> None:
    """Switch off what was made by an integration's tokens (by those of one person): it ends, and so does what it set up."""
    rows = integration.webhooks.filter(status=Status.ACTIVE, **({"owner": owner} if owner else {}))
    for webhook in rows.select_for_update(no_key=True, of=("self",)).select_related("partner"):
        _switch_off(webhook, Reason.PERSON, by)


def _switch_on(webhook: Webhook, by: Actor) -> None:
    webhook.status, webhook.off_for, webhook.failing_since, webhook.paused_until = (
        Status.ACTIVE,
        Reason.NONE,
        None,
        None,
    )
    webhook.save(update_fields=["status", "off_for", "failing_since", "paused_until"])
    _record("switched_on", f"{by.name} switched on the webhook {webhook}", webhook, {}, by)


def _switch_off(webhook: Webhook, reason: Webhook.Reason, by: Actor) -> None:
    webhook.status, webhook.off_for = Status.INACTIVE, reason
    webhook.save(update_fields=["status", "off_for"])
    _fail_waiting(webhook.deliveries.all())
    _record("switched_off", f"{by.name} switched off the webhook {webhook}", webhook, {"why": [None, reason.value]}, by)


def _fail_waiting(deliveries: QuerySet[WebhookDelivery]) -> None:
    """What was still to be sent can be replayed by hand, once somebody has mended the receiver."""
    deliveries.filter(state=State.WAITING).update(
        state=State.FAILED, finished_at=Now(), error="The webhook was switched off."
    )


@transaction.atomic
def give_up(*, webhook: Webhook, since: datetime) -> None:
    """Low level: switch off a webhook that has answered nothing good since `since`, and write to its owner."""
    webhook = (
        Webhook.objects.select_for_update(no_key=True, of=("self",))
        .select_related("partner", "owner")
        .get(pk=webhook.pk)
    )
    if not webhook.is_active or webhook.failing_since != since:
        return
    _switch_off(webhook, Reason.FAILING, SYSTEM)
    _tell_owner(webhook)


def _tell_owner(webhook: Webhook) -> None:
    """In English, as all mails to a service provider's staff. A mail server that is away undoes nothing: the page says the same."""
    letter = Letter("webhook_off", webhook.owner.email, ENGLISH, {})
    subject = f"The webhook {webhook.name} was switched off"
    page = f"{settings.BASE_URL}/partner/{webhook.partner.public_id}/webhooks/{webhook.public_id}/"
    text = (
        f"{webhook.target_url} has not taken any event of {webhook.partner.name} for {settings.WEBHOOK_GIVE_UP_HOURS} hours, "
        f"so the webhook {webhook.name} was switched off. Nothing is sent to it any more.\n\n"
        f"Mend the receiver, then switch the webhook on and replay what was missed:\n{page}\n"
    )

    def tell() -> None:
        try:
            deliver(letter, subject, text)
        except MailUnavailable as error:
            logger.warning("mail_not_sent", kind=letter.kind, error=type(error.__cause__).__name__)

    transaction.on_commit(tell, robust=True)


@transaction.atomic
def delete_webhook(*, webhook: Webhook, by: Actor) -> None:
    """Delete a webhook and its log. Twice is harmless. Raises Forbidden."""
    authorize(by, Control.PARTNER_WEBHOOKS, partner=webhook.partner)
    if Webhook.objects.filter(pk=webhook.pk).delete()[0]:
        _record("deleted", f"{by.name} deleted the webhook {webhook}", webhook, {"name": [webhook.name, None]}, by)


@transaction.atomic
def send_test(*, webhook: Webhook, by: Actor) -> WebhookDelivery:
    """Order a delivery that is about nothing, to see whether the receiver answers. Raises Forbidden, WebhookOff."""
    authorize(by, Control.PARTNER_WEBHOOKS, partner=webhook.partner)
    _require_active(webhook)
    delivery = WebhookDelivery.objects.create(webhook=webhook)
    _record("tested", f"{by.name} tested the webhook {webhook}", webhook, {}, by)
    return delivery


@transaction.atomic
def replay(*, delivery: WebhookDelivery, by: Actor) -> WebhookDelivery:
    """Send an event once more, with a delivery id of its own: what it tells is what holds now. Raises Forbidden, WebhookOff."""
    webhook = delivery.webhook
    authorize(by, Control.PARTNER_WEBHOOKS, partner=webhook.partner)
    _require_active(webhook)
    again = WebhookDelivery.objects.create(
        webhook=webhook,
        resource=delivery.resource,
        event=delivery.event,
        target_id=delivery.target_id,
        customer_id=delivery.customer_id,
        happened_at=delivery.happened_at,
        replay_of=delivery.public_id,
    )
    _record("replayed", f"{by.name} replayed {delivery} of the webhook {webhook}", webhook, {}, by)
    return again


def _require_active(webhook: Webhook) -> None:
    # A share of the row's lock: a webhook that is being switched off meanwhile takes this delivery with it.
    locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    if not locked.is_active:
        raise WebhookOff()
    Webhook.objects.filter(pk=webhook.pk).exclude(paused_until=None).update(paused_until=None)


def purge_deliveries(*, before: datetime, at_once: int = 5000) -> int:
    """Forget what was finished before a moment; returns how many. In parts, so that no transaction is long."""
    # A deed that was committed just after its webhook had been switched off.
    _fail_waiting(WebhookDelivery.objects.filter(webhook__status=Status.INACTIVE))
    total = 0
    while True:
        old = WebhookDelivery.objects.filter(finished_at__lt=before).order_by(F("finished_at")).values("pk")[:at_once]
        deleted, _ = WebhookDelivery.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
        total += deleted
        if deleted < at_once:
            return total


def _person(by: Actor) -> AdminUser:
    if by.admin is None:
        raise Forbidden("A webhook needs an owner: it is told what he may read.")
    return by.admin


def _check(*, name: str | None, target_url: str | None, secret: str | None) -> None:
    if name is not None and (not name.strip() or len(name) > NAME_LENGTH or not name.isprintable()):
        raise WebhookNameInvalid(field="name")
    if target_url is not None:
        check_url(target_url)
    if secret and (len(secret) > SECRET_LENGTH or not secret.isprintable()):
        raise SecretInvalid(field="secret")


def _record(verb: str, text: str, webhook: Webhook, changes: dict[str, Any], by: Actor) -> None:
    audit.record(action=f"webhook.{verb}", text=text, target=webhook, partner=webhook.partner, changes=changes, by=by)

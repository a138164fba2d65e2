"""What a webhook is told: the envelope of the public API's webhooks, and in `data` what its owner could read right now.

Rights are read when it is sent, not when it happened: whoever lost his role is told nothing more. Telling what holds now,
not what held then, makes repetition and wrong order harmless (as ADR 0015 for Webex itself).
"""

import uuid
from typing import Any

from api import codes, ids, speaking
from api.queries import subscribers_of
from api.schemas.common import CodedError, Spoken, stamp
from api.schemas.webhooks import SpokenJob, SpokenWebhook
from billing.models import BillingReport
from controlhub.models import Subscriber
from provisioning.models import ProvisioningJob
from tenancy.access import level
from tenancy.actors import Actor
from tenancy.models import Customer, Partner, Resource, Webhook, WebhookDelivery
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Control, Level

Data = dict[str, Any]
Told = dict[tuple[str, uuid.UUID, int, int | None], Data | None]


def body_of(delivery: WebhookDelivery, *, owner: Actor, told: Told) -> Data | None:
    """The body to send, or None when the webhook's owner may not read this today.

    `told` remembers what was read a moment ago: several events of one thing follow each other closely.
    """
    webhook = delivery.webhook
    if level(owner, Control.PARTNER_WEBHOOKS, partner=webhook.partner) < Level.EDIT:
        return None
    data: Data | None = {}
    if delivery.target_id:
        key = (delivery.resource, delivery.target_id, webhook.partner_id, owner.admin_id)
        if key not in told:
            told[key] = _DATA[Resource(delivery.resource)](delivery.target_id, webhook.partner, owner)
        data = told[key]
    if data is None:
        return None
    about = {"resource": delivery.resource or webhook.resource, "event": delivery.event or "test"}
    when = {"deliveryId": str(delivery.public_id), "occurred": stamp(delivery.happened_at)}
    return _plain(envelope(webhook)) | about | when | {"data": data}


def envelope(webhook: Webhook) -> SpokenWebhook:
    """A webhook as the API says it; never its secret."""
    return SpokenWebhook(
        id=opaque_id(ids.WEBHOOK, webhook.public_id),
        name=webhook.name,
        target_url=webhook.target_url,
        resource=webhook.resource,
        event=webhook.event,
        filter=f"customerId={opaque_id(ids.CUSTOMER, webhook.customer.public_id)}" if webhook.customer else None,
        org_id=ids.partner_org_id(webhook.partner),
        created_by=opaque_id(ids.PERSON, webhook.owner.public_id),
        owned_by="org",
        status=webhook.status,
        created=webhook.created_at,
    )


def _customer(target: uuid.UUID, partner: Partner, owner: Actor) -> Data | None:
    rows = Customer.objects.filter(partner=partner, public_id=target)
    row = rows.select_related("partner__parent").prefetch_related("packages").first()
    if row is None or level(owner, Control.PARTNER_CUSTOMERS, customer=row) < Level.READ_ONLY:
        return None
    if row.deleted_at:
        gone = {"orgId": opaque_id(ids.ORGANIZATION, row.org_id), "externalId": row.external_id}
        return {"id": opaque_id(ids.CUSTOMER, row.public_id)} | {name: text for name, text in gone.items() if text}
    return _plain(speaking.customer(row))


def _subscriber(target: uuid.UUID, partner: Partner, owner: Actor) -> Data | None:
    rows = Subscriber.objects.filter(partner=partner, public_id=target)
    row = rows.select_related("customer__partner__parent").first()
    if row is None or level(owner, Control.PARTNER_CUSTOMERS, customer=row.customer) < Level.READ_ONLY:
        return None
    living = subscribers_of(partner, actor=owner).filter(pk=row.pk).first()
    if living is not None:
        return _plain(speaking.subscriber(living))
    return {
        "id": opaque_id(ids.SUBSCRIBER, row.public_id),
        "customerId": opaque_id(ids.CUSTOMER, row.customer.public_id),
        "externalCustomerId": row.customer.external_id,
    }


def _report(target: uuid.UUID, partner: Partner, owner: Actor) -> Data | None:
    if level(owner, Control.PARTNER_BILLING, partner=partner) < Level.READ_ONLY:
        return None
    row = BillingReport.objects.filter(partner=partner, public_id=target).select_related("created_by").first()
    # Without the link to its file: whoever may have that asks for the report itself.
    return _plain(speaking.report(row, None)) if row else {"id": opaque_id(ids.REPORT, target)}


def _job(target: uuid.UUID, partner: Partner, owner: Actor) -> Data | None:
    rows = ProvisioningJob.objects.filter(partner=partner, public_id=target)
    row = rows.select_related("customer__partner__parent").first()
    if row is None or level(owner, Control.PARTNER_PROVISIONING, customer=row.customer) < Level.READ_ONLY:
        return None
    error = CodedError(error_code=codes.number_of(row.error_code), description=row.error) if row.error else None
    return _plain(
        SpokenJob(
            id=opaque_id(ids.JOB, row.public_id),
            type=row.kind,
            status=row.state,
            customer_id=opaque_id(ids.CUSTOMER, row.customer.public_id),
            errors=[error] if error else None,
            created=row.created_at,
            finished=row.finished_at,
        )
    )


_DATA = {
    Resource.CUSTOMERS: _customer,
    Resource.SUBSCRIBERS: _subscriber,
    Resource.REPORTS: _report,
    Resource.JOBS: _job,
}


def _plain(spoken: Spoken) -> Data:
    return spoken.model_dump(mode="json", by_alias=True, exclude_none=True)

"""Wizard drafts: saved page by page, handed in once."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenancy.actors import Actor
from tenancy.errors import Forbidden
from tenancy.models import Customer, Partner, WizardDraft

KEEP_DRAFTS = timedelta(days=30)


def drafts_of(*, by: Actor, kind: str, partner: Partner, customer: Customer | None = None) -> QuerySet[WizardDraft]:
    """The actor's own drafts of one wizard at one partner (and customer). Nobody else's."""
    return WizardDraft.objects.filter(owner=by.admin, kind=kind, partner=partner, customer=customer)


def start_draft(
    *,
    kind: str,
    partner: Partner,
    customer: Customer | None = None,
    data: dict[str, dict[str, list[str]]] | None = None,
    by: Actor,
) -> WizardDraft:
    """A new draft owned by the actor; `data` is what its pages already hold."""
    if by.admin is None:
        raise Forbidden("Only a person fills in a wizard.")
    return WizardDraft.objects.create(kind=kind, owner=by.admin, partner=partner, customer=customer, data=data or {})


@transaction.atomic
def save_page(*, draft: WizardDraft, page: str, answers: dict[str, list[str]]) -> WizardDraft:
    """Keep what was typed on one page, valid or not. The row is locked: a second tab cannot lose another page's input."""
    fresh = WizardDraft.objects.select_for_update().get(pk=draft.pk)
    fresh.data[page] = answers
    fresh.save(update_fields=["data", "updated_at"])
    return fresh


def lock_draft(*, draft: WizardDraft) -> WizardDraft:
    """The draft as it is now, held until the transaction ends: a second Confirm waits, and then finds it handed in."""
    return WizardDraft.objects.select_for_update().get(pk=draft.pk)


def hand_in(*, draft: WizardDraft, result_url: str) -> None:
    """Close a locked draft. Every later Confirm, Back or reload is sent to `result_url`."""
    draft.submitted_at, draft.result_url = timezone.now(), result_url
    draft.save(update_fields=["submitted_at", "result_url"])


def purge_drafts(*, now: Any) -> int:
    """Delete drafts untouched for 30 days; returns how many."""
    return WizardDraft.objects.filter(updated_at__lt=now - KEEP_DRAFTS).delete()[0]

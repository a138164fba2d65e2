"""Wizard drafts: saved page by page, handed in once."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenancy.actors import Actor
from tenancy.models import Customer, Partner, WizardDraft

KEEP_DRAFTS = timedelta(days=30)


def drafts_of(*, by: Actor, kind: str, partner: Partner, customer: Customer | None = None) -> QuerySet[WizardDraft]:
    """The actor's own drafts of one wizard at one partner (and customer). Nobody else's."""
    return WizardDraft.objects.filter(owner=by.admin, kind=kind, partner=partner, customer=customer)


def start_draft(*, kind: str, partner: Partner, customer: Customer | None = None, by: Actor) -> WizardDraft:
    """A new, empty draft owned by the actor."""
    return WizardDraft.objects.create(kind=kind, owner=by.admin, partner=partner, customer=customer)


@transaction.atomic
def save_page(*, draft: WizardDraft, page: str, answers: dict[str, list[str]]) -> WizardDraft:
    """Keep what was typed on one page, valid or not. The row is locked: a second tab cannot lose another page's input."""
    fresh = WizardDraft.objects.select_for_update().get(pk=draft.pk)
    fresh.data[page] = answers
    fresh.save(update_fields=["data", "updated_at"])
    return fresh


def claim_draft(*, draft: WizardDraft) -> bool:
    """Hand the draft in. False when somebody (a second click, another tab) already did. Call inside a transaction."""
    return bool(WizardDraft.objects.filter(pk=draft.pk, submitted_at=None).update(submitted_at=timezone.now()))


def set_result(*, draft: WizardDraft, url: str) -> None:
    """Where a second Confirm is sent."""
    WizardDraft.objects.filter(pk=draft.pk).update(result_url=url)


def purge_drafts(*, now: Any) -> int:
    """Delete drafts untouched for 30 days; returns how many."""
    return WizardDraft.objects.filter(updated_at__lt=now - KEEP_DRAFTS).delete()[0]

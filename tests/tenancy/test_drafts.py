"""Wizard drafts: one's own only, page by page, and forgotten after thirty days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tenancy.actors import SYSTEM
from tenancy.drafts import drafts_of, purge_drafts, save_page, start_draft
from tenancy.errors import Forbidden
from tenancy.models import WizardDraft
from tenancy.tasks import purge_drafts_task
from tests.cast import Cast


def test_a_draft_is_found_by_its_owner_at_its_place_only(cast: Cast) -> None:
    paula = cast.actor("partner_full")
    draft = start_draft(kind="a", partner=cast.north, customer=cast.acme, by=paula)
    place = {"kind": "a", "partner": cast.north, "customer": cast.acme, "by": paula}
    assert list(drafts_of(**place)) == [draft]
    for other in (
        {"kind": "b"},
        {"partner": cast.branch},
        {"customer": None},
        {"customer": cast.open_acme},
        {"by": cast.actor("partner_plain")},
    ):
        assert list(drafts_of(**place | other)) == []


def test_only_a_person_fills_in_a_wizard(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        start_draft(kind="a", partner=cast.north, by=SYSTEM)
    assert not WizardDraft.objects.exists()


def test_saving_from_a_stale_copy_keeps_the_other_pages(cast: Cast) -> None:
    draft = start_draft(kind="a", partner=cast.north, data={"one": {"x": ["1"]}}, by=cast.actor("partner_full"))
    stale = WizardDraft.objects.get()
    save_page(draft=draft, page="two", answers={"y": ["2"]})
    save_page(draft=stale, page="three", answers={"z": ["3"]})
    draft.refresh_from_db()
    assert draft.data == {"one": {"x": ["1"]}, "two": {"y": ["2"]}, "three": {"z": ["3"]}}


def test_drafts_untouched_for_thirty_days_are_forgotten(cast: Cast) -> None:
    now = timezone.now()
    kept = start_draft(kind="a", partner=cast.north, by=cast.actor("partner_full"))
    old = start_draft(kind="a", partner=cast.north, by=cast.actor("partner_full"))
    WizardDraft.objects.filter(pk=old.pk).update(updated_at=now - timedelta(days=30, seconds=1))
    WizardDraft.objects.filter(pk=kept.pk).update(updated_at=now - timedelta(days=29))
    assert purge_drafts(now=now) == 1
    assert list(WizardDraft.objects.all()) == [kept]
    purge_drafts_task()
    assert list(WizardDraft.objects.all()) == [kept]

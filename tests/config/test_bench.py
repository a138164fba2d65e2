"""The benchmark prints every search, keeps its promise at a small size, and leaves nothing behind."""

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models import UsageDay
from config.bench import billing, billing_words
from config.bench.billing import Night, Report
from controlhub.models import Subscriber
from tenancy.models import Partner

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_bench_of_users_measures_and_leaves_nothing() -> None:
    out = StringIO()
    call_command("bench", "users", "--subscribers", "500", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Users list of one customer with 500 users; database time of a whole page"
    assert [line.split("  ")[0] for line in lines[2:4]] == ["floor: one page by its index", "no search"]
    assert (lines[-1], Subscriber.objects.count(), Partner.objects.count()) == ("All under 50 ms.", 0, 0)


def test_too_few_users_say_nothing() -> None:
    with pytest.raises(CommandError, match="at least 100"):
        call_command("bench", "users", "--subscribers", "5")


@pytest.mark.slow
def test_the_bench_of_billing_measures_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """At this size times say nothing, so only the limits are loosened; what is compared comes to the same."""
    for limit in ("GROWTH", "ABOVE_FLOOR", "CHECKING", "MEMORY_MB"):
        monkeypatch.setattr(billing_words, limit, 1_000.0)
    out = StringIO()
    call_command("bench", "billing", "--subscribers", "200", stdout=out)
    lines = out.getvalue().splitlines()
    measured = [tuple(line.split()[:2]) for line in lines if "peak memory" in line and "lines" in line]
    assert measured == [(size, level) for size in ("200", "2,000") for level in ("PARTNER", "CUSTOMER", "USER")]
    assert lines[-1] == "All promises are kept."
    assert (Subscriber.objects.count(), Partner.objects.count(), UsageDay.objects.count()) == (0, 0, 0)


def test_a_broken_promise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(100, 20, seconds=[2.6], checking=[1.0], floor=[1.0], wal=[4000.0], floor_wal=[4000.0], dense=9.0)
    later = replace(night, subscribers=1000, seconds=[2.5], checking=[1.1], wal=[5300.0])
    report = Report(1000, "USER", 5, seconds=1.6, floor=1.0, brute=None, peak_mb=210.0)
    monkeypatch.setattr(billing, "measure", lambda **_: iter([night, report, later, replace(report, seconds=0.4)]))
    out = StringIO()
    with pytest.raises(CommandError, match="5 of 9 promises are broken"):
        call_command("bench", "billing", "--subscribers", "100", stdout=out)
    assert out.getvalue().splitlines()[-9:] == [
        "kept   night's time, 10 times the subscribers: 0.96, at most 1.3",
        "BROKEN night's WAL, 10 times the subscribers: 1.32, at most 1.3",
        "BROKEN night's writing above its floor, 100 subscribers: 1.60, at most 1.5",
        "kept   night's second computation, in floors, 100 subscribers: 1.00, at most 1.0",
        "kept   night's writing above its floor, 1,000 subscribers: 1.40, at most 1.5",
        "BROKEN night's second computation, in floors, 1,000 subscribers: 1.10, at most 1.0",
        "BROKEN USER report above its floor, 1,000 subscribers: 1.60, at most 1.5",
        "kept   USER report above its floor, 1,000 subscribers: 0.40, at most 1.5",
        "BROKEN peak memory 210 MB, under 200 MB",
    ]

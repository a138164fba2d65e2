"""The benchmark prints every search, keeps its promise at a small size, and leaves nothing behind."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

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

"""The pages that correct usage: choose, say what is true, preview, confirm; and what was corrected."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from billing.models import UsageAdjustment, UsageCorrection
from billing.services.closing import close_missing_days
from controlhub.models import PackageAssignment
from tests.cast import Cast
from tests.factories import make_adjustment, make_assignment, make_correction, make_location, make_subscriber

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
Ago = Callable[..., datetime]
DAY = 86_400


@pytest.fixture
def suite(cast: Cast, ago: Ago, today: date) -> PackageAssignment:
    """Five days of Suite of Ada Sample at Acme, all closed."""
    place = make_location(cast.acme)
    person = make_subscriber(cast.acme, first_name="Ada", last_name="Sample", location=place)
    assignment = make_assignment(person, "webex_suite", start=ago(6), end=ago(1))
    list(close_missing_days(until=today - timedelta(days=1)))
    return assignment


def url(name: str, cast: Cast, *args: object) -> str:
    return reverse(f"billing:{name}", args=[cast.north.public_id, *args])


def correct_url(cast: Cast, assignment: PackageAssignment) -> str:
    return url("usage-correct", cast, cast.acme.public_id, assignment.pk)


def typed(start: datetime, end: datetime, **fields: str) -> dict[str, str]:
    times = {"started_at": f"{start:%Y-%m-%dT%H:%M:%S}", "ended_at": f"{end:%Y-%m-%dT%H:%M:%S}"}
    return times | {"reason": "Removed too late"} | fields


def test_preview_then_confirm(suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago) -> None:
    client, page = sign_in("partner_full"), correct_url(cast, suite)
    preview = client.post(page, typed(ago(6), ago(3, 12)))
    assert preview.status_code == 200
    assert "−1.500000 days used" in preview.content.decode()
    assert not UsageCorrection.objects.exists()

    seen = preview.context["seen"]
    response = client.post(page, typed(ago(6), ago(3, 12), seen=seen))

    correction = UsageCorrection.objects.get()
    assert (response.status_code, response["Location"]) == (302, url("correction-detail", cast, correction.public_id))
    assert (correction.ended_at, correction.made_by) == (ago(3, 12), cast.admins["partner_full"])
    assert list(UsageAdjustment.objects.values_list("seconds", flat=True)) == [-DAY // 2, -DAY]
    assert client.post(page, typed(ago(6), ago(3, 12), seen=seen)).status_code == 422  # pressed twice
    assert UsageCorrection.objects.count() == 1


def test_what_was_changed_after_the_preview_is_previewed_again(
    suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago
) -> None:
    client, page = sign_in("partner_full"), correct_url(cast, suite)
    seen = client.post(page, typed(ago(6), ago(3))).context["seen"]
    response = client.post(page, typed(ago(6), ago(4), seen=seen))
    assert (response.status_code, "−3.000000 days used" in response.content.decode()) == (200, True)
    assert not UsageCorrection.objects.exists()


def test_it_never_was(suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago) -> None:
    response = sign_in("partner_full").post(correct_url(cast, suite), typed(ago(6), ago(1), never="on"))
    assert "−5.000000 days used" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "complaint"),
    [
        ({"started_at": "soon"}, "started_at", "Enter a valid date/time."),
        ({"started_at": "0001-01-01T00:00:00"}, "started_at", "Corrections reach 5 years back"),
        ({"started_at": "9999-12-31T23:59:59"}, "started_at", "still to come"),
        ({"ended_at": ""}, "ended_at", "This field is required."),
        ({"ended_at": "2021-12-01T00:00:00"}, "ended_at", "cannot have ended before it started"),
        ({"reason": " "}, "reason", "This field is required."),
        ({"reason": "x" * 301}, "reason", "at most 300 characters"),
        ({}, "__all__", "nothing to correct"),
    ],
)
def test_bad_input_is_told_and_kept(
    suite: PackageAssignment,
    cast: Cast,
    sign_in: SignIn,
    ago: Ago,
    fields: dict[str, str],
    field: str,
    complaint: str,
) -> None:
    response = sign_in("partner_full").post(correct_url(cast, suite), typed(ago(6), ago(1)) | fields)
    assert (response.status_code, complaint in str(response.context["form"].errors[field])) == (422, True)
    assert "Removed too late" in response.content.decode() or "reason" in fields
    assert not UsageCorrection.objects.exists()


def test_what_still_runs_has_no_end_to_type(cast: Cast, sign_in: SignIn, ago: Ago, today: date) -> None:
    running = make_assignment(make_subscriber(cast.acme), "webex_suite", start=ago(3))
    response = sign_in("partner_full").get(correct_url(cast, running))
    assert "still assigned" in response.content.decode()
    assert list(response.context["form"].fields) == ["started_at", "reason"]
    response = sign_in("partner_full").post(correct_url(cast, running), typed(ago(4), ago(2)))
    assert "+1.000000 days used" in response.content.decode()


def test_times_are_utc_whatever_the_viewers_zone(
    suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago
) -> None:
    cast.admins["partner_full"].time_zone = "Pacific/Auckland"
    cast.admins["partner_full"].save(update_fields=["time_zone"])
    page = sign_in("partner_full").get(correct_url(cast, suite)).content.decode()
    assert f'value="{ago(6):%Y-%m-%dT%H:%M:%S}"' in page


def test_an_interval_of_another_customer_is_not_found(suite: PackageAssignment, cast: Cast, sign_in: SignIn) -> None:
    page = url("usage-correct", cast, cast.open_acme.public_id, suite.pk)
    assert sign_in("partner_full").get(page).status_code == 404
    beyond = url("usage-correct", cast, cast.acme.public_id, 10**30)
    assert sign_in("partner_full").get(beyond).status_code == 404


def test_a_reader_sees_and_cannot_correct(suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago) -> None:
    make_adjustment(suite, ago(2).date(), -10)
    client = sign_in("partner_readonly")
    assert "Correct usage" not in client.get(url("correction-list", cast)).content.decode()
    assert client.get(url("interval-list", cast, cast.acme.public_id)).status_code == 200
    assert client.get(correct_url(cast, suite)).status_code == 403
    assert client.post(correct_url(cast, suite), typed(ago(6), ago(3))).status_code == 403


def test_customers_and_intervals_are_found(suite: PackageAssignment, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("partner_full")
    for word, found in {"acme den": True, cast.acme.external_id: True, "nobody": False, "Southern": False}.items():
        page = client.get(url("customer-choice", cast), {"q": word}).content.decode()
        assert (str(cast.acme.public_id) in page) is found
    for word, found in {"ada": True, "sample ada": True, "room": False, "\x00": True}.items():
        page = client.get(url("interval-list", cast, cast.acme.public_id), {"q": word}).content.decode()
        assert ("Ada Sample" in page) is found


def test_the_former_partner_still_corrects_what_it_was_billed(
    suite: PackageAssignment, cast: Cast, sign_in: SignIn
) -> None:
    cast.acme.partner = cast.branch
    cast.acme.save(update_fields=["partner"])
    page = sign_in("partner_full").get(url("interval-list", cast, cast.acme.public_id))
    assert "Ada Sample" in page.content.decode()
    elsewhere = reverse("billing:interval-list", args=[cast.branch.public_id, cast.acme.public_id])
    assert "Ada Sample" not in sign_in("subpartner_full").get(elsewhere).content.decode()


def test_the_export_has_one_line_per_day(suite: PackageAssignment, cast: Cast, sign_in: SignIn, ago: Ago) -> None:
    correction = make_correction(suite, reason="=cmd", made_by=cast.admins["partner_full"])
    for days, seconds in ((3, -DAY), (2, 10)):
        make_adjustment(suite, ago(days).date(), seconds, correction=correction)

    response = sign_in("partner_readonly").get(url("correction-export", cast))

    lines = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [(line["About (UTC)"], line["Seconds"], line["Days used"]) for line in lines] == [
        (f"{ago(3):%F}", "-86400", "-1.000000"),
        (f"{ago(2):%F}", "10", "0.000116"),
    ]
    assert {(line["Customer"], line["User or workspace"], line["Package"]) for line in lines} == {
        ("Acme Dental", "Ada Sample", "Webex Suite")
    }
    assert {(line["Reason"], line["Made by"]) for line in lines} == {("'=cmd", "Paula Full")}


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_for_any_number_of_rows(
    rows: int,
    suite: PackageAssignment,
    cast: Cast,
    sign_in: SignIn,
    ago: Ago,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(rows):
        assignment = make_assignment(make_subscriber(cast.acme), start=ago(0), end=ago(0))
        make_adjustment(assignment, ago(n + 1).date(), 10)
    client = sign_in("partner_full")
    correction = UsageCorrection.objects.first()
    pages = {
        url("correction-list", cast): 7,
        url("correction-detail", cast, correction.public_id): 7,
        url("customer-choice", cast): 6,
        url("interval-list", cast, cast.acme.public_id): 7,
    }
    client.get(url("correction-list", cast))  # the first page of a session writes it
    for page, queries in pages.items():
        with django_assert_num_queries(queries):
            assert client.get(page).status_code == 200

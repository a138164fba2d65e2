"""Help desk: what is found across whose customers, the cards, and the verification code."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import F
from django.test import Client
from django.urls import reverse

from controlhub.models import Subscriber
from partnerhub.models import IdentityCheck
from partnerhub.queries.helpdesk import e164_prefix, search
from partnerhub.services.identity import TooManyCodes, WrongCode, check_code, send_code
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Customer, Partner
from tenancy.opaque_ids import opaque_id
from tests.cast import Cast
from tests.factories import make_assignment, make_device, make_location, make_number, make_package, make_subscriber

SignIn = Callable[[str], Client]


def page(name: str, partner: Partner, *rows: Any) -> str:
    return reverse(f"partnerhub:{name}", args=[partner.public_id, *(row.public_id for row in rows)])


@pytest.fixture
def ada(cast: Cast) -> Subscriber:
    return furnish(cast.acme, "Ada", "+12175550101")


def furnish(customer: Customer, first_name: str, e164: str) -> Subscriber:
    hq = make_location(customer)
    user = make_subscriber(
        customer,
        first_name=first_name,
        last_name="Archer",
        email=f"{first_name.lower()}@archer.example.com",
        location=hq,
        person_id=customer.public_id,
    )
    make_package(customer, used=1)
    make_assignment(user)
    make_number(hq, e164, subscriber=user)
    return user


def found_by(cast: Cast, who: str, text: str, partner: Partner | None = None) -> tuple[list[str], list[str], list[str]]:
    found = search(partner or cast.north, text, actor=cast.actor(who))
    return [str(p) for p in found.people], [str(c) for c in found.organisations], [str(n) for n in found.numbers]


# -- Search ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["archer", "ADA arch", "ada@archer.example.com"])
def test_a_person_is_found_by_name_and_mail(cast: Cast, ada: Subscriber, text: str) -> None:
    assert found_by(cast, "helpdesk", text) == (["Ada Archer"], [], [])


def test_a_person_and_an_organisation_are_found_by_their_ids(cast: Cast, ada: Subscriber) -> None:
    for text in (str(ada.person_id), opaque_id("PEOPLE", ada.person_id), str(ada.public_id)):
        assert found_by(cast, "helpdesk", text)[0] == ["Ada Archer"]
    for text in (str(cast.acme.org_id), opaque_id("ORGANIZATION", cast.acme.org_id), cast.acme.external_id):
        assert "Acme Dental" in found_by(cast, "helpdesk", text)[1]


@pytest.mark.parametrize("text", ["+12175550101", "+1 (217) 555-0101", "001 217 555 0101", "1.217.555.0101"])
def test_a_number_is_found_however_it_is_written(cast: Cast, ada: Subscriber, text: str) -> None:
    assert found_by(cast, "helpdesk", text)[2] == ["+12175550101"]


@pytest.mark.parametrize(("text", "prefix"), [("ada", ""), ("12", ""), ("00", ""), ("+49 30 1234567", "+49301234567")])
def test_what_is_not_a_number_is_not_looked_up_as_one(text: str, prefix: str) -> None:
    assert e164_prefix(text) == prefix


@pytest.mark.parametrize("text", ["0011AABBCCDD", "00:11:aa:bb:cc:dd", "0011.aabb.ccdd", "fch-serial-1"])
def test_a_device_is_found_by_mac_and_serial(cast: Cast, ada: Subscriber, text: str) -> None:
    device = make_device(ada, mac="0011AABBCCDD", serial="FCH-SERIAL-1")
    assert search(cast.north, text, actor=cast.actor("helpdesk")).devices == [device]
    assert search(cast.south, text, actor=cast.actor("other_partner_full")).devices == []


def test_a_sip_device_and_a_meeting_site_are_found(cast: Cast, ada: Subscriber) -> None:
    phone = make_device(ada, model="generic-sip", management="customer", mac=None, sip_username="sip00ff")
    for text in ("sip00ff", "sip:SIP00FF@acme.calls.example.com"):
        assert search(cast.north, text, actor=cast.actor("helpdesk")).devices == [phone]
    Customer.objects.filter(pk=cast.acme.pk).update(meeting_site="acme-dental.meet.example.com")
    assert found_by(cast, "helpdesk", "dental.meet")[1] == ["Acme Dental"]


def test_control_hub_opens_from_each_row_unless_the_customer_forbids_it(
    cast: Cast, sign_in: SignIn, ada: Subscriber
) -> None:
    make_device(ada, mac="0011AABBCCDD")
    client, url = sign_in("helpdesk"), page("helpdesk", cast.north)
    launch = reverse("partnerhub:customer-launch", args=[cast.north.public_id, cast.acme.public_id])
    for text in ("archer", "Acme Dental", "+12175550101", "0011AABBCCDD"):
        assert client.get(url, {"q": text}).content.decode().count(launch) == 1, text
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    assert launch not in client.get(url, {"q": "archer"}).content.decode()


def test_only_ones_own_customers_are_found(cast: Cast, ada: Subscriber) -> None:
    furnish(cast.open_acme, "Olga", "+12175550102")
    furnish(cast.branch_customer, "Bert", "+12175550103")
    furnish(cast.south_customer, "Sven", "+12175550104")
    assert found_by(cast, "helpdesk", "archer")[0] == ["Ada Archer", "Olga Archer"]
    assert found_by(cast, "partner_full", "archer")[0] == ["Ada Archer", "Olga Archer"]  # not the sub-partner's
    assert found_by(cast, "partner_admin", "archer")[0] == ["Ada Archer"]  # assigned ones only
    assert found_by(cast, "helpdesk", "+1217555010")[2] == ["+12175550101", "+12175550102"]
    assert found_by(cast, "other_partner_full", "archer") == ([], [], [])


def test_a_parent_gives_no_help_desk_in_its_indirect_providers_hub(cast: Cast, sign_in: SignIn) -> None:
    bert = furnish(cast.branch_customer, "Bert", "+12175550103")
    urls = [page("helpdesk", cast.branch), page("helpdesk-user", cast.branch, bert)]
    assert [sign_in("partner_full").get(url).status_code for url in urls] == [403, 403]
    assert [sign_in("subpartner_full").get(url).status_code for url in urls] == [200, 200]


@pytest.mark.parametrize("text", ["%", "x", "\x00\x00\x00", "a" * 121])
def test_a_search_that_cannot_be_is_refused_not_an_error(cast: Cast, sign_in: SignIn, text: str) -> None:
    assert sign_in("helpdesk").get(page("helpdesk", cast.north), {"q": text}).status_code == 422


def test_search_page_shows_groups_and_its_part_by_htmx(cast: Cast, sign_in: SignIn, ada: Subscriber) -> None:
    client, url = sign_in("helpdesk"), page("helpdesk", cast.north)
    whole = client.get(url, {"q": "archer"}).content.decode()
    part = client.get(url, {"q": "archer"}, headers={"HX-Request": "true", "HX-Target": "results"}).content.decode()
    assert ("<html" in whole, "<html" in part) == (True, False)
    assert page("helpdesk-user", cast.north, ada) in whole
    assert page("helpdesk-user", cast.north, ada) in part
    assert "Nothing found" in client.get(url, {"q": "nobody-here"}).content.decode()


@pytest.mark.parametrize("people", [1, 3])
def test_queries_do_not_grow_with_what_is_found(
    cast: Cast, sign_in: SignIn, people: int, django_assert_num_queries: Any
) -> None:
    for n in range(people):
        make_subscriber(cast.acme, last_name=f"Needle{n}")
    client = sign_in("helpdesk")
    with django_assert_num_queries(11):
        client.get(page("helpdesk", cast.north), {"q": "needle"})


# -- Cards -------------------------------------------------------------------------------------------------------------
def test_user_card_says_what_help_desk_asks(cast: Cast, sign_in: SignIn, ada: Subscriber) -> None:
    content = sign_in("helpdesk").get(page("helpdesk-user", cast.north, ada)).content.decode()
    for text in ("Ada Archer", "Active", "Webex Calling", "+12175550101", "None sent", "Launch Control Hub"):
        assert text in content
    assert "Messaging on, meetings on, calling on" in content


def test_organisation_card_names_packages_and_administrators(cast: Cast, sign_in: SignIn, ada: Subscriber) -> None:
    content = sign_in("helpdesk").get(page("helpdesk-org", cast.north, cast.acme)).content.decode()
    carl = cast.admins["customer_restricted"]
    for text in ("Acme Dental", "Webex Calling", carl.email, "Full administrator", "Launch Control Hub"):
        assert text in content
    facts = re.findall(r"<dt[^>]*>([^<]+)</dt>\s*<dd[^>]*>([^<]+)</dd>", content)
    shown = {label.strip(): value.strip() for label, value in facts}
    assert (
        shown.items()
        >= {
            "Subscription ID": cast.north.subscription_id,
            "Restricted by Partner Mode": "On",
            "Support access": "Allowed",
            "Webex Assistant": "On",
            "Third-party phones": "Off",
        }.items()
    )


def test_no_launch_where_the_customer_forbids_it(cast: Cast, sign_in: SignIn, ada: Subscriber) -> None:
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    launch = reverse("partnerhub:customer-launch", args=[cast.north.public_id, cast.acme.public_id])
    for url in (page("helpdesk-org", cast.north, cast.acme), page("helpdesk-user", cast.north, ada)):
        assert launch not in sign_in("helpdesk").get(url).content.decode()


def test_cards_of_others_do_not_exist(cast: Cast, sign_in: SignIn) -> None:
    bert = furnish(cast.branch_customer, "Bert", "+12175550103")
    client = sign_in("partner_full")
    assert client.get(page("helpdesk-user", cast.north, bert)).status_code == 404
    assert client.get(page("helpdesk-org", cast.north, cast.branch_customer)).status_code == 404
    assert client.post(page("helpdesk-send-code", cast.north, bert)).status_code == 404
    assert (mail.outbox, IdentityCheck.objects.count()) == ([], 0)


# -- Verification ------------------------------------------------------------------------------------------------------
def code_in_mail() -> str:
    found = re.search(r"\b[0-9]{6}\b", mail.outbox[-1].body)
    assert found
    return found[0]


def test_a_code_is_mailed_to_the_user_only_and_compared(cast: Cast, sign_in: SignIn, ada: Subscriber) -> None:
    client = sign_in("helpdesk")
    sent = client.post(page("helpdesk-send-code", cast.north, ada), follow=True).content.decode()
    code = code_in_mail()
    assert (mail.outbox[-1].to, code in sent) == ([ada.email], False)
    assert code not in IdentityCheck.objects.get().digest

    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert client.post(page("helpdesk-check-code", cast.north, ada), {"code": wrong}).status_code == 422
    assert client.post(page("helpdesk-check-code", cast.north, ada), {"code": code}).status_code == 302
    assert "Verified" in client.get(page("helpdesk-user", cast.north, ada)).content.decode()
    actions = list(AuditEvent.objects.order_by("number").values_list("action", "actor_name", "customer"))
    assert actions == [
        ("helpdesk.code_sent", "Hugo Helper", cast.acme.pk),
        ("helpdesk.identity_refused", "Hugo Helper", cast.acme.pk),
        ("helpdesk.identity_verified", "Hugo Helper", cast.acme.pk),
    ]
    assert client.post(page("helpdesk-check-code", cast.north, ada), {"code": code}).status_code == 422  # once


def test_a_code_is_good_for_ten_minutes_for_five_tries_and_until_the_next(cast: Cast, ada: Subscriber) -> None:
    hugo = cast.actor("helpdesk")
    old = send_code(subscriber=ada, by=hugo)
    assert old.expires_at - old.sent_at == timedelta(minutes=10)
    first = code_in_mail()
    send_code(subscriber=ada, by=hugo)
    second = code_in_mail()
    if first != second:
        with pytest.raises(WrongCode):
            check_code(subscriber=ada, code=first, by=hugo)
    for _ in range(5):
        with pytest.raises(WrongCode):
            check_code(subscriber=ada, code="none", by=hugo)
    with pytest.raises(WrongCode):
        check_code(subscriber=ada, code=second, by=hugo)
    send_code(subscriber=ada, by=hugo)
    IdentityCheck.objects.update(
        sent_at=F("sent_at") - timedelta(minutes=11), expires_at=F("expires_at") - timedelta(minutes=11)
    )
    with pytest.raises(WrongCode):
        check_code(subscriber=ada, code=code_in_mail(), by=hugo)
    assert not IdentityCheck.objects.exclude(confirmed_at=None).exists()


def test_nobody_can_flood_a_mailbox(cast: Cast, ada: Subscriber) -> None:
    for _ in range(5):
        send_code(subscriber=ada, by=cast.actor("helpdesk"))
    with pytest.raises(TooManyCodes):
        send_code(subscriber=ada, by=cast.actor("helpdesk"))
    assert len(mail.outbox) == 5


@pytest.mark.parametrize("who", ["other_partner_full", "customer_restricted"])
def test_a_stranger_sends_no_code(cast: Cast, ada: Subscriber, who: str) -> None:
    with pytest.raises(Forbidden):
        send_code(subscriber=ada, by=cast.actor(who))
    assert (mail.outbox, IdentityCheck.objects.count(), AuditEvent.objects.count()) == ([], 0, 0)

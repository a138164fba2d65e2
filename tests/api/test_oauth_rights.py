"""Who may let an integration act in his name, what it may do then, and how it ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.ids import ORGANIZATION
from tenancy.authorizations import authorizations_of, purge_authorizations, withdraw
from tenancy.integrations import Wish, change_integration, revoke_integration
from tenancy.invariants import INVARIANTS
from tenancy.models import AuditEvent, Authorization, Customer, Webhook
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Role
from tenancy.tokens import Scope, bearer_of
from tenancy.webhooks import NewWebhook, create_webhook
from tests.api.conftest import ApiClient
from tests.api.oauth_desk import BACK, SCOPES, Desk, SignIn, refused
from tests.cast import Cast
from tests.factories import make_customer_admin, make_partner_admin


class TestWhoMayAuthorize:
    """The integration's own partner, its indirect providers, and their customers; with their own rights."""

    @pytest.mark.parametrize("who", ["partner_readonly", "subpartner_full", "customer_restricted", "partner_admin"])
    def test_people_of_the_partner(self, cast: Cast, desk: Desk, sign_in: SignIn, who: str) -> None:
        bearer = bearer_of(desk.redeem(desk.code(sign_in(who))).json()["access_token"])
        assert bearer is not None
        assert (bearer.actor.email, bearer.actor.grants) == (cast.admins[who].email, cast.actor(who).grants)

    @pytest.mark.parametrize("who", ["other_partner_full", "other_customer_full"])
    def test_strangers_cannot(self, desk: Desk, sign_in: SignIn, who: str) -> None:
        for response in (sign_in(who).get(desk.asking()), sign_in(who).post(desk.asking(), {"decision": "accept"})):
            assert (response.status_code, "Location" in response.headers) == (403, False)
        assert not Authorization.objects.exists()

    def test_a_customers_log_tells_what_its_administrator_authorized(
        self, cast: Cast, desk: Desk, sign_in: SignIn
    ) -> None:
        desk.code(sign_in("customer_restricted"))
        event = AuditEvent.objects.get(action="integration.authorized")
        assert (event.customer, event.actor_email) == (cast.acme, cast.admins["customer_restricted"].email)

    def test_a_readers_token_reads_and_does_not_write(
        self, cast: Cast, sign_in: SignIn, new_customer: dict[str, Any]
    ) -> None:
        desk = Desk(cast, scopes=[Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE])
        reader = ApiClient(desk.redeem(desk.code(sign_in("partner_readonly"), scope=None)).json()["access_token"])
        assert reader.get("/wholesale/customers").status_code == 200
        assert reader.post("/wholesale/customers", new_customer).status_code == 403
        full = ApiClient(desk.redeem(desk.code(sign_in("partner_full"), scope=None)).json()["access_token"])
        assert full.post("/wholesale/customers", new_customer).status_code == 202

    def test_restricted_mode_holds(self, cast: Cast, sign_in: SignIn) -> None:
        desk = Desk(cast, scopes=[Scope.ORGANIZATIONS_WRITE])
        statuses = {}
        for who, customer in (("customer_restricted", cast.acme), ("customer_full", cast.open_acme)):
            token = desk.redeem(desk.code(sign_in(who), scope=None)).json()["access_token"]
            path = f"/organizations/{opaque_id(ORGANIZATION, customer.org_id)}"
            statuses[who] = ApiClient(token).put(path, {"displayName": "New Name"}).status_code
        assert statuses == {"customer_restricted": 403, "customer_full": 200}

    def test_whoever_works_elsewhere_too_lends_nothing_there(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        admin = make_partner_admin(cast.south, Role.PARTNER_WHOLESALE)
        admin.role_assignments.create(role=Role.PARTNER_READONLY, partner=cast.north)
        cast.admins["both"] = admin
        client = ApiClient(desk.redeem(desk.code(sign_in("both"))).json()["access_token"])
        names = {row["externalId"] for row in client.get("/wholesale/customers").json()["items"]}
        assert names == {cast.acme.external_id, cast.open_acme.external_id}

    def test_withdrawing_ends_it_at_once(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        answer = desk.redeem(desk.code(sign_in("customer_full"))).json()
        row = authorizations_of(cast.actor("customer_full")).get()
        stranger = make_customer_admin(cast.open_acme)
        cast.admins["stranger"] = stranger
        assert not withdraw(authorization=row, by=cast.actor("stranger"))
        assert bearer_of(answer["access_token"]) is not None
        assert withdraw(authorization=row, by=cast.actor("customer_full"))
        assert bearer_of(answer["access_token"]) is None
        assert refused(desk.refresh(answer["refresh_token"])) == (400, "invalid_grant")


def test_what_an_integration_may_no_longer_do_its_tokens_cannot_do_either(
    cast: Cast, desk: Desk, sign_in: SignIn
) -> None:
    answer = desk.redeem(desk.code(sign_in("partner_full"), scope=" ".join(SCOPES))).json()
    own = desk.take(grant_type="client_credentials").json()["access_token"]
    wish = Wish(name="Order desk", scopes=[Scope.CUSTOMERS_READ], redirect_uris=[BACK], by_itself=False)
    change_integration(integration=desk.row, wish=wish, by=cast.actor("partner_full"))
    bearer = bearer_of(answer["access_token"])
    assert bearer is not None
    assert (bearer.scopes, bearer_of(own)) == ({Scope.CUSTOMERS_READ}, None)
    assert desk.refresh(answer["refresh_token"]).json()["scope"] == Scope.CUSTOMERS_READ


def test_what_is_long_over_is_forgotten(desk: Desk, sign_in: SignIn) -> None:
    desk.code(sign_in("partner_full"))  # never used
    desk.redeem(desk.code(sign_in("partner_full")))
    desk.take(grant_type="client_credentials")
    now = timezone.now()
    assert purge_authorizations(now=now) == 0
    assert purge_authorizations(now=now + timedelta(days=31)) == 2  # the unused code, and the short token
    assert purge_authorizations(now=now + timedelta(days=121)) == 2
    assert not Authorization.objects.exists()


def test_an_integration_is_the_same_client_with_its_next_token(
    cast: Cast, sign_in: SignIn, new_customer: dict[str, Any], settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    desk = Desk(cast, scopes=[Scope.CUSTOMERS_WRITE])
    first = desk.redeem(desk.code(sign_in("partner_full"), scope=None)).json()
    second = desk.refresh(first["refresh_token"]).json()
    answers = [
        ApiClient(answer["access_token"]).post("/wholesale/customers", new_customer, Idempotency_Key="k1")
        for answer in (first, second)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1"]
    assert Customer.objects.filter(external_id=new_customer["externalId"]).count() == 1


def test_the_door_asks_no_more_for_an_integration_than_for_a_person(
    desk: Desk, sign_in: SignIn, django_assert_num_queries: Any
) -> None:
    token = desk.redeem(desk.code(sign_in("partner_full"))).json()["access_token"]
    bearer_of(token)  # its last use is written once a minute
    with django_assert_num_queries(3):  # the token with its owner, the owner's roles, his customers
        bearer_of(token)


@pytest.mark.parametrize(
    ("deed", "broken"),
    [
        ("UPDATE tenancy_apitoken SET expires_at = expires_at", 0),
        ("UPDATE tenancy_apitoken SET within_id = {south}", 2),
        ("UPDATE tenancy_apitoken SET admin_id = {stranger}", 2),
        ("UPDATE tenancy_authorization SET revoked_at = now()", 1),
        ("UPDATE tenancy_integration SET revoked_at = now()", 2),
    ],
)
def test_the_invariant_notices_a_token_that_is_more_than_it_should_be(
    cast: Cast, desk: Desk, sign_in: SignIn, deed: str, broken: int
) -> None:
    desk.redeem(desk.code(sign_in("customer_full")))
    desk.take(grant_type="client_credentials")
    sql = next(sql for key, _, sql in INVARIANTS if key == "T2")
    with connection.cursor() as cursor:
        cursor.execute(deed.format(south=cast.south.pk, stranger=cast.admins["helpdesk"].pk))
        cursor.execute(sql)
        assert len(cursor.fetchall()) == broken


@pytest.mark.parametrize("ending", ["revoke", "withdraw"])
def test_a_webhook_that_an_integration_made_ends_with_it(
    cast: Cast, sign_in: SignIn, settings: Any, ending: str
) -> None:
    desk = Desk(cast, scopes=[Scope.WEBHOOKS_WRITE, Scope.CUSTOMERS_READ])
    token = desk.redeem(desk.code(sign_in("partner_full"), scope=None)).json()["access_token"]
    owner = cast.actor("partner_full")
    new = NewWebhook(name="Own", target_url="https://own.example.com/hook", resource="wholesaleCustomers", event="all")
    create_webhook(partner=cast.north, new=new, by=owner)
    bearer = bearer_of(token)
    assert bearer is not None
    create_webhook(partner=cast.north, new=replace(new, name="Of the desk"), by=bearer.actor)
    if ending == "revoke":
        revoke_integration(integration=desk.row, by=owner)
    else:
        withdraw(authorization=authorizations_of(owner).get(), by=owner)
    assert dict(Webhook.objects.values_list("name", "status")) == {"Own": "active", "Of the desk": "inactive"}

"""OAuth2 at Webex's own paths: integrations get tokens at /v1/access_token, never more than their people may do today."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tenancy.integrations import revoke_integration, rotate_secret
from tenancy.models import ApiToken, AuditEvent
from tenancy.policy import Role
from tenancy.tokens import Scope, bearer_of
from tests.api.conftest import ApiClient
from tests.api.oauth_desk import SCOPES, Desk, SignIn, refused
from tests.cast import Cast
from tests.controlhub.races import at_once


class TestRefresh:
    """A refresh token works once and makes the next one."""

    def test_it_rotates(self, desk: Desk, sign_in: SignIn) -> None:
        first = desk.redeem(desk.code(sign_in("partner_full"))).json()
        second = desk.refresh(first["refresh_token"]).json()
        third = desk.refresh(second["refresh_token"]).json()
        assert len({answer["refresh_token"] for answer in (first, second, third)}) == 3
        assert second.keys() == first.keys()
        assert bearer_of(third["access_token"]) is not None

    def test_an_old_one_ends_the_authorization(self, desk: Desk, sign_in: SignIn) -> None:
        first = desk.redeem(desk.code(sign_in("partner_full"))).json()
        second = desk.refresh(first["refresh_token"]).json()
        with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
            assert refused(desk.refresh(first["refresh_token"])) == (400, "invalid_grant")
            assert refused(desk.refresh(second["refresh_token"])) == (400, "invalid_grant")
            assert bearer_of(second["access_token"]) is None

    def test_two_workers_at_the_same_moment_end_nothing(self, desk: Desk, sign_in: SignIn) -> None:
        first = desk.redeem(desk.code(sign_in("partner_full"))).json()
        second = desk.refresh(first["refresh_token"]).json()
        assert refused(desk.refresh(first["refresh_token"])) == (400, "invalid_grant")
        assert desk.refresh(second["refresh_token"]).status_code == 200

    def test_it_may_ask_for_less_and_not_for_more(self, desk: Desk, sign_in: SignIn) -> None:
        first = desk.redeem(desk.code(sign_in("partner_full"), scope=" ".join(SCOPES))).json()
        less = desk.refresh(first["refresh_token"], scope=Scope.CUSTOMERS_READ).json()
        assert less["scope"] == Scope.CUSTOMERS_READ
        assert refused(desk.refresh(less["refresh_token"], scope=Scope.CUSTOMERS_WRITE)) == (400, "invalid_scope")
        assert desk.refresh(less["refresh_token"]).json()["scope"] == " ".join(SCOPES)

    def test_after_90_days_and_for_others_it_is_worth_nothing(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        token = desk.redeem(desk.code(sign_in("partner_full"))).json()["refresh_token"]
        assert refused(Desk(cast, name="Other").refresh(token)) == (400, "invalid_grant")
        with time_machine.travel(timezone.now() + timedelta(days=90, seconds=1), tick=False):
            assert refused(desk.refresh(token)) == (400, "invalid_grant")

    def test_an_access_token_is_no_refresh_token_and_the_reverse(self, desk: Desk, sign_in: SignIn) -> None:
        answer = desk.redeem(desk.code(sign_in("partner_full"))).json()
        assert refused(desk.refresh(answer["access_token"])) == (400, "invalid_grant")
        assert bearer_of(answer["refresh_token"]) is None
        assert ApiClient(answer["refresh_token"]).get("/wholesale/customers").status_code == 401
        assert ApiClient(desk.secret).get("/wholesale/customers").status_code == 401


class TestClientCredentials:
    """Without anybody: in the name of the administrator who registered it, with that person's rights of today."""

    def test_it_acts_as_its_owner(self, cast: Cast, desk: Desk) -> None:
        answer = desk.take(grant_type="client_credentials").json()
        token = answer.pop("access_token")
        assert answer == {"expires_in": 43200, "token_type": "Bearer", "scope": " ".join(SCOPES)}
        bearer = bearer_of(token)
        assert bearer is not None
        assert (bearer.actor.email, bearer.scopes) == (cast.admins["partner_full"].email, set(SCOPES))
        event = AuditEvent.objects.get(action="token.created")
        assert (event.actor_name, event.door, event.partner) == ("Order desk", "api", cast.north)

    def test_fewer_scopes_on_demand_and_never_more(self, desk: Desk) -> None:
        less = desk.take(grant_type="client_credentials", scope=Scope.CUSTOMERS_READ)
        assert less.json()["scope"] == Scope.CUSTOMERS_READ
        more = desk.take(grant_type="client_credentials", scope=Scope.CUSTOMERS_WRITE)
        assert refused(more) == (400, "invalid_scope")

    def test_an_owner_who_lost_his_role_gives_nothing_more(self, cast: Cast, desk: Desk) -> None:
        client = ApiClient(desk.take(grant_type="client_credentials").json()["access_token"])
        assert client.get("/wholesale/customers").status_code == 200
        cast.admins["partner_full"].role_assignments.all().delete()
        assert client.get("/wholesale/customers").status_code == 403
        assert refused(desk.take(grant_type="client_credentials")) == (400, "unauthorized_client")

    def test_an_owner_who_works_elsewhere_lends_nothing_there(self, cast: Cast, desk: Desk) -> None:
        admin = cast.admins["partner_full"]
        admin.role_assignments.create(role=Role.PARTNER_WHOLESALE, partner=cast.south)
        admin.role_assignments.create(role=Role.CUSTOMER_FULL, customer=cast.branch_customer)
        bearer = bearer_of(desk.take(grant_type="client_credentials").json()["access_token"])
        assert bearer is not None
        assert (bearer.actor.partner_ids, bearer.actor.customer_ids) == ({cast.north.pk}, {cast.branch_customer.pk})
        assert cast.actor("partner_full").partner_ids == {cast.north.pk, cast.south.pk}  # the positive control

    def test_only_if_it_is_registered_for_that(self, cast: Cast) -> None:
        desk = Desk(cast, by_itself=False)
        assert refused(desk.take(grant_type="client_credentials")) == (400, "unauthorized_client")


class TestWhoItIs:
    """The token endpoint knows integrations by their secret and tells others nothing."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"client_secret": "wss_wrong"},
            {"client_secret": None},
            {"client_id": "unknown"},
            {"client_id": None, "client_secret": None},
            {"client_id": "C" * 5000},
        ],
    )
    def test_a_wrong_secret_and_an_unknown_id_look_the_same(self, desk: Desk, fields: dict[str, str | None]) -> None:
        response = desk.take(grant_type="client_credentials", **fields)
        assert (refused(response), response.json()) == ((401, "invalid_client"), {"error": "invalid_client"})
        assert not ApiToken.objects.exists()

    def test_basic_authentication_works_too(self, desk: Desk) -> None:
        def ask(user: str, secret: str, **fields: str) -> int:
            basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
            return (
                Client()
                .post(
                    "/v1/access_token",
                    urlencode({"grant_type": "client_credentials"} | fields),
                    content_type="application/x-www-form-urlencoded",
                    headers={"Authorization": f"Basic {basic}"},
                )
                .status_code
            )

        assert ask(desk.row.pk, desk.secret) == 200
        assert ask(desk.row.pk, "wrong") == 401
        assert ask(desk.row.pk, desk.secret, client_id="another") == 401

    def test_a_new_secret_ends_the_old_one(self, cast: Cast, desk: Desk) -> None:
        old = desk.secret
        desk.secret = rotate_secret(integration=desk.row, by=cast.actor("partner_full"))
        assert desk.take(grant_type="client_credentials").status_code == 200
        assert refused(desk.take(grant_type="client_credentials", client_secret=old)) == (401, "invalid_client")

    def test_a_revoked_integration_is_nobody(self, cast: Cast, desk: Desk, sign_in: SignIn) -> None:
        answer = desk.redeem(desk.code(sign_in("partner_full"))).json()
        own = desk.take(grant_type="client_credentials").json()
        revoke_integration(integration=desk.row, by=cast.actor("partner_full"))
        assert [bearer_of(row["access_token"]) for row in (answer, own)] == [None, None]
        assert refused(desk.refresh(answer["refresh_token"])) == (401, "invalid_client")
        assert sign_in("partner_full").get(desk.asking()).status_code == 400

    @pytest.mark.parametrize(
        ("data", "content_type", "error"),
        [
            ("{}", "application/json", "invalid_request"),
            ("", "application/x-www-form-urlencoded", "invalid_request"),
            ("grant_type=password&username=a&password=b", "application/x-www-form-urlencoded", "unsupported_grant_type"),
            ("grant_type=refresh_token&grant_type=x", "application/x-www-form-urlencoded", "invalid_request"),
            ("grant_type=client_credentials&client_id=%00", "application/x-www-form-urlencoded", "invalid_request"),
            ("grant_type=%ff%fe", "application/x-www-form-urlencoded", "unsupported_grant_type"),
            ("grant_type=x", "application/x-www-form-urlencoded; charset=utf-7", "invalid_request"),
            ("&".join(f"a{n}=1" for n in range(2000)), "application/x-www-form-urlencoded", "invalid_request"),
            ("grant_type=" + "x" * 6_000_000, "application/x-www-form-urlencoded", "invalid_request"),
        ],
        ids=range(9),
    )  # fmt: skip
    def test_bad_requests_are_told_in_the_shape_of_the_rfc(
        self, desk: Desk, data: str, content_type: str, error: str
    ) -> None:
        response = Client().generic("POST", "/v1/access_token", data, content_type=content_type)
        assert refused(response) == (400, error)

    def test_secrets_in_the_address_are_refused(self, desk: Desk) -> None:
        query = urlencode({"client_id": desk.row.pk, "client_secret": desk.secret})
        response = Client().post(
            f"/v1/access_token?{query}",
            "grant_type=client_credentials",
            content_type="application/x-www-form-urlencoded",
        )
        assert refused(response) == (400, "invalid_request")

    def test_other_methods_are_refused(self, db: None) -> None:
        response = Client().get("/v1/access_token")
        assert (refused(response), response.headers["Allow"]) == ((405, "invalid_request"), "POST")

    def test_an_address_asks_so_often_a_minute(self, desk: Desk, settings: Any) -> None:
        settings.OAUTH_REQUESTS_PER_MINUTE = 2
        answers = [desk.take(grant_type="client_credentials", client_secret="wrong") for _ in range(3)]
        assert [refused(answer) for answer in answers] == [
            (401, "invalid_client"),
            (401, "invalid_client"),
            (429, "temporarily_unavailable"),
        ]
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
        cache.clear()

    def test_everything_else_under_v1_keeps_the_apis_shape(self, desk: Desk) -> None:
        assert set(Client().post("/v1/access_tokens").json()) == {"message", "errors", "trackingId"}


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    """Whatever works once works once, also for whoever asks twice at the same time."""

    def test_of_two_who_redeem_a_code_one_gets_a_token(self, cast: Cast, sign_in: SignIn) -> None:
        desk = Desk(cast)
        code = desk.code(sign_in("partner_full"))
        answers: list[int] = []
        at_once([lambda: answers.append(desk.redeem(code).status_code)] * 4)
        assert sorted(answers) == [200, 400, 400, 400]
        assert ApiToken.objects.filter(revoked_at=None).count() == 0  # and it ends: the code was shown twice

    def test_of_those_who_refresh_one_gets_a_token_and_keeps_it(self, cast: Cast, sign_in: SignIn) -> None:
        desk = Desk(cast)
        refresh = desk.redeem(desk.code(sign_in("partner_full"))).json()["refresh_token"]
        answers: list[int] = []
        at_once([lambda: answers.append(desk.refresh(refresh).status_code)] * 4)
        assert sorted(answers) == [200, 400, 400, 400]
        assert ApiToken.objects.filter(revoked_at=None).count() == 2

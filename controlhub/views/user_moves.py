"""Moving calling users to another location: first the impact, then the deed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from controlhub.forms.user_moves import UserMoveForm, UsersMoveForm
from controlhub.models import Subscriber
from controlhub.queries.locations import free_numbers
from controlhub.services.move_plans import MovePlan, MoveRefusal
from controlhub.services.subscriber_moves import (
    MOST_TO_MOVE,
    MoveOutcome,
    MoveRefused,
    check_move,
    check_moves,
    move_subscriber,
    move_subscribers,
)
from controlhub.views.form_errors import show_refusal
from controlhub.views.users import SubscriberView
from provisioning.models import ProvisioningJob
from tenancy.access import CustomerView
from tenancy.errors import DomainError
from tenancy.policy import Control, Level


class UserMove(SubscriberView):
    """One user. `check` shows what the move does, or every reason against it; `move` does it; `back` changes the wish."""

    control = Control.USER_LOCATION

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        chosen = {name: request.GET[name] for name in ("location", "extension") if name in request.GET}
        return self._page(request, self._form(chosen, initial=chosen))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "back" in request.POST:
            return self._page(request, self._form(request.POST, initial=request.POST.dict()))
        form = self._form(request.POST, request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        return self._move(request, form) if "move" in request.POST else self._check(request, form)

    def _check(self, request: HttpRequest, form: UserMoveForm) -> HttpResponse:
        plan = check_move(subscriber=self.subscriber, by=self.actor, **form.wish())
        if plan.refusals:
            _show(form, plan.refusals)
            return self._page(request, form, status=422)
        return self._page(request, form, plan)

    def _move(self, request: HttpRequest, form: UserMoveForm) -> HttpResponse:
        try:
            plan = move_subscriber(subscriber=self.subscriber, by=self.actor, **form.wish())
        except MoveRefused as error:
            _show(form, error.refusals)
        except DomainError as error:
            show_refusal(form, error)
        else:
            return self.done(f"{self.subscriber} is at {plan.target.name} now.")
        return self._page(request, form, status=422)

    def _form(self, chosen: Any, data: Any = None, **kwargs: Any) -> UserMoveForm:
        locations = self.customer.locations.exclude(pk=self.subscriber.location_id or 0).order_by("name")
        place = next((row for row in locations if str(row.public_id) == chosen.get("location")), None)
        return UserMoveForm(
            data,
            subscriber=self.subscriber,
            locations=locations,
            free=free_numbers(place),
            may_add=self.level(Control.NUMBERS_MANAGE) is Level.EDIT,
            **kwargs,
        )

    def _page(
        self, request: HttpRequest, form: UserMoveForm, plan: MovePlan | None = None, *, status: int = 200
    ) -> HttpResponse:
        part = "#numbers" if request.htmx else ""  # type: ignore[attr-defined]
        queues = self.customer.call_queues.filter(agents__subscriber=self.subscriber).select_related("location")
        context = {"form": form, "plan": plan, "subscriber": self.subscriber, "queues": queues.order_by("name")}
        return render(request, "controlhub/users/move.html" + part, context, status=status)


class UsersMove(CustomerView):
    """Many users, by a rule: a report for each of them, then whoever can move is moved."""

    control = Control.USER_LOCATION

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form(), self._chosen(request.GET.getlist("u")))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        people = self._chosen(request.POST.getlist("u"))
        if "back" in request.POST:
            return self._page(request, self._form(initial=request.POST.dict()), people)
        form = self._form(request.POST)
        if form.is_valid():
            try:
                return self._done(form, people) if "move" in request.POST else self._checked(form, people)
            except DomainError as error:
                show_refusal(form, error)
        return self._page(request, form, people, status=422)

    def _checked(self, form: UsersMoveForm, people: list[Subscriber]) -> HttpResponse:
        report = check_moves(subscribers=people, by=self.actor, **form.wish())
        return self._page(self.request, form, people, report=report)

    def _done(self, form: UsersMoveForm, people: list[Subscriber]) -> HttpResponse:
        outcome, job = move_subscribers(customer=self.customer, subscribers=people, by=self.actor, **form.wish())
        if outcome.done and not outcome.refused:
            messages.success(self.request, f"{len(outcome.done)} moved to {form.cleaned_data['location']}.")
            return HttpResponseRedirect(reverse("controlhub:user-list", args=[self.customer.public_id]))
        return self._page(self.request, form, people, outcome=outcome, job=job, status=200 if outcome.done else 422)

    def _form(self, data: Any = None, **kwargs: Any) -> UsersMoveForm:
        return UsersMoveForm(data, locations=self.customer.locations.order_by("name"), **kwargs)

    def _chosen(self, keys: Iterable[str]) -> list[Subscriber]:
        """Users of this customer that the viewer sees; one more than may be moved at a time, so that it is refused."""
        found = self.customer.subscribers.filter(deleted_at=None, public_id__in=list(_uuids(keys)))
        return list(found.order_by("last_name", "first_name", "pk")[: MOST_TO_MOVE + 1])

    def _page(
        self,
        request: HttpRequest,
        form: UsersMoveForm,
        people: list[Subscriber],
        *,
        report: MoveOutcome | None = None,
        outcome: MoveOutcome | None = None,
        job: ProvisioningJob | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context = {"form": form, "people": people, "report": report, "outcome": outcome, "job": job}
        return render(request, "controlhub/users/move_many.html", context, status=status)


def _show(form: UserMoveForm, refusals: Iterable[MoveRefusal]) -> None:
    """Each reason with its code, beside the input that mends it."""
    for refusal in refusals:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, f"{refusal.reason} (Code {refusal.code})")


def _uuids(keys: Iterable[str]) -> Iterable[UUID]:
    for key in keys:
        try:
            yield UUID(key)
        except ValueError:
            continue

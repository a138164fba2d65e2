"""What is done to numbers of the inventory: many at a time, with a result for each, and one on its own page."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.number_actions import AssignNumberForm, ChosenNumbersForm, MoveNumbersForm, ticked
from controlhub.models import PhoneNumber
from controlhub.pstn import connection_of
from controlhub.queries.locations import calling_locations
from controlhub.queries.numbers import history_of, numbers_of, people_by_email
from controlhub.services.inventory import Outcome, activate_numbers, deactivate_numbers, remove_numbers
from controlhub.services.number_moves import move_numbers
from controlhub.services.numbers import assign_number, release_number
from controlhub.services.subscribers import set_primary_number
from controlhub.views.form_errors import show_refusal
from provisioning.models import ProvisioningJob
from tenancy.access import CustomerView
from tenancy.errors import DomainError, Forbidden
from tenancy.policy import Control


class NumberAction(CustomerView):
    """One deed on many numbers. What could be done is named, and so is what could not, with the reason."""

    control = Control.NUMBERS_MANAGE
    heading: ClassVar[str]
    button: ClassVar[str]
    explanation: ClassVar[str]
    danger: ClassVar[bool] = False
    job: ProvisioningJob | None = None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self.form(initial={"numbers": ticked(request.GET.getlist("n"))}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        outcome = self._outcome(form) if form.is_valid() else None
        if outcome and outcome.done and not outcome.refused and self.job is None:
            count = len(outcome.done)
            messages.success(request, f"{self.button}: {count} number{'s' if count > 1 else ''} done.")
            return HttpResponseRedirect(reverse("controlhub:number-list", args=[self.customer.public_id]))
        return self._page(request, form, outcome, status=200 if outcome and outcome.done else 422)

    def form(self, *args: Any, **kwargs: Any) -> ChosenNumbersForm:
        """The form of the deed."""
        return ChosenNumbersForm(*args, country=self.customer.country, **kwargs)

    def do(self, form: ChosenNumbersForm) -> Outcome:
        """The one service call."""
        raise NotImplementedError

    def _outcome(self, form: ChosenNumbersForm) -> Outcome | None:
        try:
            return self.do(form)
        except DomainError as error:
            show_refusal(form, error)
        return None

    def _page(
        self, request: HttpRequest, form: ChosenNumbersForm, outcome: Outcome | None = None, *, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "outcome": outcome, "job": self.job, "view": self}
        return render(request, "controlhub/numbers/action.html", context, status=status)


class NumberActivate(NumberAction):
    """Makes numbers active."""

    heading, button = "Activate numbers", "Activate"
    explanation = "Active numbers can be called and assigned. At most 500 at a time."

    def do(self, form: ChosenNumbersForm) -> Outcome:
        return activate_numbers(customer=self.customer, numbers=form.chosen(), by=self.actor)


class NumberDeactivate(NumberAction):
    """Makes unassigned numbers inactive."""

    heading, button = "Deactivate numbers", "Deactivate"
    explanation = (
        "Only numbers that belong to nobody, and are neither the main nor the emergency call-back number of their "
        "location. At most 500 at a time."
    )

    def do(self, form: ChosenNumbersForm) -> Outcome:
        return deactivate_numbers(customer=self.customer, numbers=form.chosen(), by=self.actor)


class NumberRemove(NumberAction):
    """Takes unassigned numbers out of the inventory."""

    heading, button, danger = "Remove numbers", "Remove", True
    explanation = (
        "Removed numbers leave the inventory; who had them stays in the history. Only numbers that belong to nobody and "
        "speak for no location."
    )

    def do(self, form: ChosenNumbersForm) -> Outcome:
        return remove_numbers(customer=self.customer, numbers=form.chosen(), by=self.actor)


class NumberMove(NumberAction):
    """Starts moving unassigned numbers to another location."""

    heading, button = "Move numbers", "Move"
    explanation = (
        "To a location with the same kind of PSTN connection, the same provider and in the same country. Only numbers that "
        "belong to nobody; at most 1000, and one move at a time."
    )

    def form(self, *args: Any, **kwargs: Any) -> MoveNumbersForm:
        locations = calling_locations(self.customer)
        return MoveNumbersForm(*args, country=self.customer.country, locations=locations, **kwargs)

    def do(self, form: ChosenNumbersForm) -> Outcome:
        target = form.cleaned_data["location"]
        outcome, self.job = move_numbers(customer=self.customer, numbers=form.chosen(), target=target, by=self.actor)
        return outcome


class NumberView(CustomerView):
    """A page about one number of the customer: `self.number`."""

    number: PhoneNumber

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.number = get_object_or_404(numbers_of(self.customer), public_id=kwargs["number"])

    def done(self, message: str) -> HttpResponseRedirect:
        """Back to the number's page with a toast."""
        messages.success(self.request, message)
        return self.to_number()

    def to_number(self) -> HttpResponseRedirect:
        """To the number's own page."""
        return HttpResponseRedirect(
            reverse("controlhub:number-detail", args=[self.customer.public_id, self.number.public_id])
        )


class NumberDetail(NumberView):
    """State, owner, what can be done, and who had it."""

    control = Control.NUMBERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "number": self.number,
            "connection": connection_of(self.number.location),
            "history": history_of(self.number),
        }
        return render(request, "controlhub/numbers/detail.html", context)


class NumberAssign(NumberView):
    """Gives the number to a user, a workspace or a call queue of its location."""

    control = Control.USER_PRIMARY_NUMBER

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                self._assign(form)
            except DomainError as error:
                show_refusal(form, error)
            if not form.errors:
                return self.done(f"{self.number} is assigned.")
        return self._page(request, form, status=422)

    def _assign(self, form: forms.Form) -> None:
        room, queue, email = (form.cleaned_data[name] for name in ("workspace", "queue", "email"))
        if room or queue:
            assign_number(number=self.number, workspace=room, queue=queue, by=self.actor)
        elif person := people_by_email(self.customer, email).first():
            set_primary_number(subscriber=person, number=self.number.e164, by=self.actor)
        else:
            form.add_error("email", "This organization has no user with that address.")

    def _form(self, *args: Any) -> AssignNumberForm:
        here = {"deleted_at": None, "location": self.number.location}
        rooms = self.customer.workspaces.filter(**here).order_by("name")
        queues = self.customer.call_queues.filter(**here).order_by("name")
        return AssignNumberForm(*args, workspaces=rooms, queues=queues)

    def _page(self, request: HttpRequest, form: AssignNumberForm, *, status: int = 200) -> HttpResponse:
        return render(request, "controlhub/numbers/assign.html", {"form": form, "number": self.number}, status=status)


class NumberRelease(NumberView):
    """Takes the number from its owner."""

    control = Control.USER_PRIMARY_NUMBER
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            release_number(number=self.number, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            messages.error(request, str(error))
            return self.to_number()
        return self.done(f"{self.number} belongs to nobody now.")

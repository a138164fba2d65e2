"""Call queues: list, one queue's page, adding, changing, deleting, and the upgrade to Customer Assist."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.numbers import SearchForm
from controlhub.forms.queues import QueueForm, agent_key, ids_in, moved_up
from controlhub.models import CallQueue
from controlhub.queries.jobs import jobs_about
from controlhub.queries.locations import calling_locations, only_location
from controlhub.queries.numbers import free_numbers_of
from controlhub.queries.queues import ORDER, possible_agents, possible_supervisors, queue_events, queues_of
from controlhub.services.queues import (
    QueueFacts,
    agent_of,
    create_queue,
    delete_queue,
    edit_queue,
    places_of,
    upgrade_queue,
    without_customer_assist,
)
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of
from tenancy.policy import Control


class QueueList(CustomerView):
    """Search and pages."""

    control = Control.CALL_QUEUES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = SearchForm(request.GET)
        page = page_of(queues_of(self.customer, search=search.words()), order=ORDER, **cursors(request.GET))
        template = "controlhub/queues/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "search": search.words()})


class QueueView(CustomerView):
    """A page about one call queue of the customer: `self.queue`."""

    control = Control.CALL_QUEUES
    queue: CallQueue

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.queue = get_object_or_404(queues_of(self.customer), public_id=kwargs["queue"])
        self.queue.customer = self.customer

    def done(self, message: str) -> HttpResponseRedirect:
        """To the queue's page with a toast."""
        messages.success(self.request, message)
        return HttpResponseRedirect(queue_url(self.queue))


class QueueDetail(QueueView):
    """Settings, agents, supervisors, audit."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "queue": self.queue,
            "places": places_of(self.queue),
            "jobs": jobs_about(self.customer, item=self.queue.public_id),
            "supervisors": self.queue.supervisors.order_by("last_name", "first_name", "pk"),
            "events": queue_events(self.queue),
        }
        return render(request, "controlhub/queues/detail.html", context)


class QueueFormView(CustomerView):
    """What adding and editing share."""

    control = Control.CALL_QUEUES
    queue: CallQueue | None = None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "look" in request.POST or "up" in request.POST:
            return self._page(request, self._form(typed=self._typed(request.POST)))
        form = self._form(request.POST)
        if form.is_valid():
            try:
                queue = self.save(QueueFacts(**form.values()))
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"{queue} is saved.")
                return HttpResponseRedirect(queue_url(queue))
        return self._page(request, form, status=422)

    def save(self, facts: QueueFacts) -> CallQueue:
        """The one service call. Raises DomainError."""
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        """What the form starts with."""
        raise NotImplementedError

    def _typed(self, data: QueryDict) -> dict[str, Any]:
        """What is in the form while somebody looks for people or changes their order; nothing is judged yet."""
        lists = {"agents": moved_up(data.getlist("agents"), data.get("up", ""))}
        lists["supervisors"] = data.getlist("supervisors")
        return {name: data[name] for name in QueueForm.base_fields if name in data} | lists

    def _form(self, data: QueryDict | None = None, *, typed: dict[str, Any] | None = None) -> QueueForm:
        initial = self.initial() | (typed or {})
        chosen = {name: data.getlist(name) if data else initial.get(name, []) for name in ("agents", "supervisors")}
        search = str((data or initial).get("find", ""))
        assist = bool(self.queue and self.queue.assist)
        return QueueForm(
            data,
            initial=initial,
            locations=calling_locations(self.customer),
            agents=possible_agents(self.customer, assist=assist, search=search, chosen=ids_in(chosen["agents"])),
            supervisors=possible_supervisors(
                self.customer, search=search, chosen=ids_in(chosen["supervisors"]), queue=self.queue
            ),
            chosen_agents=chosen["agents"],
            chosen_supervisors=chosen["supervisors"],
            assist=assist,
            location_fixed=self.queue is not None,
        )

    def _page(self, request: HttpRequest, form: QueueForm, *, status: int = 200) -> HttpResponse:
        place = self.queue.location if self.queue else None
        context = {"form": form, "queue": self.queue, "free": free_numbers_of(self.customer, location=place, main=True)}
        part = "#people" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, f"controlhub/queues/form.html{part}", context, status=status)


class QueueCreate(QueueFormView):
    """Adds a call queue."""

    def save(self, facts: QueueFacts) -> CallQueue:
        return create_queue(customer=self.customer, facts=facts, by=self.actor)

    def initial(self) -> dict[str, Any]:
        place = only_location(self.customer)
        return {"location": place.public_id if place else "", "routing": CallQueue.Routing.CIRCULAR}


class QueueEdit(QueueFormView, QueueView):
    """Changes a call queue; its location stays."""

    queue: CallQueue

    def save(self, facts: QueueFacts) -> CallQueue:
        return edit_queue(queue=self.queue, facts=facts, by=self.actor)

    def initial(self) -> dict[str, Any]:
        held = getattr(self.queue, "number", None)
        return {name: getattr(self.queue, name) for name in ("name", "extension", "routing")} | {
            "number": held.e164 if held else "",
            "location": self.queue.location.public_id,
            "agents": [agent_key(agent_of(place)) for place in places_of(self.queue)],
            "supervisors": [agent_key(person) for person in self.queue.supervisors.all()],
        }


class QueueDelete(QueueView):
    """Deletes a call queue, after a page that says what that does."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            delete_queue(queue=self.queue, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._page(request, refusal=str(error), status=422)
        messages.success(request, f"{self.queue} is deleted.")
        return HttpResponseRedirect(reverse("controlhub:queue-list", args=[self.customer.public_id]))

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {"queue": self.queue, "refusal": refusal}
        return render(request, "controlhub/queues/delete.html", context, status=status)


class QueueUpgrade(QueueView):
    """Upgrade queue: review, then Review Package Assignment when agents lack the package, then done."""

    control = Control.CALL_QUEUE_UPGRADE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        checked = request.GET.get("step") == "packages"
        return self._packages(request) if checked else self._review(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            upgrade_queue(queue=self.queue, leave_behind=request.POST.get("leave") == "1", by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._packages(request, refusal=str(error), status=422)
        return self.done(f"{self.queue} works with Customer Assist now.")

    def _review(self, request: HttpRequest) -> HttpResponse:
        return render(request, "controlhub/queues/upgrade.html", {"queue": self.queue})

    def _packages(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {
            "queue": self.queue,
            "lacking": without_customer_assist(places_of(self.queue)),
            "refusal": refusal,
        }
        return render(request, "controlhub/queues/upgrade_packages.html", context, status=status)


def queue_url(queue: CallQueue) -> str:
    """The queue's own page."""
    return reverse("controlhub:queue-detail", args=[queue.customer.public_id, queue.public_id])

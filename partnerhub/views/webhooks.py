"""Webhooks: which there are, what was delivered, and what one does about it by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from partnerhub.forms.webhooks import DeliveryFilterForm, NewWebhookForm, SwitchForm, WebhookForm
from partnerhub.queries.webhooks import customers_to_hear_of, deliveries_by_page
from tenancy.access import PartnerView
from tenancy.errors import DomainError
from tenancy.models import Event, Resource, Webhook, WebhookDelivery
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level
from tenancy.webhooks import (
    NewWebhook,
    change_webhook,
    create_webhook,
    delete_webhook,
    deliveries_of,
    new_secret,
    replay,
    send_test,
    webhooks_of,
)

ORDER = ("-created_at", "-id")


class WebhookPage(PartnerView):
    """What the pages about webhooks share."""

    control = Control.PARTNER_WEBHOOKS

    def list_url(self) -> str:
        return reverse("partnerhub:webhook-list", args=[self.partner.public_id])

    def webhook(self) -> Webhook:
        return get_object_or_404(webhooks_of(self.partner), public_id=self.kwargs["webhook"])

    def detail_url(self, webhook: Webhook) -> str:
        return reverse("partnerhub:webhook-detail", args=[self.partner.public_id, webhook.public_id])

    def show_secret(self, webhook: Webhook, secret: str) -> HttpResponse:
        """The only page that ever shows it."""
        context = {
            "webhook": webhook,
            "secret": secret,
            "detail_url": self.detail_url(webhook),
            "list_url": self.list_url(),
        }
        response = render(self.request, "partnerhub/webhooks/secret.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response


class WebhookList(WebhookPage):
    """The partner's webhooks, whoever made them."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        page = page_of(webhooks_of(self.partner), order=ORDER, **cursors(request.GET))
        context = {
            "page": page,
            "next_url": f"{request.path}?after={page.next}" if page.next else "",
            "previous_url": f"{request.path}?before={page.previous}" if page.previous else "",
        }
        partial = "#table" if request.htmx.target == "webhooks" else ""  # type: ignore[attr-defined]
        return render(request, "partnerhub/webhooks/list.html" + partial, context)


class WebhookCreate(WebhookPage):
    """Make a webhook. The answer to POST shows its secret, once."""

    def needed_level(self) -> Level:
        return Level.EDIT

    def form(self, data: Any = None) -> NewWebhookForm:
        return NewWebhookForm(data, customers=customers_to_hear_of(self.partner, actor=self.actor))

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if form.is_valid():
            secret = new_secret()
            try:
                webhook = create_webhook(partner=self.partner, new=_new(form, secret), by=self.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return self.show_secret(webhook, secret)
        return self._show(form, status=422)

    def _show(self, form: NewWebhookForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "list_url": self.list_url()}
        return render(self.request, "partnerhub/webhooks/form.html", context, status=status)


def _new(form: NewWebhookForm, secret: str) -> NewWebhook:
    data = form.cleaned_data
    return NewWebhook(
        name=data["name"],
        target_url=data["target_url"],
        resource=Resource(data["resource"]),
        event=Event(data["event"]),
        customer=data["customer"],
        secret=secret,
    )


class WebhookDetail(WebhookPage):
    """One webhook and its delivery log; with htmx only the log."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrowed = request.htmx and request.htmx.target == "deliveries"  # type: ignore[attr-defined]
        return self.show("#table" if narrowed else "")

    def show(self, part: str, **more: Any) -> HttpResponse:
        webhook = self.webhook()
        form = DeliveryFilterForm(self.request.GET)
        page = deliveries_by_page(webhook, form.asked(), cursors(self.request.GET))
        context = {
            "webhook": webhook,
            "page": page,
            "filter_form": form,
            "narrows": any(form.asked().values()),
            "watching": any(_is_about_to_go(row) for row in page.items) and webhook.is_active,
            "detail_url": self.detail_url(webhook),
            "list_url": self.list_url(),
        }
        return render(self.request, "partnerhub/webhooks/detail.html" + part, context | more)


def _is_about_to_go(row: WebhookDelivery) -> bool:
    """Is somebody likely to wait for this one? The page asks again while there is one."""
    due = (row.due_at - timezone.now()).total_seconds()
    return row.state == WebhookDelivery.State.WAITING and -60 < due < 15


class DeliveryDetail(WebhookDetail):
    """The log with one delivery open at the right; with htmx only the panel."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delivery = get_object_or_404(deliveries_of(self.webhook()), public_id=kwargs["delivery"])
        inside = request.htmx and request.htmx.target == "panel"  # type: ignore[attr-defined]
        return self.show("#panel" if inside else "", selected=delivery)


class WebhookEdit(WebhookPage):
    """Another name or target. Who gives a new target owns the webhook from then on."""

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        webhook = self.webhook()
        return self._show(webhook, WebhookForm({"name": webhook.name, "target_url": webhook.target_url}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        webhook, form = self.webhook(), WebhookForm(request.POST)
        if form.is_valid():
            try:
                change_webhook(webhook=webhook, **form.cleaned_data, by=self.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, "Saved.")
                return HttpResponseRedirect(self.detail_url(webhook))
        return self._show(webhook, form, status=422)

    def _show(self, webhook: Webhook, form: WebhookForm, *, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "webhook": webhook,
            "list_url": self.list_url(),
            "detail_url": self.detail_url(webhook),
        }
        return render(self.request, "partnerhub/webhooks/form.html", context, status=status)


class WebhookSecret(WebhookPage):
    """POST only: a new secret, shown once. The old one signs nothing any more."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        webhook, secret = self.webhook(), new_secret()
        change_webhook(webhook=webhook, secret=secret, by=self.actor)
        return self.show_secret(webhook, secret)


class WebhookAction(WebhookPage):
    """POST only: something done to a webhook, and back to its page with a word about it."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        webhook = self.webhook()
        try:
            messages.success(request, self.act(webhook))
        except DomainError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(self.back(webhook))

    def act(self, webhook: Webhook) -> str:
        """Do it, and say what was done."""
        raise NotImplementedError

    def back(self, webhook: Webhook) -> str:
        return self.detail_url(webhook)


class WebhookTest(WebhookAction):
    def act(self, webhook: Webhook) -> str:
        send_test(webhook=webhook, by=self.actor)
        return "A test is on its way."


class WebhookSwitch(WebhookAction):
    def act(self, webhook: Webhook) -> str:
        form = SwitchForm(self.request.POST)
        if not form.is_valid():
            return "Nothing has changed."
        active = form.cleaned_data["status"] == Webhook.Status.ACTIVE
        change_webhook(webhook=webhook, active=active, by=self.actor)
        return f"{webhook} is switched {'on' if active else 'off'}."


class DeliveryReplay(WebhookAction):
    def act(self, webhook: Webhook) -> str:
        delivery = get_object_or_404(deliveries_of(webhook), public_id=self.kwargs["delivery"])
        replay(delivery=delivery, by=self.actor)
        return "It is sent once more, with what holds now."


class WebhookDelete(WebhookAction):
    def act(self, webhook: Webhook) -> str:
        delete_webhook(webhook=webhook, by=self.actor)
        return f"The webhook {webhook} is deleted."

    def back(self, webhook: Webhook) -> str:
        return self.list_url()

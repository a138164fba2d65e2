"""Devices: list, export, adding, one device's page, new code or credentials, deleting, and the third-party switch."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.devices import DeviceFilter, DeviceForm, owner_key
from controlhub.models import Device
from controlhub.queries.devices import ORDER, device_events, devices_of, possible_owners
from controlhub.services.devices import (
    Secret,
    add_device,
    delete_device,
    renew_secret,
    set_third_party,
    third_party_enabled,
)
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView
from tenancy.csv_export import csv_response
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level

EXPORT_HEADER = ("Model", "Managed", "Owner type", "Owner", "MAC address", "Serial", "SIP user", "Status")


class DeviceList(CustomerView):
    """Search, filters, pages, and the third-party switch."""

    control = Control.DEVICES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrow = DeviceFilter(request.GET)
        page = page_of(devices_of(self.customer, **narrow.narrowed()), order=ORDER, **cursors(request.GET))
        context = {"page": page, "narrow": narrow, "third_party": third_party_enabled(self.customer)}
        template = "controlhub/devices/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, context)


class DeviceExport(CustomerView):
    """What the list shows, narrowed the same way, as CSV."""

    control = Control.DEVICES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        devices = devices_of(self.customer, **DeviceFilter(request.GET).narrowed()).order_by(*ORDER)
        rows = (
            (
                device.model_name,
                device.get_management_display(),
                "User" if device.subscriber else "Workspace",
                str(device.owner),
                device.mac_address,
                device.serial,
                device.sip_username,
                device.get_status_display(),
            )
            for device in devices.iterator(chunk_size=500)
        )
        return csv_response("devices.csv", EXPORT_HEADER, rows)


class DeviceAdd(CustomerView):
    """Adds a device. A code or password is in the answer to the POST and nowhere else, ever again."""

    control = Control.DEVICES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        wanted = DeviceFilter(request.GET).narrowed()
        owner = owner_key(subscriber=wanted["subscriber"], workspace=wanted["workspace"])
        form = self._form(initial={"owner": owner})
        return self._page(request, form, search=wanted["search"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                device, secret = add_device(by=self.actor, **form.values())
            except DomainError as error:
                show_refusal(form, error)
            else:
                return show_secret(request, device, secret)
        return self._page(request, form, search=request.GET.get("q", ""), status=422)

    def _form(self, data: Any = None, **kwargs: Any) -> DeviceForm:
        return DeviceForm(
            data,
            owners=possible_owners(self.customer, search=self.request.GET.get("q", "")),
            third_party=third_party_enabled(self.customer),
            sip=self.level(Control.DEVICE_CREDENTIALS) is Level.EDIT,
            partner=self.level(Control.DEVICE_THIRD_PARTY) is Level.EDIT,
            **kwargs,
        )

    def _page(self, request: HttpRequest, form: DeviceForm, *, search: str, status: int = 200) -> HttpResponse:
        return render(request, "controlhub/devices/add.html", {"form": form, "search": search}, status=status)


def show_secret(request: HttpRequest, device: Device, secret: Secret) -> HttpResponse:
    """To the device's page, or to a page with what is shown once. Nothing of it is stored, not even in the session."""
    if not (secret.code or secret.password):
        messages.success(request, f"{device.model_name} is added. It is online in a moment.")
        return HttpResponseRedirect(device_url(device))
    return render(request, "controlhub/devices/secret.html", {"device": device, "secret": secret})


class DeviceView(CustomerView):
    """A page about one device of the customer: `self.device`."""

    control = Control.DEVICES
    device: Device

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.device = get_object_or_404(devices_of(self.customer), public_id=kwargs["device"])
        self.device.customer = self.customer

    def changed_with(self) -> Control:
        """What somebody needs to change this device: one that the partner manages is the partner's alone."""
        ours = self.device.management != Device.Management.PARTNER
        return Control.DEVICES if ours or self.level(Control.DEVICES) < Level.EDIT else Control.DEVICE_THIRD_PARTY

    def page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        """The device's page."""
        context = {
            "device": self.device,
            "events": device_events(self.device),
            "refusal": refusal,
            "changed_with": self.changed_with(),
        }
        return render(request, "controlhub/devices/detail.html", context, status=status)


class DeviceDetail(DeviceView):
    """Facts, new code or credentials, audit."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(request)


class DeviceSecret(DeviceView):
    """A new activation code or new SIP credentials."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            secret = renew_secret(device=self.device, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self.page(request, refusal=str(error), status=422)
        return show_secret(request, self.device, secret)


class DeviceDelete(DeviceView):
    """Deletes a device, after a page that says what that does."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            delete_device(device=self.device, by=self.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return self._page(request, refusal=str(error), status=422)
        messages.success(request, f"{self.device} is deleted.")
        return HttpResponseRedirect(reverse("controlhub:device-list", args=[self.customer.public_id]))

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {"device": self.device, "refusal": refusal, "changed_with": self.changed_with()}
        return render(request, "controlhub/devices/delete.html", context, status=status)


class DeviceThirdParty(CustomerView):
    """Switches third-party phones on or off."""

    control = Control.DEVICE_THIRD_PARTY
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        enabled = request.POST.get("on") == "1"
        set_third_party(customer=self.customer, enabled=enabled, by=self.actor)
        messages.success(request, f"Third-party phones are {'on' if enabled else 'off'}.")
        return HttpResponseRedirect(reverse("controlhub:device-list", args=[self.customer.public_id]))


def device_url(device: Device) -> str:
    """The device's own page."""
    key: UUID = device.public_id
    return reverse("controlhub:device-detail", args=[device.customer.public_id, key])

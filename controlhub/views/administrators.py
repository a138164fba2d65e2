"""Administrators: list, adding users and people of other organizations, changing roles, removing."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.administrators import (
    AdminFilter,
    ExternalRolesForm,
    NewAdministratorsForm,
    NewExternalForm,
    RolesForm,
)
from controlhub.queries.administrators import ORDER, administrators_of, is_external
from controlhub.queries.mail import MailState, mail_state
from controlhub.services.admin_roles import invite_external, make_administrators, set_admin_roles
from controlhub.services.mailing import let_mail_through
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView, forbidden_reason
from tenancy.errors import DomainError
from tenancy.mail import MailNotStopped
from tenancy.models import AdminUser
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level, Role

GONE = "He keeps his user and his package, and loses access to this Control Hub with his next click."
FIRST = (
    "This is the organization's first administrator. Without the full administrator role, the place passes to another full "
    "administrator with at least the package that the organization started with."
)


class AdminList(CustomerView):
    """Search, role filter, pages."""

    control = Control.ADMIN_ROLES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrow = AdminFilter(request.GET)
        page = page_of(administrators_of(self.customer, **narrow.narrowed()), order=ORDER, **cursors(request.GET))
        rows = [(admin, is_external(admin)) for admin in page.items]
        template = "controlhub/admins/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "rows": rows, "narrow": narrow})


class AdminFormView(CustomerView):
    """One form, one service call, back to the list."""

    heading: str
    submit_label: str
    explanation = ""

    def form(self, data: Any = None) -> forms.Form:
        """The form with what it offers here."""
        raise NotImplementedError

    def save(self, values: Any) -> str:
        """The service call; what to say about it. Raises DomainError."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.page(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if form.is_valid():
            try:
                message = self.save(form)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, message)
                return self.to_list()
        return self.page(form, status=422)

    def page(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        """The form's page."""
        context = {
            "form": form,
            "heading": self.heading,
            "submit_label": self.submit_label,
            "explanation": self.explanation,
            "control": self.control,
            "admin": getattr(self, "admin", None),
            "mail": self.mail(),
        }
        return render(self.request, "controlhub/admins/form.html", context, status=status)

    def mail(self) -> MailState | None:
        """What became of the last mail to whom the page is about."""
        return None

    def to_list(self) -> HttpResponseRedirect:
        """Back to the list; who changed his own roles goes to wherever they lead now."""
        admin = getattr(self, "admin", None)
        if admin is not None and admin.pk == self.actor.admin_id:
            return HttpResponseRedirect("/")
        return HttpResponseRedirect(reverse("controlhub:admin-list", args=[self.customer.public_id]))


class AdminAdd(AdminFormView):
    """Makes users of the organization its administrators."""

    control = Control.ADMIN_ROLES
    heading = "Add administrators"
    submit_label = "Add administrators"
    explanation = "Each person gets a mail with the way in. The roles count from the next page they open."

    def form(self, data: Any = None) -> NewAdministratorsForm:
        return NewAdministratorsForm(
            data,
            customer=self.customer,
            initial={"emails": self.request.GET.get("user", "")[:200]},
            locked=self.level(self.control) < Level.EDIT,
        )

    def save(self, form: NewAdministratorsForm) -> str:
        people = form.cleaned_data["emails"]
        make_administrators(customer=self.customer, subscribers=people, by=self.actor, **form.chosen())
        return f"{', '.join(str(person) for person in people)}: roles saved, invitation on its way."


class ExternalAdminAdd(AdminFormView):
    """Invites somebody of another organization."""

    control = Control.EXTERNAL_ADMINS
    heading = "Add external administrator"
    submit_label = "Invite"
    explanation = "Somebody of another organization, such as a consultant. He signs in with his own account."

    def form(self, data: Any = None) -> NewExternalForm:
        return NewExternalForm(data, locked=self.level(self.control) < Level.EDIT)

    def save(self, form: NewExternalForm) -> str:
        values = form.cleaned_data
        admin = invite_external(customer=self.customer, email=values["email"], role=Role(values["role"]), by=self.actor)
        return f"{admin.email} is invited."


class OneAdminView(AdminFormView):
    """A page about one administrator of the customer: `self.admin`, with his roles here."""

    admin: AdminUser

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.admin = get_object_or_404(administrators_of(self.customer), public_id=kwargs["admin"])
        self.external = is_external(self.admin)

    def check_level(self) -> None:
        """External administrators have a control of their own."""
        super().check_level()
        if self.external and self.level(Control.EXTERNAL_ADMINS) < self.needed_level():
            raise PermissionDenied(forbidden_reason(Control.EXTERNAL_ADMINS, customer=self.customer, by=self.actor))

    def mail(self) -> MailState | None:
        return mail_state(self.customer, self.admin.email)

    @property
    def first(self) -> bool:
        """Is this the first administrator, who keeps the package level that the customer started with?"""
        return self.admin.is_first  # type: ignore[attr-defined]

    @property
    def held(self) -> list[Any]:
        """The roles held here, with their locations."""
        return self.admin.customer_roles  # type: ignore[attr-defined]


class AdminEdit(OneAdminView):
    """Changes somebody's roles."""

    control = Control.ADMIN_ROLES
    submit_label = "Save"

    @property
    def explanation(self) -> str:  # type: ignore[override]
        return FIRST if self.first else ""

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"Roles of {self.admin}"

    def form(self, data: Any = None) -> forms.Form:
        locked = self.level(self.control) < Level.EDIT
        roles = [held.role for held in self.held]
        if self.external:
            return ExternalRolesForm(data, initial={"role": roles[0]}, locked=locked)
        places = [scope.location.public_id for held in self.held for scope in held.location_scopes.all()]
        initial = {"roles": roles, "locations": places}
        return RolesForm(data, customer=self.customer, initial=initial, locked=locked)

    def save(self, form: Any) -> str:
        chosen = {"roles": [Role(form.cleaned_data["role"])]} if self.external else form.chosen()
        changed = set_admin_roles(customer=self.customer, admin=self.admin, by=self.actor, **chosen)
        return f"The roles of {self.admin} are saved." if changed else "Nothing was changed."


class AdminMail(OneAdminView):
    """Lets mails to an administrator through again."""

    control = Control.ADMIN_ROLES
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            let_mail_through(customer=self.customer, owner=self.admin, by=self.actor)
        except MailNotStopped as error:
            messages.info(request, str(error))
        else:
            messages.success(request, f"Mails to {self.admin.email} are sent again.")
        return HttpResponseRedirect(
            reverse("controlhub:admin-edit", args=[self.customer.public_id, self.admin.public_id])
        )


class AdminRemove(OneAdminView):
    """Takes every role away, after a page that says so."""

    control = Control.ADMIN_ROLES
    submit_label = "Remove"

    @property
    def heading(self) -> str:  # type: ignore[override]
        return f"Remove {self.admin} as an administrator?"

    @property
    def explanation(self) -> str:  # type: ignore[override]
        return " ".join(part for part in (GONE, FIRST if self.first else "") if part)

    def form(self, data: Any = None) -> forms.Form:
        return forms.Form(data)

    def save(self, form: forms.Form) -> str:
        set_admin_roles(customer=self.customer, admin=self.admin, roles=(), by=self.actor)
        return f"{self.admin} does not administer this organization any more."

"""From a request to an authorised parent: levels, the guard that services call, and the base views of both hubs.

Strangers get 404, one's own forbidden action gets 403, and there is no third kind.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.generic import View

from tenancy.actors import Actor, request_actor
from tenancy.errors import Forbidden
from tenancy.launch import live_launch
from tenancy.launch_session import launch_id
from tenancy.models import Customer, Partner
from tenancy.policy import ENTITLEMENTS, EVERYBODY, RESTRICTIONS, Control, Level, Role, While, level_for

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def _best(roles: Iterable[Role], control: Control, *, restricted: bool) -> Level:
    return max((level_for(role, control, restricted=restricted) for role in roles), default=Level.HIDDEN)


def level(actor: Actor, control: Control, *, partner: Partner | None = None, customer: Customer | None = None) -> Level:
    """What `actor` gets of `control` at a customer or a partner: the best of the roles held there.

    Inside a cross-launched session only the partner-side roles count: the union of two sides never works.
    """
    if actor.is_system or control in EVERYBODY:
        return Level.EDIT
    if customer is not None:
        return _best(actor.working_roles(customer), control, restricted=customer.restricted)
    if partner is not None:
        if partner.parent_id and control is Control.PARTNER_INDIRECT_PROVIDERS:
            return Level.HIDDEN  # one level deep: an indirect provider has none of its own (domain.md 7.7)
        if partner.pk not in actor.partner_ids and control is Control.PARTNER_HELPDESK:
            return Level.HIDDEN  # a parent's staff gives no help desk to its indirect providers' people (domain.md 7.6)
        best = _best(actor.roles_in_partner(partner), control, restricted=False)
        if control is Control.PARTNER_PRICES and partner.parent_id not in {None, *actor.parent_partner_ids}:
            return min(best, Level.READ_ONLY)  # what an indirect provider pays is for its parent to say
        if control is Control.PARTNER_MARGIN and partner.pk not in actor.partner_ids:
            return min(best, Level.READ_ONLY)  # what it asks of its customers is for itself to say
        return best
    raise ValueError("level() needs the partner or the customer that is looked at")


def authorize(
    by: Actor,
    control: Control,
    *,
    partner: Partner | None = None,
    customer: Customer | None = None,
    need: Level = Level.EDIT,
) -> None:
    """The guard at the top of every service: raises Forbidden unless `by` has at least `need`. Same for every door."""
    if level(by, control, partner=partner, customer=customer) < need:
        raise Forbidden(forbidden_reason(control, customer=customer, by=by))


def forbidden_reason(control: Control, *, customer: Customer | None, by: Actor) -> str:
    """Why not, in a sentence: restricted mode and the role are told apart, so that people know whom to ask."""
    if customer is None:
        return Forbidden.message
    if customer.restricted and _without_restriction(by, control, customer):
        return "Your service provider manages this (Restricted by Partner Mode is on)."
    if _always_restricted(by, control, customer):
        return "Your service provider manages this."
    return Forbidden.message


def _always_restricted(by: Actor, control: Control, customer: Customer) -> bool:
    """Would one of the customer-side roles be enough, if the service provider did not keep this for itself?"""
    while_, _left = RESTRICTIONS.get(control, (None, None))
    roles = by.roles_in_customer(customer) if by.launch is None else frozenset()
    return while_ is While.ALWAYS and any(
        not role.of_partner and ENTITLEMENTS[role][control] is Level.EDIT for role in roles
    )


def _without_restriction(by: Actor, control: Control, customer: Customer) -> bool:
    return _best(by.roles_in_customer(customer), control, restricted=False) is Level.EDIT


def declare(control: Control, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Name the control of a view that we did not write (sign-in pages). Ours carry it as a class attribute."""
    view.control = control  # type: ignore[attr-defined]
    return view


class PortalView(View):
    """A page for somebody who is signed in. Subclasses set `control` and load their authorised parent in `load`."""

    control: ClassVar[Control]
    reads_with_post: ClassVar[bool] = False
    actor: Actor
    partner: Partner | None = None
    customer: Customer | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        self.actor = request_actor(request)
        self.load(**kwargs)
        self.check_level()
        try:
            return super().dispatch(request, *args, **kwargs)
        except Forbidden as error:
            raise PermissionDenied(str(error)) from error

    def load(self, **kwargs: Any) -> None:
        """Find the partner or customer of the URL through `visible_to`; 404 for what belongs to somebody else."""

    def check_level(self) -> None:
        """403 unless the actor may read (safe methods) or edit (the others) this view's control."""
        if self.level(self.control) < self.needed_level():
            raise PermissionDenied(forbidden_reason(self.control, customer=self.customer, by=self.actor))

    def needed_level(self) -> Level:
        return Level.READ_ONLY if self.request.method in SAFE_METHODS or self.reads_with_post else Level.EDIT

    def level(self, control: Control) -> Level:
        """The actor's level for any control on what this page is about."""
        return level(self.actor, control, partner=self.partner, customer=self.customer)


class PartnerView(PortalView):
    """A page of Partner Hub: `self.partner` is the partner of the URL, visible to the actor."""

    partner: Partner
    hub_name = "Partner Hub"

    def load(self, **kwargs: Any) -> None:
        partners = Partner.objects.visible_to(self.actor).select_related("parent")
        self.partner = get_object_or_404(partners, public_id=kwargs["partner"])
        self.request.portal_scope = self  # type: ignore[attr-defined]  # read by tenancy.context


class CustomerView(PortalView):
    """A page of Control Hub: `self.customer` is the customer of the URL.

    Its own admins simply enter. Partner staff need a live cross-launch, read from the database on every request.
    """

    customer: Customer
    hub_name = "Control Hub"

    def load(self, **kwargs: Any) -> None:
        customers = Customer.objects.visible_to(self.actor).select_related("partner__parent")
        self.customer = get_object_or_404(customers, public_id=kwargs["customer"])
        self.request.portal_scope = self  # type: ignore[attr-defined]
        self.actor = actor_inside(self.request, self.actor, self.customer)
        self.customer.viewer = self.actor


def actor_inside(request: HttpRequest, actor: Actor, customer: Customer) -> Actor:
    """The actor as he may work in this customer: with the launch of his session, or as one of its own administrators.

    Raises NoLaunch (403) for partner staff whose launch is over.
    """
    launch = launch_id(request)
    if launch is None and customer.pk in actor.customer_ids:
        return actor.inside(customer)
    return live_launch(actor=actor, customer=customer, public_id=launch)


def sign_in_first(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back. An HTMX request must not swap that page into a corner of this one."""
    if not getattr(request, "htmx", False):
        return redirect_to_login(request.get_full_path())
    response = HttpResponse(status=204)
    response.headers["HX-Redirect"] = redirect_to_login(request.htmx.current_url_abs_path or "/").url  # type: ignore[attr-defined]
    return response

"""All URLs. Each names its control, or the process does not start (config/checks.py)."""

from allauth.account import views as account
from django.conf import settings
from django.urls import include, path, re_path

from config.views import Authorizations, AuthorizationWithdraw, Gallery, Healthz, Home, Profile, Readyz
from controlhub.views.consents import Consent
from partnerhub.views.attaching import AttachConsent
from tenancy.access import declare
from tenancy.policy import Control

handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

PUBLIC, SIGNED_IN = Control.PUBLIC, Control.SIGNED_IN

# allauth's own URL names, without its sign-up, e-mail and social pages.
accounts = [
    path("login/", declare(PUBLIC, account.login), name="account_login"),
    path("logout/", declare(PUBLIC, account.logout), name="account_logout"),
    path("account/inactive/", declare(PUBLIC, account.account_inactive), name="account_inactive"),
    path("account/reauthenticate/", declare(SIGNED_IN, account.reauthenticate), name="account_reauthenticate"),
    path("account/password/", declare(SIGNED_IN, account.password_change), name="account_change_password"),
    path("account/password/set/", declare(SIGNED_IN, account.password_set), name="account_set_password"),
    path("password/reset/", declare(PUBLIC, account.password_reset), name="account_reset_password"),
    path("password/reset/done/", declare(PUBLIC, account.password_reset_done), name="account_reset_password_done"),
    re_path(  # the key has a hyphen of its own, so the first part must not be greedy
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        declare(PUBLIC, account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        declare(PUBLIC, account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("signup/", declare(PUBLIC, account.signup), name="account_signup"),
]

urlpatterns = [
    path("", Home.as_view(), name="home"),
    path("healthz", Healthz.as_view(), name="healthz"),
    path("readyz", Readyz.as_view(), name="readyz"),
    *accounts,
    path("account/profile/", Profile.as_view(), name="profile"),
    path("account/integrations/", Authorizations.as_view(), name="authorizations"),
    path(
        "account/integrations/<uuid:authorization>/withdraw/",
        AuthorizationWithdraw.as_view(),
        name="authorization-withdraw",
    ),
    path("partner/<uuid:partner>/billing/", include("billing.urls")),
    path("partner/<uuid:partner>/", include("partnerhub.urls")),
    path("org/<uuid:customer>/", include("controlhub.urls")),
    path("", include("provisioning.urls")),
    path("v1/", include("api.urls")),
    path("identity/v1/", include("api.identity_urls")),
    path("consent/<str:token>/", Consent.as_view(), name="consent"),
    path("attach/<str:token>/", AttachConsent.as_view(), name="attach-consent"),
]
if settings.SHOW_GALLERY:
    urlpatterns.append(path("dev/components/", Gallery.as_view(), name="gallery"))

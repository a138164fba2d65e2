"""All settings, read from the environment (12-factor). Times are UTC, everywhere.

Required: DATABASE_URL and REDIS_URL. `manage.py up` exports both for the embedded servers; in production you set them.
See the configuration table in README.md.
"""

from pathlib import Path

import environ

from config.embedded.urls import broker_url, cache_url
from config.logs import logging_config
from config.version import VERSION

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env.str("BASE_URL", default="http://localhost:8000")
PORTAL_VERSION = VERSION

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    # The Simple configs leave the template loaders alone: both packages rewrite them, the last one wins (see TEMPLATES).
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
    "csp",
    "tenancy",
    "provisioning",
    "controlhub",
    "partnerhub",
    "billing",
    "api",
    "config.apps.PortalConfig",
]

MIDDLEWARE = [
    "config.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenancy.launch_session.PortalSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenancy.middleware.SessionLifetime",
    "tenancy.middleware.ViewerTimeZone",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

_LOADERS = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "tenancy.templatetags.portal",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenancy.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# -- Data ------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL")}
_DB = DATABASES["default"]
_DB["ENGINE"] = "django.db.backends.postgresql"
_DB["CONN_MAX_AGE"] = 0
# A pool asks each connection whether it is still alive before handing it out: a restarted server costs no request.
_DB["CONN_HEALTH_CHECKS"] = True
_DB["OPTIONS"] = _DB.get("OPTIONS", {}) | {"connect_timeout": 5}
if env.bool("DB_POOL", default=False):
    # Set by the supervisor for web and worker: threads share a few connections instead of opening one each.
    _DB["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.int("DB_POOL_SIZE", default=8), "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(REDIS_URL),
        "TIMEOUT": 300,
        # Django's own serializer is pickle: whoever writes to Redis would run code here.
        "OPTIONS": {"serializer": "config.cache.JSONSerializer", "socket_timeout": 2, "socket_connect_timeout": 2},
    }
}

# -- People ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenancy.AdminUser"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "config.accounts.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=60 * 60)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", default=8 * 60 * 60)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CROSS_LAUNCH_SECONDS = 60 * 60

# -- HTTP ------------------------------------------------------------------------------------------------------------
HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-portal" if HTTPS else "portal"
# Not __Host-: its path is the customer's own, which keeps several launches apart.
LAUNCH_COOKIE_NAME = "__Secure-launch" if HTTPS else "launch"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if HTTPS else []
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
# Health is asked from this very machine, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without STATIC_ROOT files are served straight from static/, with no collectstatic step. With it, run collectstatic first.
STATIC_ROOT = env.str("STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English")]

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="portal@portal.example.com")

# -- Celery: a doorbell. The rows of provisioning.ProvisioningJob are the truth. ----------------------------------------
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "retry_on_timeout": False,
    "max_retries": 1,
}
CELERY_TIMEZONE = "UTC"

# -- Provisioning and screening (domain.md sections 5 and 10) ----------------------------------------------------------
WEBEX_GATEWAY = env.str("WEBEX_GATEWAY", default="provisioning.simulated.SimulatedWebex")
# Who is asked for the TXT records of domains: the portal's own table, never real DNS, unless another class is named.
DOMAIN_RESOLVER = env.str("DOMAIN_RESOLVER", default="controlhub.dns.SimulatedResolver")
SIMULATED_WEBEX_DELAY_MS = env.int("SIMULATED_WEBEX_DELAY_MS", default=400)
PROVISIONING_LEASE_SECONDS = env.int("PROVISIONING_LEASE_SECONDS", default=30)
SCREENING_BLOCKS = env.bool("SCREENING_BLOCKS", default=True)
SCREENING_RECHECK_SECONDS = env.int("SCREENING_RECHECK_SECONDS", default=60 * 60)
SCREENING_ESCALATE_SECONDS = env.int("SCREENING_ESCALATE_SECONDS", default=72 * 60 * 60)
# -- REST API -----------------------------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=6000)
# Webhooks go to hosts on the Internet over https. For a test or a demo: http to this very machine as well.
WEBHOOK_ALLOW_LOCAL = env.bool("WEBHOOK_ALLOW_LOCAL", default=False)
WEBHOOK_PORTS = env.list("WEBHOOK_PORTS", cast=int, default=[443, 8443])
# A webhook that has answered nothing good for so long is switched off, and its owner gets a mail.
WEBHOOK_GIVE_UP_HOURS = env.int("WEBHOOK_GIVE_UP_HOURS", default=72)
# Of one address at /v1/access_token, where nobody is known yet.
OAUTH_REQUESTS_PER_MINUTE = env.int("OAUTH_REQUESTS_PER_MINUTE", default=60)

# The guide lets restricted administrators change a user's email, the newer list of roles does not (domain.md 8.3).
RESTRICTED_EMAIL_EDITABLE = env.bool("RESTRICTED_EMAIL_EDITABLE", default=False)
# Whoever was asked to move his free account and has not answered is reminded once, after so many days (domain.md 5.8).
CONSENT_REMIND_DAYS = env.int("CONSENT_REMIND_DAYS", default=7)
SHOW_GALLERY = env.bool("SHOW_GALLERY", default=True)

DATA_DIR = Path(env.str("PORTAL_DATA_DIR", default=str(BASE_DIR / "var")))
REPORTS_DIR = DATA_DIR / "reports"

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING_CONFIG = None
LOGGING = logging_config(level=env.str("LOG_LEVEL", default="INFO"), json=env.bool("LOG_JSON", default=not DEBUG))

"""The Celery application and the whole beat table.

A message only rings the bell: every task reads its work from PostgreSQL and may be lost, doubled or late without harm.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["provisioning", "controlhub", "partnerhub", "billing", "tenancy", "api"])

app.conf.beat_schedule = {
    "sweep-jobs": {"task": "provisioning.sweep_jobs", "schedule": 5.0, "options": {"expires": 5}},
    "canary": {"task": "provisioning.canary", "schedule": 10.0, "options": {"expires": 10}},
    # Every quarter of an hour, not once a night: the task asks which days are missing, so a missed tick costs nothing.
    "close-days": {
        "task": "billing.close_missing_days",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 800},
    },
    # Some minutes after the days, for the same reason: it asks which months are missing.
    "issue-invoices": {
        "task": "billing.issue_missing_invoices",
        "schedule": crontab(minute="5-59/15"),
        "options": {"expires": 800},
    },
    "sweep-reports": {"task": "billing.sweep_reports", "schedule": 10.0, "options": {"expires": 10}},
    "failed-sign-ins": {"task": "tenancy.record_failed_sign_ins", "schedule": 60.0, "options": {"expires": 60}},
    "remind-of-consents": {
        "task": "controlhub.remind_of_consents",
        "schedule": crontab(minute="23"),
        "options": {"expires": 3000},
    },
    # A webhook is told within two seconds; whoever is at it already lets this one go again at once.
    "deliver-webhooks": {"task": "api.deliver_webhooks", "schedule": 2.0, "options": {"expires": 2}},
    "purge-api": {"task": "api.purge", "schedule": crontab(minute="47", hour="3"), "options": {"expires": 3600}},
    "purge-authorizations": {
        "task": "tenancy.purge_authorizations",
        "schedule": crontab(minute="37", hour="3"),
        "options": {"expires": 3600},
    },
    "purge-drafts": {
        "task": "tenancy.purge_drafts",
        "schedule": crontab(minute="17", hour="3"),
        "options": {"expires": 3600},
    },
}

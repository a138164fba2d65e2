"""The job ledger. The row is the truth; a Celery message is only a doorbell that carries the job's id."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from tenancy.models import Customer, Partner
from tenancy.narrowing import OwnJobs


class ProvisioningJob(models.Model):
    """One piece of slow work for one customer: an ordered list of steps, claimed under a lease.

    `token` is the fencing token: it grows with each claim, and a step commits only if it still holds the claim's value.
    `attempts` counts claims in a row that ended without a word: a job that kills its worker stops after a few.
    `offered_at` is when the sweeper last rang for it. Times are UTC and are compared with the database's clock.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        RETRY_WAIT = "retry_wait", "Waiting"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="jobs")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="jobs")
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField(db_default=Now())
    offered_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OwnJobs()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) | (~Q(state="running") & Q(lease_until=None)),
                name="job_lease_only_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False)
                | (~Q(state__in=["succeeded", "failed", "cancelled"]) & Q(finished_at=None)),
                name="job_finished_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_run_at"], condition=Q(state__in=["queued", "retry_wait"]), name="job_due"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_lease"),
            models.Index(fields=["customer", "-created_at"], name="job_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class ProvisioningStep(models.Model):
    """One step of a job: one idempotent gateway call (key `job:step`) and one transaction that keeps its result."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"

    job = models.ForeignKey(ProvisioningJob, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    item = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("job", "name", "item", name="step_once_per_job"),
            models.UniqueConstraint("job", "position", name="step_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.item}".strip()


class Screening(models.Model):
    """What the screening for restricted and denied parties said about a customer (domain.md section 10).

    The only way off a hold: a later check that is clear, or a decision by operations. Never shown to the customer.
    """

    class State(models.TextChoices):
        CLEAR = "clear", "Clear"
        POSSIBLE_MATCH = "possible_match", "Possible match"
        ESCALATED = "escalated", "With operations"
        CLEARED = "cleared", "Cleared by operations"
        REJECTED = "rejected", "Rejected by operations"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="screening")
    state = models.CharField(max_length=16, choices=State)
    checks = models.PositiveIntegerField(default=0)
    matched_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["cleared", "rejected"], decided_at__isnull=False)
                | (~Q(state__in=["cleared", "rejected"]) & Q(decided_at=None)),
                name="screening_decided_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.state}"


class SimulatedEffect(models.Model):
    """What the simulated Webex cloud did, once per key: its own memory, which survives a rollback on our side."""

    key = models.CharField(max_length=200, unique=True)
    operation = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class SimulatedFault(models.Model):
    """Trouble on command: the next `remaining` calls of `operation` whose payload contains `match` go wrong."""

    class Kind(models.TextChoices):
        BUSY = "busy", "429 with Retry-After"
        UNAVAILABLE = "unavailable", "503, not executed"
        ANSWER_LOST = "answer_lost", "Executed, answer lost"
        REFUSED = "refused", "Refused for good"
        GARBAGE = "garbage", "An answer without meaning"
        MATCH = "match", "Screening: possible match"

    operation = models.CharField(max_length=40)
    match = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    retry_after = models.PositiveIntegerField(default=1)
    code = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.operation} {self.match}".strip()

"""Which code does which step. The hubs register their kinds of job when Django starts (apps.py)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.errors import PermanentError, WaitUntil
from provisioning.models import ProvisioningJob, ProvisioningStep
from tenancy.actors import Actor
from tenancy.models import Customer
from tenancy.policy import Control

Result = dict[str, Any]


@dataclass(frozen=True)
class StepContext:
    """What a step handler works with."""

    job: ProvisioningJob
    step: ProvisioningStep

    @property
    def customer(self) -> Customer:
        return self.job.customer

    @property
    def item(self) -> str:
        return self.step.item

    @property
    def payload(self) -> dict[str, Any]:
        return self.job.payload

    @property
    def key(self) -> str:
        """The idempotency key of this step's gateway call: the same on every try, so that twice is harmless."""
        return f"{self.job.public_id}:{self.step.name}:{self.step.item}"


def _nothing(*args: Any) -> None:
    return None


@dataclass(frozen=True)
class StepHandler:
    """One kind of step.

    `call` talks to the gateway, outside any transaction, and may run more than once. `apply` keeps its result, in the
    same transaction as the step's state. `failed` and `waiting` run in the transaction that records the failure or the
    wait. When a `critical` step fails, the steps after it are skipped. `control` is what the deed behind the step needs:
    trying it again is no way around a rule that forbids the deed itself.
    """

    call: Callable[[StepContext], Result]
    apply: Callable[[StepContext, Result], None] = _nothing
    failed: Callable[[StepContext, PermanentError], None] = _nothing
    waiting: Callable[[StepContext, WaitUntil], None] = _nothing
    critical: bool = False
    control: Control = Control.ORG_PROVISIONING


@dataclass(frozen=True)
class JobType:
    """One kind of job. `finished` runs in the transaction that ends it, `restarted` in the one that a retry opens."""

    title: str
    steps: Mapping[str, StepHandler]
    finished: Callable[[ProvisioningJob, Sequence[ProvisioningStep]], None] = _nothing
    restarted: Callable[[ProvisioningJob, Sequence[ProvisioningStep], Actor], None] = _nothing


_kinds: dict[str, JobType] = {}


def register(kind: str, job_type: JobType) -> None:
    """Make `kind` known. Raises ValueError when somebody else took the name."""
    if _kinds.setdefault(kind, job_type) is not job_type:
        raise ValueError(f"The kind of job '{kind}' is registered twice.")


def job_type(kind: str) -> JobType:
    """The job type of a stored kind. Raises KeyError for an unknown one."""
    return _kinds[kind]


def registered_kinds() -> dict[str, JobType]:
    """All kinds, for the sweeps of the test suite."""
    return dict(_kinds)

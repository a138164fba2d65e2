"""What became of the last mail to somebody, as his page says it."""

from dataclasses import dataclass
from datetime import datetime

from tenancy.mail_texts import KINDS
from tenancy.models import Customer, Mailbox

LEVELS = {Mailbox.Status.SENT: "success", Mailbox.Status.FAILED: "warning"}


@dataclass(frozen=True)
class MailState:
    """The last mail to an address (`at` is None without one), and why mails are stopped, if they are."""

    what: str = ""
    status: str = ""
    level: str = "neutral"
    at: datetime | None = None
    stopped: str = ""
    stopped_at: datetime | None = None


def mail_state(customer: Customer, email: str) -> MailState:
    """Which mail that was is told to the customer who sent it, to nobody else."""
    box = Mailbox.objects.filter(email=email.lower()).first()
    if box is None:
        return MailState()
    ours = box.last_customer_id == customer.pk
    return MailState(
        what=KINDS.get(box.last_kind, box.last_kind) if ours else "",
        status=box.get_last_status_display(),
        level=LEVELS.get(Mailbox.Status(box.last_status), "error") if box.last_status else "neutral",
        at=box.last_at,
        stopped=box.get_stopped_for_display() if box.stopped_for else "",
        stopped_at=box.stopped_at,
    )

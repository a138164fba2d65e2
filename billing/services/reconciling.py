"""Comparing the vendor's reconciliation file with a report of ours. No original has this (domain.md section 14)."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from billing import causes, files, reconciliation_sql
from billing.bell import reconciliation_bell
from billing.causes import Disagreement, Side
from billing.errors import FileTooLarge, ReportNotReady
from billing.models import BillingReport, Difference, Reconciliation
from billing.report_lines import FileUnreadable, read_lines
from billing.services.alone import alone
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Partner
from tenancy.policy import Control

MOST_BYTES = 400 * 1024 * 1024
MOST_DIFFERENCES = 50_000
MAX_ATTEMPTS = 3
IN_PROGRESS, COMPLETED, FAILED = Reconciliation.Status
# The first columns of DIFFERING, in its order.
KEYS = (
    "service",
    "customer_key",
    "subject_key",
    "customer_id",
    "subscriber_id",
    "workspace_id",
    "customer_label",
    "subject_label",
)


def create_reconciliation(*, report: BillingReport, file: BinaryIO, file_name: str, by: Actor) -> Reconciliation:
    """Keep an uploaded file and order its comparison with a completed report. A worker compares.

    Raises Forbidden, ReportNotReady, FileTooLarge.
    """
    authorize(by, Control.PARTNER_BILLING, partner=report.partner)
    if not report.can_be_reconciled:
        raise ReportNotReady(field="file")
    row = Reconciliation(report=report, file_name=file_name[-200:] or "file.csv", created_by=by.admin)
    path = files.vendor_path(row)
    try:
        _store(file, path)
        with transaction.atomic():
            row.save(force_insert=True)
            audit.record(
                action="billing_reconciliation.created",
                text=f"{by.name} compared {row.file_name} with {report}",
                target=report,
                partner=report.partner,
                changes={"file": [None, row.file_name]},
                by=by,
            )
            transaction.on_commit(lambda: reconciliation_bell.ring([str(row.public_id)]), robust=True)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return row


def _store(file: BinaryIO, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as target:
        while block := file.read(1 << 20):
            size += len(block)
            if size > MOST_BYTES:
                raise FileTooLarge(field="file")
            target.write(block)


def reconcile(*, reconciliation_id: uuid.UUID) -> None:
    """Compare, once. Does nothing when somebody else is at it, or when it is finished or deleted."""
    with alone(reconciliation_id) as mine:
        row = _begin(reconciliation_id) if mine else None
        if row is None:
            return
        try:
            _compare(row)
        except FileUnreadable as error:
            _fail(row, str(error))
        except FileNotFoundError:
            _fail(row, "A file is missing on the server. Create the report again, then upload the vendor's file again.")


def _begin(reconciliation_id: uuid.UUID) -> Reconciliation | None:
    """Count the attempt before it begins, so that a file that kills its worker is not tried for ever."""
    waiting = Reconciliation.objects.filter(public_id=reconciliation_id, status=IN_PROGRESS)
    row = waiting.select_related("report__partner", "report__sub_partner").first()
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        _fail(row, f"It was tried {MAX_ATTEMPTS} times. Upload the file again.")
        return None
    return row if waiting.update(attempts=F("attempts") + 1) else None


def _compare(row: Reconciliation) -> None:
    report = row.report
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(reconciliation_sql.STAGE)
        _stage(cursor, files.report_path(report), report.type, ours=True)
        _stage(cursor, files.vendor_path(row), report.type, ours=False)
        cursor.execute(reconciliation_sql.RESOLVE, {"partners": _partners(report)})
        cursor.execute(reconciliation_sql.DIFFERING, {"most": MOST_DIFFERENCES})
        found = [_disagreement(values) for values in cursor.fetchall()]
        rows = causes.explained(found, first=report.start_on, last=report.end_on)
        Difference.objects.filter(reconciliation=row).delete()
        Difference.objects.bulk_create(
            (_difference(row, position, found) for position, found in enumerate(rows, start=1)), batch_size=2000
        )
        Reconciliation.objects.filter(pk=row.pk, status=IN_PROGRESS).update(
            status=COMPLETED, finished_at=Now(), error="", **_figures(cursor)
        )


def _stage(cursor: Any, path: Path, level: str, *, ours: bool) -> None:
    with cursor.copy(reconciliation_sql.COPY) as copy:
        for values in _rows(path, level, ours):
            copy.write_row(values)


def _rows(path: Path, level: str, ours: bool) -> Iterator[tuple[Any, ...]]:
    for line in read_lines(path, level=level):
        yield (
            ours,
            line.service,
            line.org_id,
            line.external_id,
            line.subscriber_id,
            line.user_id,
            line.workspace_id,
            line.starts_on,
            line.ends_on,
            line.quantity,
            line.tolerance,
            line.adjustment,
        )


def _partners(report: BillingReport) -> list[int]:
    """Whose customers the lines may be about: those of the report's own partner, and what belongs to it."""
    subs = Partner.objects.filter(parent=report.about).values_list("pk", flat=True)
    return [report.about.pk, *subs]


def _disagreement(values: tuple[Any, ...]) -> Disagreement:
    keys, ours, theirs, tolerance = values[:8], values[8:13], values[13:17], values[17]
    our_side = Side(ours[0], ours[2], ours[3], ours[4], adjusted=ours[1]) if ours[0] is not None else None
    their_side = Side(*theirs) if theirs[0] is not None else None
    named = dict(zip(KEYS, keys, strict=True))
    return Disagreement(**named, ours=our_side, theirs=their_side, tolerance=tolerance)


def _difference(row: Reconciliation, position: int, found: Disagreement) -> Difference:
    return Difference(
        reconciliation=row,
        position=position,
        cause=found.cause,
        service=found.service,
        customer_id=found.customer_id,
        customer_label=found.customer_label[:200],
        subscriber_id=found.subscriber_id,
        workspace_id=found.workspace_id,
        subject_label=found.subject_label[:200],
        our_quantity=found.ours.quantity if found.ours else None,
        vendor_quantity=found.theirs.quantity if found.theirs else None,
        explanation=found.explanation,
    )


def _figures(cursor: Any) -> dict[str, Any]:
    cursor.execute(reconciliation_sql.TOTALS)
    totals = {ours: (lines, quantity) for ours, lines, quantity in cursor.fetchall()}
    cursor.execute(reconciliation_sql.COUNT)
    agreeing, differing = cursor.fetchone()
    nothing = (0, Decimal(0))
    return {
        "our_lines": totals.get(True, nothing)[0],
        "our_quantity": totals.get(True, nothing)[1],
        "vendor_lines": totals.get(False, nothing)[0],
        "vendor_quantity": totals.get(False, nothing)[1],
        "agreeing": agreeing,
        "differing": differing,
    }


def _fail(row: Reconciliation, reason: str) -> None:
    Reconciliation.objects.filter(pk=row.pk, status=IN_PROGRESS).update(
        status=FAILED, finished_at=Now(), error=reason[:300]
    )


def delete_reconciliation(*, reconciliation: Reconciliation, by: Actor) -> None:
    """Forget a comparison and its file. Raises Forbidden."""
    report = reconciliation.report
    authorize(by, Control.PARTNER_BILLING, partner=report.partner)
    path = files.vendor_path(reconciliation)
    with transaction.atomic():
        if not Reconciliation.objects.filter(pk=reconciliation.pk).delete()[0]:
            return
        audit.record(
            action="billing_reconciliation.deleted",
            text=f"{by.name} deleted the comparison of {reconciliation.file_name} with {report}",
            target=report,
            partner=report.partner,
            by=by,
        )
        transaction.on_commit(lambda: path.unlink(missing_ok=True))

"""Where report files are. Only a finished file ever has the final name."""

import os
import shutil
import uuid
from pathlib import Path

from django.conf import settings

from billing.models import BillingReport, Reconciliation


def report_path(report: BillingReport) -> Path:
    """The finished CSV file of a report."""
    return Path(settings.REPORTS_DIR) / str(report.partner.public_id) / f"{report.public_id}.csv"


def workbook_path(report: BillingReport) -> Path:
    """The same as XLSX, if somebody has asked for it."""
    return report_path(report).with_suffix(".xlsx")


def vendor_path(reconciliation: Reconciliation) -> Path:
    """The uploaded file of a comparison. Its name begins like its report's, so that it goes with the report."""
    own = report_path(reconciliation.report)
    return own.with_name(f"{own.stem}.{reconciliation.public_id}.vendor")


def draft_path(report: BillingReport) -> Path:
    """A name of one's own beside the final one, to write to. Makes the folder, removes what a killed worker left there.

    For whoever holds the report's lock: nobody else can be writing.
    """
    folder = report_path(report).parent
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in [*folder.glob(f"{report.public_id}.*.part"), *folder.glob(f"{report.public_id}.*.scratch")]:
        _remove(leftover)
    return folder / f"{report.public_id}.{uuid.uuid4().hex}.part"


def publish(draft: Path, final: Path) -> None:
    """Give a written and synced draft its final name, so that it survives a power cut once this returns."""
    draft.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_files(path: Path) -> None:
    """Remove a report's file and whatever a killed worker left beside it."""
    for leftover in path.parent.glob(f"{path.stem}.*"):
        _remove(leftover)


def _remove(leftover: Path) -> None:
    if leftover.is_dir():
        shutil.rmtree(leftover, ignore_errors=True)
    else:
        leftover.unlink(missing_ok=True)

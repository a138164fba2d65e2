"""The doorbell of reports: tell a worker that one is waiting. It may fail or get lost; the sweeper rings again."""

from provisioning.bell import Bell

report_bell = Bell("billing.make_report", "report_id")
workbook_bell = Bell("billing.make_workbook", "report_id")
reconciliation_bell = Bell("billing.reconcile", "reconciliation_id")

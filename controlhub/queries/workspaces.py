"""One workspace with its history."""

from controlhub.models import PackageAssignment, Workspace
from tenancy.models import AuditEvent


def workspace_history(workspace: Workspace, *, size: int = 50) -> list[PackageAssignment]:
    """The newest intervals of the workspace, newest first."""
    return list(workspace.assignments.select_related("location").order_by("-started_at", "-id")[:size])


def workspace_events(workspace: Workspace, *, size: int = 10) -> list[AuditEvent]:
    """The newest audit events whose target is this workspace."""
    events = workspace.customer.audit_events.filter(target_type="workspace", target_id=str(workspace.public_id))
    return list(events.order_by("-created_at", "-id")[:size])

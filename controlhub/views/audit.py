"""The audit page of Control Hub: tenancy/audit_pages.py, at this hub's place."""

from tenancy.access import CustomerView
from tenancy.audit_pages import AuditEventPanel, AuditExport, AuditList, AuditVerify
from tenancy.policy import Control


class Audit(AuditList, CustomerView):
    control = Control.ORG_AUDIT
    namespace = "controlhub"


class AuditEventDetail(AuditEventPanel, CustomerView):
    control = Control.ORG_AUDIT
    namespace = "controlhub"


class AuditCsv(AuditExport, CustomerView):
    control = Control.ORG_AUDIT
    namespace = "controlhub"


class AuditCheck(AuditVerify, CustomerView):
    control = Control.ORG_AUDIT
    namespace = "controlhub"

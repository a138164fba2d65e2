"""The audit page of Partner Hub: tenancy/audit_pages.py, at this hub's place."""

from tenancy.access import PartnerView
from tenancy.audit_pages import AuditEventPanel, AuditExport, AuditList, AuditVerify
from tenancy.policy import Control


class Audit(AuditList, PartnerView):
    control = Control.PARTNER_AUDIT
    namespace = "partnerhub"


class AuditEventDetail(AuditEventPanel, PartnerView):
    control = Control.PARTNER_AUDIT
    namespace = "partnerhub"


class AuditCsv(AuditExport, PartnerView):
    control = Control.PARTNER_AUDIT
    namespace = "partnerhub"


class AuditCheck(AuditVerify, PartnerView):
    control = Control.PARTNER_AUDIT
    namespace = "partnerhub"

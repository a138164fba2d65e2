"""Who owns what (Partner, Customer), who signs in (AdminUser, RoleAssignment), and what they did (AuditEvent)."""

from tenancy.models.audit_events import AuditChain as AuditChain
from tenancy.models.audit_events import AuditEvent as AuditEvent
from tenancy.models.drafts import WizardDraft as WizardDraft
from tenancy.models.integrations import Authorization as Authorization
from tenancy.models.integrations import Integration as Integration
from tenancy.models.integrations import RefreshToken as RefreshToken
from tenancy.models.launches import CrossLaunch as CrossLaunch
from tenancy.models.launches import TemporaryRights as TemporaryRights
from tenancy.models.mailboxes import Mailbox as Mailbox
from tenancy.models.people import AdminUser as AdminUser
from tenancy.models.people import CustomerAssignment as CustomerAssignment
from tenancy.models.people import RoleAssignment as RoleAssignment
from tenancy.models.sign_ins import FailedSignIn as FailedSignIn
from tenancy.models.tenants import Customer as Customer
from tenancy.models.tenants import Partner as Partner
from tenancy.models.tokens import ApiToken as ApiToken
from tenancy.models.webhooks import Event as Event
from tenancy.models.webhooks import Resource as Resource
from tenancy.models.webhooks import Webhook as Webhook
from tenancy.models.webhooks import WebhookDelivery as WebhookDelivery

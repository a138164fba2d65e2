"""What was used (the ledger, its closed days, later truth) and the reports made of it. Reads assignments, never writes them."""

from billing.models.adjustments import UsageAdjustment as UsageAdjustment
from billing.models.adjustments import UsageCorrection as UsageCorrection
from billing.models.ledger import SECONDS_PER_DAY as SECONDS_PER_DAY
from billing.models.ledger import DayClose as DayClose
from billing.models.ledger import ParkedPartner as ParkedPartner
from billing.models.ledger import PartnerUsageDay as PartnerUsageDay
from billing.models.ledger import UsageDay as UsageDay
from billing.models.reconciliations import Difference as Difference
from billing.models.reconciliations import Reconciliation as Reconciliation
from billing.models.reports import BillingReport as BillingReport

"""What was used (the ledger, its closed days, later truth), the reports made of it, what it costs, and the invoices.

Reads assignments, never writes them.
"""

from billing.models.adjustments import UsageAdjustment as UsageAdjustment
from billing.models.adjustments import UsageCorrection as UsageCorrection
from billing.models.invoices import BillingAccount as BillingAccount
from billing.models.invoices import Invoice as Invoice
from billing.models.invoices import InvoiceLine as InvoiceLine
from billing.models.ledger import SECONDS_PER_DAY as SECONDS_PER_DAY
from billing.models.ledger import DayClose as DayClose
from billing.models.ledger import ParkedPartner as ParkedPartner
from billing.models.ledger import PartnerUsageDay as PartnerUsageDay
from billing.models.ledger import UsageDay as UsageDay
from billing.models.prices import CustomerPrice as CustomerPrice
from billing.models.prices import PriceBookEntry as PriceBookEntry
from billing.models.reconciliations import Difference as Difference
from billing.models.reconciliations import Reconciliation as Reconciliation
from billing.models.reports import BillingReport as BillingReport
from billing.models.workbooks import ReportWorkbook as ReportWorkbook

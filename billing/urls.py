"""Billing, inside Partner Hub: /partner/<uuid:partner>/billing/…"""

from django.urls import path

from billing.views.corrections import (
    CorrectionCsv,
    CorrectionDetail,
    CorrectionList,
    CustomerChoice,
    IntervalList,
    UsageCorrect,
)
from billing.views.downloads import ReportDownload, WorkbookDownload
from billing.views.invoices import (
    DraftCsv,
    DraftDetail,
    DraftPdf,
    InvoiceCsv,
    InvoiceDetail,
    InvoiceExport,
    InvoiceList,
    InvoicePdf,
)
from billing.views.margins import (
    CustomerPriceAdd,
    CustomerPriceEnd,
    CustomerPriceList,
    CustomerPriceRemove,
    MarginExport,
    MarginOverview,
)
from billing.views.overview import BillingOverview, TopCustomers, UsageHistory
from billing.views.prices import PriceAdd, PriceEnd, PriceExport, PriceImport, PriceItem, PriceList, PriceRemove
from billing.views.reconciliations import (
    Reconcile,
    ReconciliationDelete,
    ReconciliationDetail,
    ReconciliationExport,
)
from billing.views.reports import (
    ReportCreate,
    ReportDelete,
    ReportDetail,
    ReportExport,
    ReportList,
    ReportWorkbookOrder,
)
from billing.views.usage import UsageCard
from billing.views.why import WhyQuantity

app_name = "billing"

urlpatterns = [
    path("", BillingOverview.as_view(), name="overview"),
    path("usage/", UsageHistory.as_view(), name="usage-history"),
    path("usage/top-customers/", TopCustomers.as_view(), name="top-customers"),
    path("usage/customers/<uuid:customer>/", WhyQuantity.as_view(), name="why"),
    path("usage-card/", UsageCard.as_view(), name="usage-card"),
    path("corrections/", CorrectionList.as_view(), name="correction-list"),
    path("corrections/export.csv", CorrectionCsv.as_view(), name="correction-export"),
    path("corrections/<uuid:correction>/", CorrectionDetail.as_view(), name="correction-detail"),
    path("corrections/customers/", CustomerChoice.as_view(), name="customer-choice"),
    path("corrections/customers/<uuid:customer>/", IntervalList.as_view(), name="interval-list"),
    path("corrections/customers/<uuid:customer>/<int:interval>/", UsageCorrect.as_view(), name="usage-correct"),
    path("reports/", ReportList.as_view(), name="report-list"),
    path("reports/export.csv", ReportExport.as_view(), name="report-export"),
    path("reports/create/", ReportCreate.as_view(), name="report-create"),
    path("reports/<uuid:report>/", ReportDetail.as_view(), name="report-detail"),
    path("reports/<uuid:report>/reconcile/", Reconcile.as_view(), name="report-reconcile"),
    path(
        "reports/<uuid:report>/reconcile/<uuid:reconciliation>/", ReconciliationDetail.as_view(), name="reconciliation"
    ),
    path(
        "reports/<uuid:report>/reconcile/<uuid:reconciliation>/export.csv",
        ReconciliationExport.as_view(),
        name="reconciliation-export",
    ),
    path(
        "reports/<uuid:report>/reconcile/<uuid:reconciliation>/delete/",
        ReconciliationDelete.as_view(),
        name="reconciliation-delete",
    ),
    path("reports/<uuid:report>/delete/", ReportDelete.as_view(), name="report-delete"),
    path("reports/<uuid:report>/download/<str:signature>/", ReportDownload.as_view(), name="report-download"),
    path(
        "reports/<uuid:report>/download/<str:signature>/xlsx/",
        WorkbookDownload.as_view(),
        name="report-workbook-download",
    ),
    path("reports/<uuid:report>/workbook/", ReportWorkbookOrder.as_view(), name="report-workbook"),
    path("invoices/", InvoiceList.as_view(), name="invoice-list"),
    path("invoices/export.csv", InvoiceExport.as_view(), name="invoice-export"),
    path("invoices/drafts/<str:month>/", DraftDetail.as_view(), name="draft-detail"),
    path("invoices/drafts/<str:month>/pdf/", DraftPdf.as_view(), name="draft-pdf"),
    path("invoices/drafts/<str:month>/csv/", DraftCsv.as_view(), name="draft-csv"),
    path("invoices/<uuid:invoice>/", InvoiceDetail.as_view(), name="invoice-detail"),
    path("invoices/<uuid:invoice>/pdf/", InvoicePdf.as_view(), name="invoice-pdf"),
    path("invoices/<uuid:invoice>/csv/", InvoiceCsv.as_view(), name="invoice-csv"),
    path("prices/", PriceList.as_view(), name="price-list"),
    path("prices/add/", PriceAdd.as_view(), name="price-add"),
    path("prices/export/", PriceExport.as_view(), name="price-export"),
    path("prices/import/", PriceImport.as_view(), name="price-import"),
    path("prices/of/<str:item>/", PriceItem.as_view(), name="price-item"),
    path("prices/<uuid:price>/end/", PriceEnd.as_view(), name="price-end"),
    path("prices/<uuid:price>/remove/", PriceRemove.as_view(), name="price-remove"),
    path("margin/", MarginOverview.as_view(), name="margin"),
    path("margin/export.csv", MarginExport.as_view(), name="margin-export"),
    path("margin/prices/", CustomerPriceList.as_view(), name="customer-price-list"),
    path("margin/prices/add/", CustomerPriceAdd.as_view(), name="customer-price-add"),
    path("margin/prices/<uuid:customer_price>/end/", CustomerPriceEnd.as_view(), name="customer-price-end"),
    path("margin/prices/<uuid:customer_price>/remove/", CustomerPriceRemove.as_view(), name="customer-price-remove"),
]

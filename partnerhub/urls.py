"""URLs of Partner Hub, below /partner/<uuid:partner>/."""

from django.urls import path

from partnerhub.views import (
    audit,
    customer_changes,
    customers,
    helpdesk,
    integrations,
    launch,
    overview,
    partners,
    setup_assist,
    templates,
    tokens,
    webhooks,
)

app_name = "partnerhub"

urlpatterns = [
    path("", overview.Overview.as_view(), name="overview"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("audit/export.csv", audit.AuditCsv.as_view(), name="audit-export"),
    path("audit/verify/", audit.AuditCheck.as_view(), name="audit-verify"),
    path("audit/<uuid:event>/", audit.AuditEventDetail.as_view(), name="audit-event"),
    path("api-tokens/", tokens.TokenList.as_view(), name="token-list"),
    path("api-tokens/create/", tokens.TokenCreate.as_view(), name="token-create"),
    path("api-tokens/<uuid:api_token>/revoke/", tokens.TokenRevoke.as_view(), name="token-revoke"),
    path("integrations/", integrations.IntegrationList.as_view(), name="integration-list"),
    path("integrations/create/", integrations.IntegrationCreate.as_view(), name="integration-create"),
    path("integrations/<uuid:integration>/", integrations.IntegrationDetail.as_view(), name="integration-detail"),
    path("integrations/<uuid:integration>/edit/", integrations.IntegrationEdit.as_view(), name="integration-edit"),
    path(
        "integrations/<uuid:integration>/secret/", integrations.IntegrationSecret.as_view(), name="integration-secret"
    ),
    path(
        "integrations/<uuid:integration>/revoke/", integrations.IntegrationRevoke.as_view(), name="integration-revoke"
    ),
    path("customers/", customers.CustomerList.as_view(), name="customer-list"),
    path("customers/export.csv", customers.CustomerExport.as_view(), name="customer-export"),
    path("customers/progress/", customers.CustomerProgress.as_view(), name="customer-progress"),
    path("customers/create/", customers.CustomerCreate.as_view(), name="customer-create"),
    path(
        "customers/create/<uuid:draft>/<slug:page>/",
        customers.CustomerCreate.as_view(),
        name="customer-create-page",
    ),
    path("customers/<uuid:customer>/", customers.CustomerPanelView.as_view(), name="customer-panel"),
    path(
        "customers/<uuid:customer>/progress/",
        customers.CustomerPanelProgress.as_view(),
        name="customer-panel-progress",
    ),
    path(
        "customers/<uuid:customer>/restricted-mode/",
        customers.CustomerRestricted.as_view(),
        name="customer-restricted",
    ),
    path("customers/<uuid:customer>/packages/", customer_changes.CustomerPackages.as_view(), name="customer-packages"),
    path("customers/<uuid:customer>/delete/", customer_changes.CustomerDelete.as_view(), name="customer-delete"),
    path("customers/<uuid:customer>/setup-assist/", setup_assist.SetupAssistOrderForm.as_view(), name="setup-assist"),
    path("customers/<uuid:customer>/launch/", launch.CustomerLaunch.as_view(), name="customer-launch"),
    path("help-desk/", helpdesk.HelpDesk.as_view(), name="helpdesk"),
    path("help-desk/users/<uuid:subscriber>/", helpdesk.UserCard.as_view(), name="helpdesk-user"),
    path("help-desk/users/<uuid:subscriber>/code/", helpdesk.SendCode.as_view(), name="helpdesk-send-code"),
    path("help-desk/users/<uuid:subscriber>/mail/", helpdesk.ResumeMail.as_view(), name="helpdesk-mail"),
    path("help-desk/users/<uuid:subscriber>/check/", helpdesk.CheckCode.as_view(), name="helpdesk-check-code"),
    path("help-desk/organizations/<uuid:customer>/", helpdesk.OrganizationCard.as_view(), name="helpdesk-org"),
    path("indirect-providers/", partners.IndirectProviders.as_view(), name="indirect-providers"),
    path("setup-assist/", setup_assist.SetupAssistList.as_view(), name="setup-assist-list"),
    path("setup-assist/export.csv", setup_assist.SetupAssistExport.as_view(), name="setup-assist-export"),
    path("setup-assist/<uuid:setup_assist>/", setup_assist.SetupAssistDetail.as_view(), name="setup-assist-order"),
    path(
        "setup-assist/<uuid:setup_assist>/cancel/", setup_assist.SetupAssistCancel.as_view(), name="setup-assist-cancel"
    ),
    path("templates/", templates.TemplateList.as_view(), name="template-list"),
    path("templates/create/", templates.TemplateCreate.as_view(), name="template-create"),
    path("templates/create/<uuid:draft>/<slug:page>/", templates.TemplateCreate.as_view(), name="template-create-page"),
    path("templates/<uuid:template>/", templates.TemplatePanel.as_view(), name="template-panel"),
    path("templates/<uuid:template>/edit/", templates.TemplateEdit.as_view(), name="template-edit"),
    path(
        "templates/<uuid:template>/edit/<uuid:draft>/<slug:page>/",
        templates.TemplateEdit.as_view(),
        name="template-edit-page",
    ),
    path("templates/<uuid:template>/retire/", templates.TemplateRetire.as_view(), name="template-retire"),
    path("templates/<uuid:template>/restore/", templates.TemplateRestore.as_view(), name="template-restore"),
    path("templates/<uuid:template>/delete/", templates.TemplateDelete.as_view(), name="template-delete"),
    path("webhooks/", webhooks.WebhookList.as_view(), name="webhook-list"),
    path("webhooks/create/", webhooks.WebhookCreate.as_view(), name="webhook-create"),
    path("webhooks/<uuid:webhook>/", webhooks.WebhookDetail.as_view(), name="webhook-detail"),
    path("webhooks/<uuid:webhook>/edit/", webhooks.WebhookEdit.as_view(), name="webhook-edit"),
    path("webhooks/<uuid:webhook>/secret/", webhooks.WebhookSecret.as_view(), name="webhook-secret"),
    path("webhooks/<uuid:webhook>/test/", webhooks.WebhookTest.as_view(), name="webhook-test"),
    path("webhooks/<uuid:webhook>/switch/", webhooks.WebhookSwitch.as_view(), name="webhook-switch"),
    path("webhooks/<uuid:webhook>/delete/", webhooks.WebhookDelete.as_view(), name="webhook-delete"),
    path(
        "webhooks/<uuid:webhook>/deliveries/<uuid:delivery>/",
        webhooks.DeliveryDetail.as_view(),
        name="webhook-delivery",
    ),
    path(
        "webhooks/<uuid:webhook>/deliveries/<uuid:delivery>/replay/",
        webhooks.DeliveryReplay.as_view(),
        name="webhook-replay",
    ),
]

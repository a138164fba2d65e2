"""Control Hub: one customer, under /org/<customer>/."""

from django.urls import URLPattern, path

from controlhub.views import (
    account,
    administrators,
    audit,
    launch,
    locations,
    number_actions,
    numbers,
    overview,
    setup,
    user_changes,
    users,
    workspaces,
)
from provisioning.views import JobCard, JobRetry

app_name = "controlhub"

urlpatterns: list[URLPattern] = [
    path("", overview.Overview.as_view(), name="overview"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("audit/export.csv", audit.AuditCsv.as_view(), name="audit-export"),
    path("audit/verify/", audit.AuditCheck.as_view(), name="audit-verify"),
    path("audit/<uuid:event>/", audit.AuditEventDetail.as_view(), name="audit-event"),
    path("users/", users.UserList.as_view(), name="user-list"),
    path("users/export.csv", users.UserExport.as_view(), name="user-export"),
    path("users/add/", setup.AddUsers.as_view(), name="user-add"),
    path("users/add/<uuid:draft>/<slug:page>/", setup.AddUsers.as_view(), name="user-add-page"),
    path("users/<uuid:subscriber>/", users.UserDetail.as_view(), name="user-detail"),
    path("users/<uuid:subscriber>/edit/", user_changes.UserEdit.as_view(), name="user-edit"),
    path("users/<uuid:subscriber>/calling/", user_changes.UserCalling.as_view(), name="user-calling"),
    path("users/<uuid:subscriber>/package/", user_changes.UserPackage.as_view(), name="user-package"),
    path(
        "users/<uuid:subscriber>/package/remove/", user_changes.UserRemovePackage.as_view(), name="user-remove-package"
    ),
    path("setup/", setup.SetUpCustomer.as_view(), name="setup"),
    path("setup/done/<uuid:job>/", setup.SetUpDone.as_view(), name="setup-done"),
    path("setup/<uuid:draft>/<slug:page>/", setup.SetUpCustomer.as_view(), name="setup-page"),
    path("locations/", locations.LocationList.as_view(), name="location-list"),
    path("locations/create/", locations.LocationCreate.as_view(), name="location-create"),
    path("locations/<uuid:location>/", locations.LocationDetail.as_view(), name="location-detail"),
    path("locations/<uuid:location>/edit/", locations.LocationEdit.as_view(), name="location-edit"),
    path("locations/<uuid:location>/confirm/", locations.LocationConfirm.as_view(), name="location-confirm"),
    path("numbers/", numbers.NumberList.as_view(), name="number-list"),
    path("numbers/add/", numbers.NumberAdd.as_view(), name="number-add"),
    path("numbers/export.csv", numbers.NumberExport.as_view(), name="number-export"),
    path("numbers/activate/", number_actions.NumberActivate.as_view(), name="number-activate"),
    path("numbers/deactivate/", number_actions.NumberDeactivate.as_view(), name="number-deactivate"),
    path("numbers/move/", number_actions.NumberMove.as_view(), name="number-move"),
    path("numbers/remove/", number_actions.NumberRemove.as_view(), name="number-remove"),
    path("numbers/<uuid:number>/", number_actions.NumberDetail.as_view(), name="number-detail"),
    path("numbers/<uuid:number>/assign/", number_actions.NumberAssign.as_view(), name="number-assign"),
    path("numbers/<uuid:number>/release/", number_actions.NumberRelease.as_view(), name="number-release"),
    path("workspaces/", workspaces.WorkspaceList.as_view(), name="workspace-list"),
    path("workspaces/create/", workspaces.WorkspaceCreate.as_view(), name="workspace-create"),
    path("workspaces/<uuid:workspace>/", workspaces.WorkspaceDetail.as_view(), name="workspace-detail"),
    path("workspaces/<uuid:workspace>/edit/", workspaces.WorkspaceEdit.as_view(), name="workspace-edit"),
    path("workspaces/<uuid:workspace>/delete/", workspaces.WorkspaceDelete.as_view(), name="workspace-delete"),
    path("admins/", administrators.AdminList.as_view(), name="admin-list"),
    path("admins/add/", administrators.AdminAdd.as_view(), name="admin-add"),
    path("admins/external/", administrators.ExternalAdminAdd.as_view(), name="external-admin-add"),
    path("admins/<uuid:admin>/", administrators.AdminEdit.as_view(), name="admin-edit"),
    path("admins/<uuid:admin>/remove/", administrators.AdminRemove.as_view(), name="admin-remove"),
    path("account/", account.Account.as_view(), name="account"),
    path("account/name/", account.AccountName.as_view(), name="account-name"),
    path("jobs/<uuid:job>/card/", JobCard.as_view(), name="job-card"),
    path("jobs/<uuid:job>/retry/", JobRetry.as_view(), name="job-retry"),
    path("enter/", launch.EnterLaunch.as_view(), name="enter-launch"),
    path("end-session/", launch.EndLaunch.as_view(), name="end-launch"),
]

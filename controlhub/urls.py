"""Control Hub: one customer, under /org/<customer>/."""

from django.urls import URLPattern, path

from controlhub.views import account, launch, locations, numbers, overview, users, workspaces

app_name = "controlhub"

urlpatterns: list[URLPattern] = [
    path("", overview.Overview.as_view(), name="overview"),
    path("users/", users.UserList.as_view(), name="user-list"),
    path("users/export.csv", users.UserExport.as_view(), name="user-export"),
    path("users/<uuid:subscriber>/", users.UserDetail.as_view(), name="user-detail"),
    path("locations/", locations.LocationList.as_view(), name="location-list"),
    path("locations/<uuid:location>/", locations.LocationDetail.as_view(), name="location-detail"),
    path("numbers/", numbers.NumberList.as_view(), name="number-list"),
    path("numbers/add/", numbers.NumberAdd.as_view(), name="number-add"),
    path("numbers/export.csv", numbers.NumberExport.as_view(), name="number-export"),
    path("workspaces/", workspaces.WorkspaceList.as_view(), name="workspace-list"),
    path("account/", account.Account.as_view(), name="account"),
    path("account/name/", account.AccountName.as_view(), name="account-name"),
    path("end-session/", launch.EndLaunch.as_view(), name="end-launch"),
]

from django.urls import path

from provisioning.views import JobCard, JobRetry

app_name = "provisioning"

urlpatterns = [
    path("jobs/<uuid:job>/card/", JobCard.as_view(), name="job-card"),
    path("jobs/<uuid:job>/retry/", JobRetry.as_view(), name="job-retry"),
]

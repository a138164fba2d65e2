from django.urls import URLPattern

app_name = "controlhub"

urlpatterns: list[URLPattern] = []

from django.urls import URLPattern

app_name = "partnerhub"

urlpatterns: list[URLPattern] = []

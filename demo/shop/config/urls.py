"""Routes of the project."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve

urlpatterns = [
    path("admin/", admin.site.urls),
    # nginx serves them, except in a shop without the volume `static`.
    path("static/<path:path>", serve, {"document_root": settings.STATIC_ROOT}),
    path("", include("shop.urls")),
]

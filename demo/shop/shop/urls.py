"""Routes of the shop."""

from django.urls import path

from shop import health, views

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/new/", views.product_new, name="product-new"),
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<uuid:pk>/", views.order_detail, name="order"),
    path("request/", views.how_it_arrived, name="request"),
    path("health/", health.process, name="health"),
    path("health/live/", health.process, name="health-live"),
    path("health/ready/", health.ready, name="health-ready"),
    path("health/detailed/", health.detailed, name="health-detailed"),
    path("metrics", health.prometheus, name="metrics"),
]

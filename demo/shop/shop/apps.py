"""Django application of the shop."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Products, orders and the tasks that an order queues."""

    name = "shop"

"""The admin site's view of the shop."""

from django.contrib import admin

from shop.models import Order, Product, TaskRun


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Products, editable."""

    list_display = ("name", "sku", "price")
    search_fields = ("name", "sku")


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders with the state of their tasks."""

    list_display = ("id", "product", "quantity", "total", "confirmed_at")
    readonly_fields = ("total", "confirmed_at")


@admin.register(TaskRun)
class TaskRunAdmin(admin.ModelAdmin):
    """Which worker did what."""

    list_display = ("name", "queue", "worker", "attempts", "started_at", "finished_at")
    list_filter = ("queue",)

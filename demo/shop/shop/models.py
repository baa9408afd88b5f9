"""What the shop keeps in the database."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

PERIODIC_TASK = "shop.tasks.refresh_gold_price"


class Product(models.Model):
    """A piece of jewelry on sale."""

    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=9, decimal_places=2, validators=[MinValueValidator(0)])
    picture = models.ImageField(upload_to="products/", blank=True)

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """A customer's order; its tasks fill in what is null at first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(100)])
    email = models.EmailField()
    total = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.pk)


class TaskRun(models.Model):
    """One Celery task's execution; a task delivered again counts an attempt more."""

    task_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    queue = models.CharField(max_length=50)
    worker = models.CharField(max_length=255)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, null=True, related_name="task_runs")
    attempts = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("started_at", "pk")
        indexes = (models.Index(fields=["name", "-finished_at"], name="taskrun_name_finished"),)

    def __str__(self) -> str:
        return f"{self.name} {self.task_id}"

    @classmethod
    def last_periodic_run(cls) -> str | None:
        """Return when the periodic task last ended, in ISO 8601."""
        ended = (
            cls.objects.filter(name=PERIODIC_TASK, finished_at__isnull=False)
            .order_by("-finished_at")
            .values_list("finished_at", flat=True)
            .first()
        )
        return ended.isoformat() if ended else None

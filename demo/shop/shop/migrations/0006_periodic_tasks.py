"""Schedule the refresh of the gold price."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

NAME = "Refresh the gold price"


def schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the schedule and tell a running beat that schedules changed."""
    interval, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(every=10, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={"task": "shop.tasks.refresh_gold_price", "interval": interval},
    )
    apps.get_model("django_celery_beat", "PeriodicTasks").objects.update_or_create(ident=1, defaults={"last_update": timezone.now()})


def unschedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the schedule."""
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    periodic_task.objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0005_require_sku_index_task_runs"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(schedule, unschedule)]

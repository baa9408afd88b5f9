"""Give every product a stock-keeping unit."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Number the products that have none."""
    product = apps.get_model("shop", "Product")
    for row in product.objects.filter(sku=None).iterator():
        row.sku = f"J{row.pk:06d}"
        row.save(update_fields=["sku"])


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_order_total_product_sku")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

"""Put some products on sale."""

from decimal import Decimal

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PRODUCTS = (
    ("Gold ring", "480.00"),
    ("Pearl necklace", "1250.00"),
    ("Silver bracelet", "95.50"),
    ("Sapphire earrings", "720.00"),
)


def create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the products that are not there."""
    product = apps.get_model("shop", "Product")
    for name, price in PRODUCTS:
        product.objects.get_or_create(name=name, defaults={"price": Decimal(price)})


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]

"""Add columns that old rows lack."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_demo_products")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="total",
            field=models.DecimalField(decimal_places=2, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="sku",
            field=models.CharField(max_length=20, null=True),
        ),
    ]

"""Constraints and an index, now that all rows are filled."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_fill_product_sku")]

    operations = [
        migrations.AlterField(
            model_name="product",
            name="sku",
            field=models.CharField(max_length=20, unique=True),
        ),
        migrations.AddIndex(
            model_name="taskrun",
            index=models.Index(fields=["name", "-finished_at"], name="taskrun_name_finished"),
        ),
    ]

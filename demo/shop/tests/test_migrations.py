"""Migrations carry old rows over."""

import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


@pytest.mark.django_db(transaction=True)
def test_old_products_get_a_unit_number() -> None:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    try:
        old = executor.migrate([("shop", "0003_order_total_product_sku")]).apps
        product = old.get_model("shop", "Product").objects.create(name="Old", price=1)
        executor = MigrationExecutor(connection)
        new = executor.migrate([("shop", "0005_require_sku_index_task_runs")]).apps
        row = new.get_model("shop", "Product").objects.get(pk=product.pk)
        assert row.sku == f"J{product.pk:06d}"
    finally:
        MigrationExecutor(connection).migrate(latest)

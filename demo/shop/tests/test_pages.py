"""Pages: products with hashed static files, checkout, orders, uploads."""

import io
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from kombu.exceptions import OperationalError
from PIL import Image
from pytest_django import Settings
from shop.models import Order, Product

from conftest import HOST

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files")]
QUEUES = {"celery", "backups", "pricing", "reports", "notifications"}


def csrf_token(browser: Client) -> str:
    """Return the token that the front page gives."""
    browser.get("/")
    return browser.cookies["csrftoken"].value


def order(browser: Client, accept: str = "application/json", **changes: str) -> HttpResponse:
    """Send the checkout form."""
    form = {
        "product": str(Product.objects.first().pk),
        "quantity": "2",
        "email": "buyer@example.test",
        "csrfmiddlewaretoken": csrf_token(browser),
        **changes,
    }
    return browser.post("/checkout/", form, headers={"accept": accept})


def png() -> bytes:
    """Return a small picture."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "gold").save(content, "PNG")
    return content.getvalue()


def test_front_page_lists_products_and_a_hashed_stylesheet(browser: Client, settings: Settings) -> None:
    page = browser.get("/").content.decode()
    address = re.search(r'href="/static/(shop/style\.[0-9a-f]{12}\.css)"', page)
    assert address
    stylesheet = Path(settings.STATIC_ROOT, address[1]).read_text()
    assert re.search(r"no-picture\.[0-9a-f]{12}\.svg", stylesheet)
    assert all(name in page for name in Product.objects.values_list("name", flat=True))
    assert "0.0.0-test" in page


def test_static_files_are_served_without_nginx(browser: Client) -> None:
    """A shop without the volume `static` passes these requests to Django."""
    address = re.search(r'href="(/static/shop/style\.[0-9a-f]{12}\.css)"', browser.get("/").content.decode())
    assert address
    response = browser.get(address[1])
    assert (response.status_code, response["Content-Type"]) == (200, "text/css")
    assert browser.get("/static/no-such-file").status_code == 404


def test_checkout_runs_one_task_on_each_queue(browser: Client, settings: Settings) -> None:
    response = order(browser)
    assert response.status_code == 201
    created = response.json()
    content = browser.get(created["url"], headers={"accept": "application/json"}).json()
    assert content["complete"]
    assert {task["queue"] for task in content["tasks"]} == QUEUES
    assert len(content["tasks"]) == len(QUEUES)
    price = Product.objects.get(sku=content["product"]).price
    assert content["total"] == str(price * 2)
    assert content["confirmed_at"]
    backup = Path(settings.BACKUP_LOCAL_PATH, "orders", f"{created['id']}.json")
    assert json.loads(backup.read_text())["email"] == "buyer@example.test"
    assert [message.to for message in mail.outbox] == [["buyer@example.test"]]


def test_checkout_by_browser_leads_to_the_order(browser: Client) -> None:
    response = order(browser, accept="text/html")
    assert response.status_code == 302
    page = browser.get(response["Location"]).content.decode()
    assert "shop.tasks.back_up_order" in page


def test_checkout_needs_the_token(browser: Client) -> None:
    assert order(browser, csrfmiddlewaretoken="wrong").status_code == 403
    assert not Order.objects.exists()


def test_checkout_names_bad_fields(browser: Client) -> None:
    response = order(browser, quantity="0", email="nobody")
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"quantity", "email"}


def test_checkout_says_when_the_broker_is_away(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(order_id: str) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("shop.tasks.confirm_order.delay", refuse)
    response = order(browser, accept="text/html")
    assert response.status_code == 503
    assert "try again later" in response.content.decode()


def test_unknown_order_is_not_found(browser: Client) -> None:
    address = "/orders/00000000-0000-0000-0000-000000000000/"
    assert browser.get(address).status_code == 404


def test_upload_needs_a_login(browser: Client) -> None:
    response = browser.get("/products/new/")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_staff_uploads_a_picture(browser: Client, admin_user: User, settings: Settings) -> None:
    browser.force_login(admin_user)
    picture = png()
    form = {
        "csrfmiddlewaretoken": csrf_token(browser),
        "sku": "J-UPLOAD",
        "name": "Uploaded ring",
        "price": "10.00",
        "picture": SimpleUploadedFile("ring.png", picture, "image/png"),
    }
    response = browser.post("/products/new/", form)
    assert response.status_code == 302, response.content
    product = Product.objects.get(sku="J-UPLOAD")
    assert Path(settings.MEDIA_ROOT, product.picture.name).read_bytes() == picture
    assert f'src="{product.picture.url}"' in browser.get("/").content.decode()


def test_upload_of_something_else_is_refused(browser: Client, admin_user: User) -> None:
    browser.force_login(admin_user)
    form = {
        "csrfmiddlewaretoken": csrf_token(browser),
        "sku": "J-UPLOAD",
        "name": "No ring",
        "price": "10.00",
        "picture": SimpleUploadedFile("ring.png", b"text", "image/png"),
    }
    response = browser.post("/products/new/", form)
    assert response.status_code == 400
    assert not Product.objects.filter(sku="J-UPLOAD").exists()


def test_admin_site_lists_orders(browser: Client, admin_user: User) -> None:
    order(browser)
    browser.force_login(admin_user)
    for model in ("order", "product", "taskrun"):
        assert browser.get(f"/admin/shop/{model}/").status_code == 200


def test_shop_answers_its_own_host_only(browser: Client) -> None:
    assert browser.get("/", headers={"host": f"evil.{HOST}"}).status_code == 400


def test_request_tells_what_proxies_said(browser: Client) -> None:
    headers = {"x-forwarded-for": "203.0.113.7, 10.0.0.1", "x-real-ip": "203.0.113.7"}
    assert browser.get("/request/", headers=headers).json() == {
        "secure": True,
        "scheme": "https",
        "host": HOST,
        "client": "203.0.113.7",
        "forwarded_for": "203.0.113.7, 10.0.0.1",
        "real_ip": "203.0.113.7",
        "body_length": 0,
    }


def test_request_takes_a_post_without_a_token(browser: Client) -> None:
    answer = browser.post("/request/", "abc", content_type="text/plain")
    assert (answer.status_code, answer.json()["body_length"]) == (200, 3)


def test_request_tells_of_a_plain_one_without_proxies(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = False
    found = Client(headers={"host": HOST}).get("/request/").json()
    assert (found["secure"], found["scheme"]) == (False, "http")
    assert (found["client"], found["forwarded_for"]) == ("127.0.0.1", "")

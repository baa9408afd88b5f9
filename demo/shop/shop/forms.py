"""Forms for what visitors and staff send."""

from django import forms

from shop.models import Order, Product


class ProductForm(forms.ModelForm):
    """A new product with its picture."""

    class Meta:
        model = Product
        fields = ("sku", "name", "price", "picture")


class CheckoutForm(forms.ModelForm):
    """An order of one product."""

    class Meta:
        model = Order
        fields = ("product", "quantity", "email")

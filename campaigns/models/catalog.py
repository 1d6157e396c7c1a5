"""The model catalog as rows an admin edits. First filled from routing/catalog.toml."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.choices import Tier
from campaigns.models.ledger import AppendOnlyRow


class CatalogModel(models.Model):
    """One model of one provider. `key` and `version` are pinned into every attempt."""

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=80)
    provider = models.CharField(max_length=20)
    version = models.CharField(max_length=80)
    operations = models.JSONField(default=list)
    tier = models.CharField(max_length=6, choices=Tier)
    price_micros = models.BigIntegerField(
        null=True, blank=True, help_text="Per unit; empty while it is unknown."
    )
    price_unit = models.CharField(max_length=16, default="output")
    price_basis = models.CharField(max_length=200, blank=True)
    price_from = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    approval_prior = models.FloatField(default=0.5)
    seconds_each = models.FloatField(default=10)
    limits = models.TextField(blank=True, help_text="What it honestly cannot do.")
    profile = models.JSONField(
        default=dict, blank=True, help_text="What it can do, as in the shipped catalog."
    )
    licence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    is_enabled = models.BooleanField(default=True)
    is_edited = models.BooleanField(default=False, help_text="An admin changed it; sync leaves it.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_enabled_model_has_a_price",
                condition=Q(is_enabled=False) | Q(price_micros__isnull=False),
            ),
            models.CheckConstraint(
                name="a_price_is_not_negative",
                condition=Q(price_micros__isnull=True) | Q(price_micros__gte=0),
            ),
            models.CheckConstraint(
                name="an_approval_prior_is_a_chance",
                condition=Q(approval_prior__gt=0) & Q(approval_prior__lt=1),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class ModelPrice(AppendOnlyRow):
    """What one unit of a model costs from a day on. Rows are only added: a price that is edited
    gets a row of its own, and what ran before keeps the price it ran at. Of two rows for one day
    the later written counts."""

    model = models.ForeignKey(CatalogModel, on_delete=models.PROTECT, related_name="prices")
    price_micros = models.BigIntegerField(null=True, help_text="Empty: unknown again.")
    price_unit = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    starts = models.DateField()
    basis = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    noted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_price_of_a_day_is_not_negative",
                condition=Q(price_micros__isnull=True) | Q(price_micros__gte=0),
            ),
        ]
        indexes = [models.Index(fields=["starts"], name="model_price_starts")]

    def __str__(self) -> str:
        return f"{self.model} from {self.starts}"

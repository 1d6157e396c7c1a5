"""Give the lines there are a month, and each campaign and team a line of its own."""

from datetime import timedelta

from django.db import migrations
from django.db.models import F, OuterRef, Subquery, Sum
from django.utils import timezone

ANSWER_WITHIN = timedelta(days=7)
SUMS = ("approved_micros", "reserved_micros", "settled_micros", "overrun_micros")


def forwards(apps, schema_editor):
    line = apps.get_model("campaigns", "BudgetLine")
    entry = apps.get_model("campaigns", "LedgerEntry")
    approval = apps.get_model("campaigns", "Approval")
    now = timezone.now()
    month = now.date().replace(day=1)
    line.objects.update(period=month)
    entry.objects.filter(team__isnull=True).update(
        team=Subquery(line.objects.filter(pk=OuterRef("line")).values("team")[:1])
    )
    approval.objects.update(asked_micros=F("amount_micros"))
    approval.objects.filter(state="asked").update(expires_at=now + ANSWER_WITHIN)
    approval.objects.filter(state="approved").update(used_at=F("decided_at"))
    for row in line.objects.order_by("pk"):
        excess = entry.objects.filter(line=row, kind="correct").aggregate(sum=Sum("amount_micros"))
        line.objects.filter(pk=row.pk).update(overrun_micros=max(0, excess["sum"] or 0))
    of = line.objects.values("campaign", "team", "currency")
    for found in of.annotate(**{f"all_{name}": Sum(name) for name in SUMS}).order_by("campaign"):
        line.objects.create(
            team_id=found["team"],
            campaign_id=found["campaign"],
            tier="",
            period=month,
            currency=found["currency"],
            allocated_micros=found["all_approved_micros"],
            **{name: found[f"all_{name}"] for name in SUMS},
        )
    tiers = line.objects.exclude(tier="").values("team", "currency")
    for found in tiers.annotate(**{f"all_{name}": Sum(name) for name in SUMS}).order_by("team"):
        sums = {name: found[f"all_{name}"] for name in SUMS}
        line.objects.create(
            team_id=found["team"],
            period=month,
            currency=found["currency"],
            **{**sums, "approved_micros": None},
        )


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_money_by_month")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

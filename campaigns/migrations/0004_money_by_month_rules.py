"""What the rows of the step before make true from now on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_money_by_month_rows")]

    operations = [
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_micros__gte", 0), ("amount_micros__lte", models.F("asked_micros"))
                ),
                name="an_approval_covers_at_most_what_was_asked",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger",
                to="campaigns.team",
            ),
        ),
    ]

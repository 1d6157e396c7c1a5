"""Ways to fill a frame, a focus, what a file was made of; waivers bound to the limit they waived."""

from django.db import migrations, models


def forwards(apps, schema_editor):
    """A waiver holds for the limit that its file breaks today, or for none it is known of."""
    waiver = apps.get_model("campaigns", "Waiver")
    for row in waiver.objects.select_related("platform_file").iterator(chunk_size=200):
        for found in row.platform_file.findings:
            if found.get("key") == row.key and found.get("value_text") == row.value_text:
                waiver.objects.filter(pk=row.pk).update(limit_text=found.get("limit_text", ""))
                break


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0015_qa_checks")]

    operations = [
        migrations.AddField(
            model_name="platformfile",
            name="filling",
            field=models.JSONField(
                blank=True, default=dict, help_text="{way, color} of a master that is shown whole."
            ),
        ),
        migrations.AddField(
            model_name="platformfile",
            name="focus",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="[x, y] as shares of the master; empty without one.",
            ),
        ),
        migrations.AddField(
            model_name="platformfile",
            name="marks",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Logos to keep whole: boxes as shares of the master.",
            ),
        ),
        migrations.AddField(
            model_name="platformfile",
            name="made_of",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="waiver",
            name="limit_text",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.RemoveConstraint(
            model_name="waiver", name="one_waiver_a_check_of_the_same_bytes"
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                fields=("platform_file", "key", "sha256", "value_text", "limit_text"),
                name="one_waiver_a_limit_of_the_same_bytes",
            ),
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]

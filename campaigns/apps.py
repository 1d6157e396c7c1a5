"""The one Django app. It must not start anything or connect signals."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Switchyard's models, actions and screens."""

    name = "campaigns"
    verbose_name = "Switchyard"
    default_auto_field = "django.db.models.BigAutoField"

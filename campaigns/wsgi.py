"""Entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

from campaigns import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns.settings")
env.prepare()
application = get_wsgi_application()

"""Entry point for an ASGI server. Switchyard itself is served over WSGI.

Django under ASGI reads synchronous iterators whole into memory, so a package download of some
gigabytes would be held there; use this only behind a server that never serves downloads.
"""

import os

from django.core.asgi import get_asgi_application

from campaigns import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns.settings")
env.prepare()
application = get_asgi_application()

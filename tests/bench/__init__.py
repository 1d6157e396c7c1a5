"""Benchmarks; `bin/bench` runs them. Each works on a throw-away folder named by the environment.

With SWITCHYARD_TEST_DB=pg they run on a PostgreSQL of their own, started and ended as for tests.
"""

import atexit
import os

import django

from campaigns import env

if os.environ.get("SWITCHYARD_TEST_DB") == "pg":
    # starts the server when imported, before the settings are read
    from tests import pgplugin

    atexit.register(pgplugin.pytest_unconfigure)

env.prepare()
django.setup()

"""Benchmarks; `bin/bench` runs them. Each works on a throw-away folder named by the environment."""

import django

from campaigns import env

env.prepare()
django.setup()

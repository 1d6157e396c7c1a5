"""The embedded engine: every stage on this machine's CPU, without a key and without a price."""

from routing.providers.local.engine import LocalEngine

__all__ = ["LocalEngine"]

"""Adapters to whatever makes pictures: one file a provider, one contract for all."""

"""Reads, one file a screen."""

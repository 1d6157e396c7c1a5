"""Writes, one file a noun. Every change of a row goes through here."""

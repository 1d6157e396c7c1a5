"""Decides which model does a stage's work, and at what price. Knows no database and no clock."""

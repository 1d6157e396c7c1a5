"""Forms validate and say what to enter instead; actions write."""

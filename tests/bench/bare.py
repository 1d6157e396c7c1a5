"""A job that does nothing, for a worker that loads nothing of ours."""


def nothing() -> None:
    """What the queue itself takes."""

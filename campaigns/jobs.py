"""What workers run: one id in, one action out. Each may run twice or die anywhere.

Guarantee of each: the action claims its row by a conditional UPDATE first, so a second run of
the same job finds nothing to do.
"""

from __future__ import annotations

from campaigns.actions import (
    exports,
    fetching,
    file_making,
    golden,
    learning,
    mails,
    measuring,
    platform_files,
    searching,
    sending,
    stopping,
)


def submit(attempt_id: int) -> None:
    """Send an intended attempt to its provider, exactly once."""
    sending.submit(attempt_id=attempt_id)


def poll(attempt_id: int) -> None:
    """Ask the provider where an attempt stands."""
    sending.poll(attempt_id=attempt_id)


def search(attempt_id: int) -> None:
    """Look for a call whose answer was lost."""
    searching.search(attempt_id=attempt_id)


def stop(attempt_id: int) -> None:
    """Ask the provider to stop an attempt whose run was cancelled, and book what it billed."""
    stopping.stop(attempt_id=attempt_id)


def fetch(attempt_id: int) -> None:
    """Bring in what a hosted provider made."""
    fetching.fetch(attempt_id=attempt_id)


def fetch_media(attempt_id: int) -> None:
    """Let the embedded engine make an attempt's outputs on this machine's CPU."""
    fetching.fetch(attempt_id=attempt_id)


def measure(candidate_id: int) -> None:
    """Read the meters of one candidate."""
    measuring.measure(candidate_id=candidate_id)


def make_file(platform_file_id: int) -> None:
    """Cut, encode and check one platform file."""
    file_making.make(platform_file_id=platform_file_id)


def build_export(export_id: int) -> None:
    """Build one package."""
    exports.build(export_id=export_id)


def prepare_files(attempt_id: int) -> None:
    """Write the platform files of a QA run whose worker died before it could."""
    platform_files.prepare_again(attempt_id=attempt_id)


def send_mail(mail_id: int) -> None:
    """Send one letter, once."""
    mails.send(mail_id=mail_id)


def learn(run_id: int) -> None:
    """Learn from the judged batches of a run's stage."""
    learning.learn(run_id=run_id)


def read_golden(check_id: int) -> None:
    """Compare the outputs of a golden check with what was accepted."""
    golden.read(check_id=check_id)

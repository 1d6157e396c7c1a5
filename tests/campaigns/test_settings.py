"""What the settings make of the environment, each time in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOK = """
import json
from urllib.parse import urlsplit
import campaigns.settings as found
from django.conf import settings
settings.configure()
from storages.backends.s3 import S3Storage
link = urlsplit(S3Storage(**found._media["OPTIONS"]).url("a.jpg", expire=60))
policy = found.CONTENT_SECURITY_POLICY["DIRECTIVES"]
print(json.dumps([f"{link.scheme}://{link.netloc}", policy["img-src"], policy["media-src"]]))
"""


def run(code: str, data: Path, **values: str) -> subprocess.CompletedProcess[str]:
    """`code` in a fresh interpreter with only these settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "SWITCHYARD_DATA_DIR": str(data),
        "AWS_EC2_METADATA_DISABLED": "true",
        **values,
    }
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


class TestSigning:
    @pytest.mark.parametrize(
        ("values", "words"),
        [({"C2PA_CERT": "x"}, "set both or neither"), ({"C2PA_PLATFORMS": "vine"}, "may name")],
    )
    def test_half_a_setting_or_a_wrong_one_stops_the_start(
        self, tmp_path: Path, values: dict[str, str], words: str
    ) -> None:
        result = run("import campaigns.settings", tmp_path, **values)
        assert result.returncode != 0
        assert words in result.stderr


class TestMediaInABucket:
    @pytest.mark.parametrize(
        "values",
        [
            {"ENDPOINT": "http://127.0.0.1:9000", "PATH_STYLE": "1"},
            {"ENDPOINT": "http://127.0.0.1:9000"},
            {"ENDPOINT": "https://objects.example.com", "REGION": "eu-1"},
            {"ENDPOINT": "https://objects.example.com", "BUCKET": "media.example"},
            {"REGION": "eu-central-1"},
            {"REGION": "eu-central-1", "PATH_STYLE": "1"},
            {"REGION": "eu-central-1", "BUCKET": "media.example"},
            {},
        ],
    )
    def test_the_policy_lets_pages_show_what_links_lead_to(
        self, tmp_path: Path, values: dict[str, str]
    ) -> None:
        given = {"BUCKET": "media", "ACCESS_KEY": "a", "SECRET_KEY": "b", **values}
        settings = {f"SWITCHYARD_S3_{name}": value for name, value in given.items()}
        answer = run(LOOK, tmp_path, **settings)
        assert answer.returncode == 0, answer.stderr
        origin, images, clips = json.loads(answer.stdout)
        assert origin in images
        assert origin in clips

    def test_an_endpoint_without_a_scheme_is_refused_in_words(self, tmp_path: Path) -> None:
        answer = run(
            "import campaigns.settings",
            tmp_path,
            SWITCHYARD_S3_BUCKET="media",
            SWITCHYARD_S3_ENDPOINT="objects.example.com",
        )
        assert "SWITCHYARD_S3_ENDPOINT must look like https://" in answer.stderr

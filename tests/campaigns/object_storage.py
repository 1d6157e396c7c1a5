"""Object storage on this machine, for tests of what happens while it is away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

AWAY = "http://127.0.0.1:1"
BUCKET = "media"


@contextmanager
def running() -> Iterator[str]:
    """Its address; it has one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="a", aws_secret_access_key="b",
        region_name="us-east-1",
    ).create_bucket(Bucket=BUCKET)  # fmt: skip
    yield address
    server.stop()


def storages(given: Mapping[str, Any], *, address: str, bucket: str = BUCKET) -> dict[str, Any]:
    """The setting STORAGES with files at this address."""
    options = {
        "bucket_name": bucket, "endpoint_url": address, "access_key": "a", "secret_key": "b",
        "region_name": "us-east-1",
        "client_config": Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    }  # fmt: skip
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    return {**given, "default": backend}

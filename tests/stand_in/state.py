"""What the stand-in remembers: jobs, submits, charges, deliveries and files.

Everything is appended to a journal as it happens, so that a killed stand-in comes back as it was.
It decides nothing; vendors do.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VENDORS = ("fal", "replicate", "google", "comfyui")
INLINE = 4096


@dataclass
class Job:
    """One accepted piece of work. `state` is queued, running or done; `outcome` is "" (fine) or
    the name of the fault that ended it; times are Unix seconds."""

    vendor: str
    id: str
    model: str
    body: Any = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    created_at: float
    state: str = "queued"
    outcome: str = ""
    polls: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    webhook: str = ""
    faults: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list, repr=False)
    note: dict[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the fault was asked for in this job's own input or stuck to it."""
        return any(one["name"] == name for one in self.faults)


@dataclass
class Post:
    """One submit as it arrived, accepted or not. `status` 0 means no answer was sent."""

    vendor: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: Any = field(repr=False)
    at: float
    faults: list[str] = field(default_factory=list)
    status: int = 0
    job: str = ""


@dataclass
class Charge:
    """One accepted paid job. The amount is 0 when it ended in a way the vendor does not bill."""

    vendor: str
    job: str
    model: str
    amount_micros: int
    units: float
    at: float


@dataclass
class Delivery:
    """One webhook message, sent or only prepared. `status` 0: nobody took it (see `error`)."""

    vendor: str
    job: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at: float
    status: int = 0
    error: str = ""


class Files:
    """Bytes by name in a folder; large bodies are kept here too, so that memory stays flat."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, data: bytes, *, name: str = "") -> str:
        """Store and return the name, by default made from the content."""
        name = name or hashlib.sha256(data).hexdigest()[:32]
        path = self.folder / name
        temporary = path.with_name(f"{name}.{threading.get_ident()}.part")
        temporary.write_bytes(data)
        temporary.replace(path)
        return name

    def read(self, name: str) -> bytes | None:
        """The bytes, None when unknown."""
        path = self.folder / name
        if not name or "/" in name or not path.is_file():
            return None
        return path.read_bytes()


class State:
    """Thread-safe memory with a journal. `lock` guards every change of a job."""

    def __init__(self, path: Path | None) -> None:
        self.lock = threading.RLock()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="stand-in-")
            folder = Path(self._temporary.name)
        else:
            folder = path.with_name(f"{path.name}.files")
            path.parent.mkdir(parents=True, exist_ok=True)
        self.files = Files(folder)
        self._clear()
        if path is not None and path.exists():
            self._replay(path)
        # appended line by line and flushed: a killed process loses at most the line in the making
        self._journal = path.open("a", encoding="utf-8") if path is not None else None

    def _clear(self) -> None:
        self.jobs: dict[str, dict[str, Job]] = {vendor: {} for vendor in VENDORS}
        self.posts: list[Post] = []
        self.charges: list[Charge] = []
        self.deliveries: list[Delivery] = []
        self.facts: dict[str, Any] = {}

    def close(self) -> None:
        """Let go of journal and folder."""
        if self._journal is not None:
            self._journal.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def reset(self) -> None:
        """Forget jobs, submits, charges and deliveries; keep the facts (keys, secrets)."""
        with self.lock:
            facts = self.facts
            self._clear()
            self.facts = facts
            self._write("reset", {})

    def fact(self, name: str, value: Any) -> None:
        """Remember a plain value across restarts."""
        with self.lock:
            self.facts[name] = value
            self._write("fact", {"name": name, "value": value})

    def add_post(self, post: Post) -> Post:
        """Remember a submit."""
        with self.lock:
            post.body = self._packed(post.body)
            self.posts.append(post)
            self.keep_post(post)
            return post

    def keep_post(self, post: Post) -> None:
        """Write a submit down again after it changed."""
        with self.lock:
            index = next(i for i, one in enumerate(self.posts) if one is post)
            self._write("post", {"index": index, **dataclasses.asdict(post)})

    def add_job(self, job: Job, charge: Charge) -> Job:
        """Remember accepted work and what it costs."""
        with self.lock:
            job.body = self._packed(job.body)
            self.jobs[job.vendor][job.id] = job
            self.charges.append(charge)
            self.keep_job(job)
            self._write("charge", {"index": len(self.charges) - 1, **dataclasses.asdict(charge)})
            return job

    def keep_job(self, job: Job) -> None:
        """Write a job down again after it changed."""
        with self.lock:
            self._write("job", dataclasses.asdict(job))

    def lose(self, vendor: str, ids: list[str]) -> None:
        """Forget jobs as a restarted server does; their charges stay."""
        with self.lock:
            for one in ids:
                self.jobs[vendor].pop(one, None)
            self._write("lose", {"vendor": vendor, "ids": ids})

    def bill(self, job: Job, *, amount_micros: int, units: float) -> None:
        """Set what a job costs in the end."""
        with self.lock:
            for index in range(len(self.charges) - 1, -1, -1):
                charge = self.charges[index]
                if (charge.vendor, charge.job) == (job.vendor, job.id):
                    charge.amount_micros, charge.units = amount_micros, units
                    self._write("charge", {"index": index, **dataclasses.asdict(charge)})
                    return

    def add_delivery(self, delivery: Delivery) -> None:
        """Remember a webhook message."""
        with self.lock:
            self.deliveries.append(delivery)
            values = dataclasses.asdict(delivery) | {"body": delivery.body.decode()}
            self._write("delivery", values)

    def body(self, body: Any) -> Any:
        """A body as it was sent, wherever it is kept."""
        if isinstance(body, dict) and set(body) == {"$kept"}:
            return json.loads(self.files.read(body["$kept"]) or b"null")
        return body

    def of(self, vendor: str) -> Iterator[Job]:
        """The jobs of a vendor in order, with their bodies."""
        with self.lock:
            jobs = list(self.jobs[vendor].values())
        return (dataclasses.replace(job, body=self.body(job.body)) for job in jobs)

    def _packed(self, body: Any) -> Any:
        text = json.dumps(body)
        return {"$kept": self.files.keep(text.encode())} if len(text) > INLINE else body

    def _write(self, kind: str, values: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps([kind, values]) + "\n")
            self._journal.flush()

    def _replay(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                kind, values = json.loads(line)
            except ValueError:  # the line in the making when it was killed
                continue
            self._apply(kind, values)

    def _apply(self, kind: str, values: dict[str, Any]) -> None:
        match kind:
            case "fact":
                self.facts[values["name"]] = values["value"]
            case "job":
                self.jobs[values["vendor"]][values["id"]] = Job(**values)
            case "lose":
                for one in values["ids"]:
                    self.jobs[values["vendor"]].pop(one, None)
            case "post":
                _put(self.posts, values.pop("index"), Post(**values))
            case "charge":
                _put(self.charges, values.pop("index"), Charge(**values))
            case "delivery":
                self.deliveries.append(Delivery(**values | {"body": values["body"].encode()}))
            case _:
                facts = self.facts
                self._clear()
                self.facts = facts


def _put(rows: list[Any], index: int, row: Any) -> None:
    if index < len(rows):
        rows[index] = row
    else:
        rows.append(row)

"""What the repository promises about itself: sizes, imports, names, ledgers and fresh pages."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from campaigns import dispatch, jobs

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("campaigns", "routing", "imaging", "tests")


def listed() -> list[Path]:
    """Every file of the checkout that is or will be committed."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in out.splitlines() if (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [
        path
        for path in listed()
        if path.suffix == ".py"
        and "migrations" not in path.parts
        and path.relative_to(ROOT).parts[0] in PACKAGES
    ]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in python_files():
        yield path, ast.parse(path.read_text(encoding="utf-8"))


class TestFiles:
    def test_are_short(self):
        long = [
            f"{name(path)}: {lines}"
            for path in python_files()
            if (lines := len(path.read_text(encoding="utf-8").splitlines()))
            >= (600 if name(path).startswith("tests/") else 400)
        ]
        assert long == []

    def test_are_named_after_what_they_hold(self):
        vague = {"utils", "util", "helpers", "helper", "common", "misc"}
        assert [name(p) for p in listed() if p.stem in vague or p.parent.name in vague] == []

    def test_say_what_they_are_for(self):
        silent = [
            name(path) for path, tree in trees() if tree.body and ast.get_docstring(tree) is None
        ]
        assert silent == []

    def test_hold_no_unfinished_words(self):
        words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
        found = [
            name(path)
            for path in python_files()
            if path != Path(__file__) and words.search(path.read_text(encoding="utf-8"))
        ]
        assert found == []

    def test_import_at_the_top(self):
        late = [
            f"{name(path)}:{node.lineno}"
            for path, tree in trees()
            for outer in ast.walk(tree)
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(outer)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert late == []

    def test_lock_packages_without_naming_a_host(self):
        locks = [path for path in ROOT.glob("requirements*") if path.suffix in {".lock", ".txt"}]
        assert len(locks) >= 4
        for lock in locks:
            text = lock.read_text(encoding="utf-8")
            assert "://" not in text, lock.name
            pins = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
            assert len(re.findall(r"--hash=sha256:", text)) >= len(pins) > 0, lock.name


class TestDispatch:
    def test_names_only_jobs_that_exist_and_every_one(self):
        public = {
            key
            for key, value in vars(jobs).items()
            if callable(value) and value.__module__ == jobs.__name__
        }
        assert set(dispatch.QUEUES) == public

    def test_is_used_with_names_it_knows(self):
        used = set()
        for path, tree in trees():
            if name(path).startswith("tests/"):
                continue
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in {"on_commit", "now"}
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "dispatch"
                    and node.args
                    and isinstance(node.args[0], ast.Constant)
                ):
                    used.add(node.args[0].value)
        assert used <= set(dispatch.QUEUES)
        assert used

    def test_jobs_take_one_id(self):
        for key in dispatch.QUEUES:
            names = getattr(jobs, key).__code__.co_varnames[
                : getattr(jobs, key).__code__.co_argcount
            ]
            assert len(names) == 1, key
            assert names[0].endswith("_id"), key


class TestAppendOnly:
    @pytest.mark.parametrize("model", ["LedgerEntry", "Event"])
    def test_rows_are_never_changed_by_our_code(self, model):
        change = re.compile(rf"\b{model}\.objects\b[^\n]*\.(update|delete|bulk_update)\(")
        found = [
            name(path)
            for path in python_files()
            if not name(path).startswith("tests/")
            and change.search(path.read_text(encoding="utf-8"))
        ]
        assert found == []


class TestPages:
    def test_templates_hold_no_inline_style_script_or_handler(self):
        inline = re.compile(
            r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=", re.I
        )
        tags = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
        found = [
            name(path)
            for path in listed()
            if path.suffix == ".html"
            and inline.search(tags.sub("", path.read_text(encoding="utf-8")))
        ]
        assert found == []

    def test_generated_docs_are_fresh(self):
        assert "render_docs" in get_commands()
        call_command("render_docs", check=True)

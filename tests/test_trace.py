"""What a run reads is noted, wherever it is opened."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from analisi import trace

PRELUDE = "import sys, os, polars as pl\nfrom pathlib import Path\nfrom analisi import trace\ntrace.install(sys.argv[1])\n"


def traced(tmp_path: Path, code: str, *args: object, readings: Path | None = None, prelude: str = PRELUDE) -> list[tuple[str, str, str]]:
    """What code run in a process of its own (the hook cannot be taken off) is seen to read."""
    aside = tmp_path / "aside"
    aside.mkdir(exist_ok=True)
    notes = aside / "notes"
    notes.unlink(missing_ok=True)
    env = {"PYTHONPATH": "src", "PATH": "", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "", trace.READINGS: str(readings or "")}
    subprocess.run([sys.executable, "-c", prelude + code, str(notes), *map(str, args)], check=True, env=env)
    return trace.read(notes)


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n1\n", encoding="utf-8")
    (folder / "b.csv").write_text("x\n2\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "code",
    [
        "open(sys.argv[2]).read()",
        "Path(sys.argv[2]).read_bytes()",
        "pl.read_csv(sys.argv[2])",
        "pl.scan_csv(source=Path(sys.argv[2])).collect()",
        "pl.read_csv([sys.argv[2]])",
        "import pandas; pandas.read_csv(sys.argv[2])",
        "os.chdir(Path(sys.argv[2]).parent); open('a.csv').read()",
        "pl.read_csv(str(Path(sys.argv[2]).parent / 'a*.csv'))",
        "pl.scan_csv('file://' + sys.argv[2]).collect()",
        "open(sys.argv[2], 'r+').read()",
    ],
)
def test_a_file_read_in_any_way_is_noted_once(data, tmp_path, code):
    seen = [item for item in traced(tmp_path, code, data / "a.csv") if item[0] == trace.FILE]
    assert seen == [(trace.FILE, str(data / "a.csv"), trace.state(trace.FILE, str(data / "a.csv")))]


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("import sqlite3; sqlite3.connect(sys.argv[2])", "una base di dati"),
        ("import subprocess; subprocess.run(['/bin/cat', sys.argv[2]], capture_output=True)", "un altro programma"),
        ("import duckdb", "DuckDB"),
        ("import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass", "la rete"),
    ],
)
def test_a_reading_that_cannot_be_followed_is_noted_as_such(data, tmp_path, code, means):
    seen = traced(tmp_path, code, data / "a.csv")
    assert (trace.OTHER, means, "?") in seen
    assert trace.fingerprint(trace.OTHER, means) == ""


def test_a_file_asked_for_and_absent_is_noted(data, tmp_path):
    code = "import os.path; Path(sys.argv[2]).exists(); os.path.isfile(sys.argv[2])"
    assert traced(tmp_path, code, data / "c.csv") == [(trace.FILE, str(data / "c.csv"), "")]


def test_a_module_beside_the_notebook_is_noted_by_its_source(data, tmp_path):
    (data / "aiuto.py").write_text("x = 1\n", encoding="utf-8")
    for _ in range(2):  # the second time from its compiled copy
        seen = traced(tmp_path, "sys.path.insert(0, os.path.dirname(sys.argv[2])); import aiuto", data / "a.csv")
        assert [item[:2] for item in seen] == [(trace.FILE, str(data / "aiuto.py"))]


def test_a_file_put_back_with_its_old_time_is_another(data):
    before, times = trace.state(trace.FILE, str(data / "a.csv")), (data / "a.csv").stat()
    (data / "a.csv").write_text("x\n9\n", encoding="utf-8")
    os.utime(data / "a.csv", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert trace.state(trace.FILE, str(data / "a.csv")) != before


def test_a_file_looked_for_and_absent_is_noted(data, tmp_path):
    code = "try: open(sys.argv[2])\nexcept OSError: pass"
    assert traced(tmp_path, code, data / "c.csv") == [(trace.FILE, str(data / "c.csv"), "")]


def test_a_folder_listed_is_noted_with_its_names(data, tmp_path):
    (data / ".nascosto").touch()
    assert traced(tmp_path, "list(Path(sys.argv[2]).iterdir())", data) == [(trace.FOLDER, str(data), "a.csv|b.csv")]


def test_a_folder_given_to_polars_counts_with_its_files(data, tmp_path):
    seen = traced(tmp_path, "pl.scan_csv(Path(sys.argv[2])).collect()", data)
    assert {path for _, path, _ in seen} >= {str(data / "a.csv"), str(data / "b.csv")}


def test_what_is_written_or_belongs_to_python_is_not_noted(data, tmp_path):
    code = "open(sys.argv[2], 'w').write('x'); import wave; open(sys.argv[1]).read(); open('/dev/null').read()"
    assert traced(tmp_path, code, data / "c.csv") == []


def test_a_line_cut_short_is_passed_over(tmp_path):
    whole = json.dumps(["file", "/a", "1 2"])
    (tmp_path / "n").write_text(f'{whole}\n["file", "/b', encoding="utf-8")
    assert trace.read(tmp_path / "n") == [("file", "/a", "1 2")]


def test_fingerprint_changes_with_bytes_and_names(data):
    before = trace.fingerprint(trace.FILE, str(data / "a.csv")), trace.fingerprint(trace.FOLDER, str(data))
    (data / "a.csv").write_text("x\n3\n", encoding="utf-8")
    (data / "d.csv").touch()
    after = trace.fingerprint(trace.FILE, str(data / "a.csv")), trace.fingerprint(trace.FOLDER, str(data))
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert trace.fingerprint(trace.FILE, str(data / "none")) == trace.fingerprint(trace.FOLDER, str(data / "none")) == ""


REMEMBERED = """
@trace.remembered
def lines(path):
    open(sys.argv[3], "a").write("read\\n")
    return open(path).read().splitlines()
assert lines(sys.argv[2]) == open(sys.argv[2]).read().splitlines()
"""


def test_reports_of_a_batch_share_a_reading_and_each_notes_its_files(data, tmp_path):
    readings = tmp_path / "readings"
    readings.mkdir()
    notes = [traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times", readings=readings) for _ in range(3)]
    assert (tmp_path / "times").read_text() == "read\n"
    assert notes[0] == notes[1] == notes[2] != []


def test_a_shared_reading_is_not_used_after_its_file_changes(data, tmp_path):
    readings = tmp_path / "readings"
    readings.mkdir()
    for text in ("x\n1\n", "x\n1\n2\n"):
        (data / "a.csv").write_text(text, encoding="utf-8")
        traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times", readings=readings)
    assert (tmp_path / "times").read_text() == "read\nread\n"


def test_of_two_reports_at_once_one_reads_and_the_other_waits(data, tmp_path):
    readings, slow = tmp_path / "readings", REMEMBERED.replace("    return", "    __import__('time').sleep(2)\n    return")
    folders = [readings, tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        notes = list(pool.map(lambda own: traced(own, slow, data / "a.csv", tmp_path / "times", readings=readings), folders[1:]))
    assert (tmp_path / "times").read_text() == "read\n"
    assert notes[0] == notes[1] != []


def test_a_report_does_not_wait_for_ever_for_one_that_was_stopped(data, tmp_path):
    readings = tmp_path / "readings"
    readings.mkdir()
    traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times", readings=readings)
    (lock,) = readings.glob("*.blocco")
    lock.with_suffix("").unlink()
    with FileLock(lock):
        traced(tmp_path, f"trace.PATIENCE = 0\n{REMEMBERED}", data / "a.csv", tmp_path / "times", readings=readings)
    assert (tmp_path / "times").read_text() == "read\nread\n"


def test_the_publication_takes_what_reports_have_read_and_keeps_nothing(data, tmp_path):
    readings, untraced = tmp_path / "readings", PRELUDE.replace("trace.install(sys.argv[1])\n", "")
    readings.mkdir()
    for prelude, read in ((untraced, 1), (untraced, 2), (PRELUDE, 3), (untraced, 3)):
        traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times", readings=readings, prelude=prelude)
        assert (tmp_path / "times").read_text() == "read\n" * read
    (data / "a.csv").write_text("x\n9\n", encoding="utf-8")
    traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times", readings=readings, prelude=untraced)
    assert (tmp_path / "times").read_text() == "read\n" * 4


def test_outside_of_a_batch_nothing_is_kept(data, tmp_path):
    for _ in range(2):
        traced(tmp_path, REMEMBERED, data / "a.csv", tmp_path / "times")
    assert (tmp_path / "times").read_text() == "read\nread\n"

"""Killed, run by two at once, corrupted: what is archived stays, and nothing half made is ever read."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from analisi.errors import AnalisiError
from analisi.sources.snapshots import altered, archived_files, snapshots
from analisi.tables.delivery import files_of, read_delivery
from analisi.vintages.archiving import archivia
from tests.conftest import analisi
from tests.vintages.conftest import communications, procedure, register, rows_of

DAY, NEXT = date(2025, 12, 31), date(2026, 1, 31)
RUN = """\
import sys
from datetime import date
from pathlib import Path
from analisi.vintages import layout
from analisi.vintages.archiving import archivia
layout.LARGE, layout.PIECE = 1_000, 2_000
print("pronto", flush=True)
print(archivia([Path(sys.argv[1])], Path(sys.argv[2]), date.fromisoformat(sys.argv[3])).scatto, flush=True)
"""


def start(source, archive, day=NEXT):
    """A process that archives, ready to begin."""
    words = [sys.executable, "-c", RUN, str(source), str(archive), day.isoformat()]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"POLARS_MAX_THREADS": "1"})
    assert process.stdout.readline() == "pronto\n"
    return process


@pytest.fixture
def archive(tmp_path):
    """An archive with one snapshot."""
    archivia([register(tmp_path / "vol.csv", procedure(1), procedure(2))], tmp_path / "archivio", DAY)
    return tmp_path / "archivio"


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_twenty_kills_lose_nothing_and_leave_no_half_snapshot(tmp_path, archive):
    sources = [tmp_path / f"siul_cob-{number}.parquet" for number in range(21)]
    for number, source in enumerate(sources):
        communications(12_000 + number).write_parquet(source)
    process, begun = start(sources[0], tmp_path / "altro"), time.monotonic()
    process.communicate()
    whole, draws, cut = time.monotonic() - begun, random.Random(7), 0
    before = archived_files(archive)
    for source in sources[:20]:
        process, there = start(source, archive), [item.nome for item in snapshots(archive)]
        time.sleep(draws.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        cut += any(item.is_dir() for item in (archive / ".in_corso").iterdir())
        assert list(altered(archive)) == []
        assert {path: archived_files(archive).get(path) for path in before} == before
        assert [item.nome for item in snapshots(archive)][: len(there)] == there
    assert cut >= 5, "the kills came too early or too late to prove anything"
    name = start(sources[20], archive).communicate()[0].strip()
    assert snapshots(archive)[-1].nome == name
    assert rows_of("siul_cob", archive).height == 12_020
    assert list((archive / ".in_corso").iterdir()) == []


def test_two_who_archive_at_once_both_find_their_work(tmp_path, archive):
    communications(12_000).write_parquet(tmp_path / "siul_cob.parquet")
    other = register(tmp_path / "altro.csv", *(procedure(n) for n in range(10, 40)))
    running = [start(tmp_path / "siul_cob.parquet", archive), start(other, archive)]
    names = sorted(process.communicate()[0].strip() for process in running)
    assert names == ["2026-01-31-01", "2026-01-31-02"]
    assert list(altered(archive)) == []
    assert (rows_of("siul_cob", archive).height, rows_of("vol_procedure", archive).height) == (12_000, 30)


def test_two_who_archive_the_same_extract_at_once_make_one_snapshot(tmp_path, archive):
    communications(12_000).write_parquet(tmp_path / "siul_cob.parquet")
    running = [start(tmp_path / "siul_cob.parquet", archive) for _ in range(2)]
    assert sorted(process.communicate()[0].strip() for process in running) == ["", "2026-01-31-01"]
    assert rows_of("siul_cob", archive).height == 12_000


def test_one_corrupted_byte_is_found_and_named(archive):
    (file,) = archived_files(archive)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)
    done = analisi("verifica", archive)
    assert done.returncode == 1
    assert "vol.parquet: il file non è quello archiviato" in done.stdout
    with pytest.raises(AnalisiError):
        read_delivery(files_of(archive))


def test_a_changed_byte_that_still_reads_stops_a_report(archive):
    """Swap a file for another good one: no reader would notice, the hash does."""
    import polars as pl

    (file,) = archived_files(archive)
    frame = pl.read_parquet(file).with_columns(pl.col("lavoratori_coinvolti") + 1)
    file.chmod(0o644)
    frame.write_parquet(file, metadata={"tabella": "vol_procedure"})
    with pytest.raises(AnalisiError, match=r"vol\.parquet: il file non è quello archiviato"):
        read_delivery(files_of(archive))


@pytest.mark.parametrize(
    ("change", "said"), [("manifest", "cambiato dopo l'archiviazione"), ("manca", "il file manca"), ("estraneo", "non è elencato")]
)
def test_what_else_is_altered_is_told(archive, change, said):
    (file,) = archived_files(archive)
    folder = snapshots(archive)[0].folder
    if change == "manifest":
        (folder / "manifest.json").chmod(0o644)
        (folder / "manifest.json").write_text((folder / "manifest.json").read_text().replace('"accettate": 2', '"accettate": 3'))
    elif change == "manca":
        file.unlink()
    else:
        (folder / "vol_procedure" / "in_piu.parquet").write_bytes(b"")
    assert [said in finding for finding in altered(archive)] == [True]


def test_archived_files_are_read_only(archive):
    assert {oct(path.stat().st_mode & 0o777) for path in archive.rglob("*.*") if path.is_file() and path.parent != archive} == {"0o444"}

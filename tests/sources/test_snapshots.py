"""Which files of an archive count on a day."""

from datetime import date

import pytest

from analisi.errors import AnalisiError
from analisi.sources.snapshots import ADDED, WHOLE, archived_files, in_force, parts, pinned, snapshots
from analisi.vintages.archiving import archivia
from analisi.workspace import resolve, shown
from tests.vintages.conftest import procedure, register

DAYS = (date(2025, 12, 31), date(2026, 1, 31), date(2026, 1, 31), date(2026, 2, 28))


@pytest.fixture
def archive(tmp_path):
    """A register, its next version, an addition on the same day, and a third version."""
    modes = (WHOLE, WHOLE, ADDED, WHOLE)
    for number, (day, mode) in enumerate(zip(DAYS, modes, strict=True), start=1):
        archivia([register(tmp_path / f"vol{number}.csv", procedure(number))], tmp_path / "archivio", day, modo=mode)
    return tmp_path / "archivio"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("@2025-12-31", ["vol1"]), ("@2026-01-30", ["vol1"]), ("@2026-01-31-01", ["vol2"]), ("@2026-01-31", ["vol2", "vol3"]), ("", ["vol4"]), ("@2999-01-01", ["vol4"])],
)  # fmt: skip
def test_the_last_whole_extract_counts_and_what_was_added_to_it(archive, state, expected):
    path = resolve(f"{archive}{state}")
    assert [file.stem for file in archived_files(path, "vol_procedure")] == expected
    assert archived_files(path, "misure") == {}


def test_a_day_before_the_first_snapshot_is_told(archive):
    with pytest.raises(AnalisiError, match="l'archivio non ha ancora scatti a quella data; il primo è del 31/12/2025"):
        archived_files(resolve(f"{archive}@2025-12-30"))


def test_a_source_is_pinned_to_its_last_snapshot(archive):
    assert pinned(str(archive)) == f"{archive}@2026-02-28-01"
    assert pinned(str(archive), "2026-02-01") == f"{archive}@2026-01-31-02"
    assert pinned(f"{archive}@2026-01-31-01") == f"{archive}@2026-01-31-01"
    assert pinned("data/pubblicati") == "data/pubblicati"


@pytest.mark.parametrize(
    ("fonte", "day", "said"),
    [
        ("data/pubblicati", "2026-01-01", "non è un archivio"),
        (None, "31/12/2025", "aaaa-mm-gg"),
        (None, "2025-01-01", "non ha ancora scatti"),
    ],
)
def test_a_day_that_cannot_be_is_told(archive, fonte, day, said):
    with pytest.raises(AnalisiError, match=said):
        pinned(fonte or str(archive), day)


def test_a_folder_whose_name_has_an_at_is_a_folder(tmp_path):
    (tmp_path / "dati@2025-12-31").mkdir()
    assert parts(tmp_path / "dati@2025-12-31") == (tmp_path / "dati@2025-12-31", "")


def test_what_was_left_half_made_is_no_snapshot(archive):
    (archive / ".in_corso" / "2026-03-01-01").mkdir()
    assert [snapshot.nome for snapshot in snapshots(archive)][-1] == "2026-02-28-01"
    assert len(in_force(archive, "vol_procedure")) == 1


def test_a_state_is_shown_from_the_workspace(workspace):
    assert shown(resolve("data/archivio@2025-12-31")) == "data/archivio@2025-12-31"

import pytest

from analisi import workspace
from analisi.errors import AnalisiError


@pytest.fixture(autouse=True)
def _forget():
    """`root` remembers its answer: ask anew around each test."""
    workspace.root.cache_clear()
    yield
    workspace.root.cache_clear()


def test_the_workspace_is_found_from_inside_it_and_from_anywhere(tmp_path, monkeypatch):
    here = workspace.root()
    workspace.root.cache_clear()
    monkeypatch.chdir(tmp_path)
    assert workspace.root() == here


def test_a_folder_that_is_no_workspace_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ANALISI_CARTELLA", str(tmp_path))
    with pytest.raises(AnalisiError, match="non è una cartella di lavoro"):
        workspace.root()


def test_files_are_looked_for_here_first_then_in_the_workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert workspace.resolve("data") == tmp_path / "data"
    assert workspace.resolve("data/pubblicati") == workspace.root() / "data/pubblicati"


def test_a_path_outside_is_shown_by_name_only(tmp_path):
    assert workspace.shown(tmp_path / "a.csv") == "a.csv"
    assert workspace.shown(workspace.root() / "data" / "a.csv") == "data/a.csv"

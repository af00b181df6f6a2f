"""A copy of the workspace, to write in."""

import shutil
from pathlib import Path

import pytest

from analisi.workspace import root


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """What notebooks need of the workspace, elsewhere: notebooks, published and reference data; no extracts."""
    place = tmp_path_factory.mktemp("copia") / "lavoro"
    for name in ("notebooks", "data/pubblicati", "data/riferimento", "data/mappature"):
        shutil.copytree(root() / name, place / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    (place / "reports").mkdir()
    return place

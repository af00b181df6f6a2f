"""Report notebooks keep the house form."""

import ast
import re

import nbformat
import pytest

from analisi.reports.contract import notebooks, read_contract

ALL = [pytest.param(path, id=path.stem) for path in notebooks()]


@pytest.mark.parametrize("path", ALL)
def test_it_is_stored_without_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    assert [c.id for c in cells if c.get("outputs") or c.get("execution_count")] == []


@pytest.mark.parametrize("path", ALL)
def test_it_opens_with_a_title_and_a_scope_then_parameters(path):
    first, second, *_ = nbformat.read(path, as_version=4).cells
    assert re.match(r"# .+\n\n.+", first.source)
    assert second.metadata.tags == ["parameters"]


@pytest.mark.parametrize("path", ALL)
def test_every_parameter_has_a_help_text(path):
    assert [p.name for p in read_contract(path).parameters if not p.help] == []


@pytest.mark.parametrize("path", ALL)
def test_cells_call_and_do_not_program(path):
    """No def, loop or try at the top level; at most six statements a cell, imports and parameters apart."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        body = [node for node in ast.parse(cell.source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
        assert not any(isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.Try | ast.ClassDef) for node in body)
        assert len(body) <= 6


@pytest.mark.parametrize("path", ALL)
def test_prose_types_no_figures(path):
    """Figures in prose become false with other parameters: only the method may state its constants."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and not cell.source.startswith("## Metodo"):
            assert re.findall(r"\d{2,}", cell.source) == []

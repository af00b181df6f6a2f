import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analisi.errors import AnalisiError
from analisi.reports.contract import Parameter, read_contract


@pytest.fixture
def contract(tmp_path):
    def read(source: str, tags=("parameters",)):
        cells = [new_markdown_cell("# Titolo"), new_code_cell(source, metadata={"tags": list(tags)})]
        nbformat.write(new_notebook(cells=cells), tmp_path / "prova.ipynb")
        return read_contract(tmp_path / "prova.ipynb")

    return read


def test_parameters_are_read_with_type_default_and_help(contract):
    result = contract('anno: int = 2025  # anno di riferimento\nnome: str = "a # b"').parameters
    assert result == (
        Parameter("anno", "int", 2025, "anno di riferimento"),
        Parameter("nome", "str", "a # b", ""),
    )


@pytest.mark.parametrize("source", ["anno = 2025", "anno: list = []", "anno: int = 2 * 3", "import os"])
def test_a_cell_of_another_form_is_explained(contract, source):
    with pytest.raises(AnalisiError, match=r"prova\.ipynb, cella dei parametri, riga 1: serve la forma"):
        contract(source)


def test_a_notebook_without_parameters_cell_is_no_report(contract):
    with pytest.raises(AnalisiError, match="non è un notebook di rapporto"):
        contract("anno: int = 1", tags=())


@pytest.mark.parametrize(
    ("kind", "text", "value"), [("int", " 7 ", 7), ("float", "1,5", 1.5), ("bool", "Sì", True), ("bool", "no", False), ("str", "7", "7")]
)
def test_values_are_read_as_italians_write_them(kind, text, value):
    assert Parameter("x", kind, None, "").parse(text) == value


@pytest.mark.parametrize(("kind", "text"), [("int", "1,5"), ("float", "uno"), ("bool", "forse"), ("int", "")])
def test_a_wrong_type_is_named(kind, text):
    with pytest.raises(AnalisiError, match="--x"):
        Parameter("x", kind, 1, "").parse(text)


@pytest.mark.parametrize("source", ["anno: int = (", "anno: int = 1\n  x: int = 2", "anno: int = '"])
def test_a_cell_that_is_no_python_is_explained(contract, source):
    with pytest.raises(AnalisiError, match=r"prova\.ipynb, cella dei parametri"):
        contract(source)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}'])
def test_a_file_that_is_no_notebook_is_said_by_name(tmp_path, text):
    path = tmp_path / "rotto.ipynb"
    path.write_text(text)
    with pytest.raises(AnalisiError, match=r"rotto\.ipynb: non è un notebook leggibile"):
        read_contract(path)

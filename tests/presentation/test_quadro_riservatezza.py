"""The page on what is hidden: the figures of the printed tables, counted again from the cells; both pictures drawn."""

import polars as pl
import pytest

from analisi.presentation import quadro_riservatezza as pagina
from analisi.presentation.quadro_riservatezza import HIDDEN, NOTHING, PROTECTED, SHOWN


@pytest.fixture(scope="module")
def q():
    return pagina.quadro("annuale", "lombardia", "data/pubblicati", "apertura")


def test_each_cell_has_one_state_and_they_add_up(q):
    states = dict(q.celle.group_by("stato").len().iter_rows())
    assert states == {SHOWN: 135, PROTECTED: 36, HIDDEN: 27, NOTHING: 7}
    total = q.riepilogo.select(pl.sum("celle", "protette", "nascoste")).row(0)
    assert total == (sum(states.values()), states[PROTECTED], states[PROTECTED] + states[HIDDEN])


def test_hiding_the_protected_cells_alone_gives_the_single_unit_of_sondrio_back(q):
    """Sondrio, ministerial CIGS 2025: 18 workers, the only blank of its row once Sondrio's other procedures are printed."""
    cell = q.celle.filter(pl.col("cella") == "casi_gestiti.lavoratori anno=2025 procedura=cigs_ministeriale provincia=SO").row(
        0, named=True
    )
    assert (cell["da_solo_primarie"], cell["a_solo_primarie"]) == (18, 18)
    assert (cell["da"], cell["a"] > 18 + 6) == (1, True)


def test_names_and_pictures(q):
    assert "Sondrio, tutte le procedure, 2024" in q.celle["voce"].to_list()
    grid, lines = pagina.pattern_figure(q).payload, pagina.intervals_figure(q).payload
    assert [name for name, _ in ((p["titolo"], p) for p in grid["pannelli"])] == [
        "Lavoratori, 2024", "Lavoratori, 2025", "Unità produttive, 2024", "Unità produttive, 2025",
    ]  # fmt: skip
    assert len(lines["pannelli"]) == 2
    assert all(row[2] >= row[3] and row[4] >= row[2] for row in lines["tavola"]["righe"])  # the true value is within what is left


def test_the_rules_are_those_of_the_file(q):
    assert pagina.rules_table(q).payload["righe"] == [["casi_gestiti", "3", "3", "3", "0,85", "3", "0,2", "soppressione"]]

"""One place decides; the printed tables protected; the attack on what was published."""

import io
from dataclasses import replace

import polars as pl
import pytest

from analisi.disclosure.celle import Sistema, cells
from analisi.disclosure.protezione import attacked, protect
from analisi.disclosure.pubblicato import audit_published
from analisi.disclosure.regole import read_rules
from analisi.disclosure.soppressione import least
from analisi.disclosure.tavole import Tavola, cella, rapporto, segue
from analisi.errors import AnalisiError
from analisi.indicators.casi_gestiti import compare_years, provincial_table

MISURE = ["unita_produttive", "lavoratori"]
DIMS = {"anno": "", "provincia": "TOT", "procedura": "totale"}


def peso(misura: str, **how):
    return rapporto(cella(misura), cella(misura, provincia="TOT"), scala=100, **how)


TAVOLA = Tavola(
    "casi_gestiti", DIMS,
    {"unita_produttive": cella("unita_produttive"), "lavoratori": cella("lavoratori"),
     "peso_unita": peso("unita_produttive"), "peso_lavoratori": peso("lavoratori")},
)  # fmt: skip


@pytest.fixture(scope="module")
def protezione(published):
    sistema = cells(published.casi, "casi_gestiti", DIMS, MISURE, lavoratori="lavoratori", sedi="unita_produttive")
    return protect(sistema, read_rules())


@pytest.fixture(scope="module")
def tavola(published) -> pl.DataFrame:
    return provincial_table(published.casi).sort("anno", "provincia", "procedura")


def as_csv(masked: pl.DataFrame) -> pl.DataFrame:
    """What is read back from the data file of a masked table."""
    shown = masked.select(
        "anno", "provincia", "procedura", *(pl.coalesce(pl.col(c).cast(pl.String), pl.col(f"{c}_segno")).alias(c) for c in TAVOLA.colonne)
    )
    return pl.read_csv(io.BytesIO(shown.write_csv().encode()), infer_schema=False)


def test_seven_and_eleven_printed_unit_cells_rest_on_one_or_two_sites(published):
    small = published.casi.filter(pl.col("unita_produttive").is_in([1, 2])).group_by("anno").len().sort("anno")
    assert small["len"].to_list() == [7, 11]
    assert published.casi.group_by("anno").len()["len"].to_list() == [36, 36]


def test_the_rule_names_those_cells_for_units_and_for_workers(protezione):
    named = protezione.celle.filter(pl.col("motivo").is_not_null())
    assert named.group_by("misura").len().sort("misura").rows() == [("lavoratori", 18), ("unita_produttive", 18)]
    assert named["totali"].max() == 0


def test_the_printed_tables_keep_the_totals_of_procedures_and_of_the_region(protezione):
    hidden = protezione.celle.filter(pl.col("segno") == "*")
    assert protezione.ottima
    assert hidden.filter(~pl.col("cella").str.contains("provincia=")).is_empty()
    result = protezione.summary.select("misura", "celle", "protette", "nascoste", "totali_nascosti", "esposte", "dedotte")
    assert result.rows() == [("lavoratori", 102, 18, 27, 2, 0, 0), ("unita_produttive", 103, 18, 36, 6, 0, 0)]


def test_primaries_alone_would_give_cells_back_exactly(protezione):
    """Only what the rule names is hidden: an attacker computes some of it, to the unit."""
    celle = protezione.celle
    out = pl.col("motivo").is_not_null()
    views = celle.select(
        "cella", inf=pl.when(out).then(pl.Series(least(celle))).otherwise("valore"), sup=pl.when(out).then(float("inf")).otherwise("valore")
    )
    naive = attacked(protezione.sistema, views, "soppressione")
    assert naive.filter(out, pl.col("da") == pl.col("a")).height >= 8
    assert naive["esposta"].sum() > 8


def test_mask_blanks_hidden_numbers_and_what_is_computed_from_them(protezione, tavola):
    masked = protezione.mask(tavola, TAVOLA)
    row = masked.row(
        by_predicate=(pl.col("anno") == 2024) & (pl.col("provincia") == "SO") & (pl.col("procedura") == "cigs_ministeriale"), named=True
    )
    assert (row["lavoratori"], row["lavoratori_segno"], row["peso_lavoratori"], row["peso_lavoratori_segno"]) == (None, "*", None, "*")
    blank = masked.row(
        by_predicate=(pl.col("anno") == 2024) & (pl.col("provincia") == "CR") & (pl.col("procedura") == "cigs_regionale"), named=True
    )
    assert (blank["lavoratori"], blank["lavoratori_segno"], blank["unita_produttive"], blank["unita_produttive_segno"]) == (
        None,
        None,
        0,
        None,
    )
    assert masked.schema["lavoratori"] == pl.Int64


def test_what_is_computed_from_the_masked_table_tells_no_hidden_cell(protezione, tavola):
    masked = protezione.mask(tavola, TAVOLA)
    confronto = compare_years(masked, 2025, 2024)
    hidden = confronto.filter(pl.col("lavoratori").is_null() | pl.col("lavoratori_confronto").is_null())
    assert len(hidden) > 20
    assert (
        hidden.select("variazione_lavoratori", "variazione_lavoratori_pct", "contributo_pp", "variazione_peso_pp").null_count().row(0)
        == (len(hidden),) * 4
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.lit(1.5).alias("media"), "le colonne di numeri media non sono dichiarate"),
        (pl.lit("XX").alias("provincia"), "non è una cella del sistema"),
        ((pl.col("lavoratori") + 1).alias("lavoratori"), "non è una cella del sistema, o vi ha un altro valore"),
    ],
)
def test_mask_refuses_numbers_on_which_no_one_decided(protezione, tavola, change, words):
    with pytest.raises(AnalisiError, match=words):
        protezione.mask(tavola.with_columns(change), TAVOLA)


def test_the_audit_of_the_published_bytes_is_that_of_the_frames(protezione, tavola):
    result = audit_published({"tavola": as_csv(protezione.mask(tavola, TAVOLA))}, {"tavola": TAVOLA}, protezione)
    assert result.equals(protezione.celle)


def test_the_audit_finds_a_percentage_that_was_left(protezione, tavola):
    """SO, 2024, ministerial CIGS: 0,1 per cent of 2.234 is 2 workers."""
    left = tavola.select(pl.col("peso_lavoratori").round(1).cast(pl.String))
    published = as_csv(protezione.mask(tavola, TAVOLA)).with_columns(left)
    table = replace(TAVOLA, colonne=TAVOLA.colonne | {"peso_lavoratori": peso("lavoratori", decimali=1)})
    found = audit_published({"tavola": published}, {"tavola": table}, protezione)
    row = found.row(
        by_predicate=pl.col("cella") == "casi_gestiti.lavoratori anno=2024 procedura=cigs_ministeriale provincia=SO", named=True
    )
    assert (row["esposta"], row["da"], row["a"]) == (True, 2, 3)


def test_the_audit_joins_what_two_files_tell(protezione, tavola):
    """A hidden cell shown on another page is known, and every protected cell of its column that it covered is found."""
    masked = as_csv(protezione.mask(tavola, TAVOLA))
    other = tavola.filter(pl.col("procedura") == "cigs_ministeriale").select(
        "anno", "provincia", "procedura", pl.col("lavoratori").cast(pl.String)
    )
    found = audit_published({"a": masked, "b": other}, {"a": TAVOLA, "b": TAVOLA}, protezione)
    assert found.filter(pl.col("esposta"), pl.col("cella").str.contains("lavoratori.*cigs_ministeriale")).height == 5


def test_the_audit_refuses_a_number_that_is_not_the_one_of_its_cell(protezione, tavola):
    published = as_csv(protezione.mask(tavola, TAVOLA)).with_columns(pl.col("lavoratori").str.replace("^438$", "439"))
    with pytest.raises(AnalisiError, match="la cifra pubblicata non è quella della cella"):
        audit_published({"tavola": published}, {"tavola": TAVOLA}, protezione)


def test_the_audit_reads_italian_numbers(protezione, tavola):
    frame = tavola.filter(pl.col("provincia") == "TOT").select(
        "anno", "provincia", "procedura", pl.format("{}", "lavoratori").alias("lavoratori")
    )
    frame = frame.with_columns(pl.col("lavoratori").str.replace(r"^(\d+)(\d{3})$", "$1.$2"))
    result = audit_published({"pagina": frame}, {"pagina": TAVOLA}, protezione, decimali="virgola")
    assert dict(result.select("cella", "a").rows())["casi_gestiti.lavoratori anno=2025"] == 11800


def test_a_sentence_for_who_must_stop_the_edition(protezione):
    protezione.raise_if_exposed()
    exposed = replace(protezione, sistema=Sistema(protezione.celle.with_columns(esposta=pl.col("totali") == 2), protezione.sistema.vincoli))
    with pytest.raises(AnalisiError, match="«casi_gestiti»: 4"):
        exposed.raise_if_exposed()


def test_a_rank_follows_its_cells(protezione, tavola):
    frame = tavola.with_columns(posizione=pl.when(pl.col("lavoratori").is_not_null()).then(1))
    table = replace(TAVOLA, colonne=TAVOLA.colonne | {"posizione": segue(cella("lavoratori"))})
    masked = protezione.mask(frame, table)
    assert (masked["posizione_segno"] == "*").sum() == 27

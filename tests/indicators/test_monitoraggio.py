"""The quarterly sheets of a folder: what counts, what is missing, and a named finding for each oddity; the others go on."""

import shutil

import openpyxl
import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators import attivazione_pal as pal
from analisi.indicators.fonti import read_fonte
from analisi.indicators.monitoraggio import read_monitoraggio
from analisi.tables.catalogo import MONITORAGGIO_PAL, PASSI_CONTO
from analisi.tables.reading import leggi
from analisi.tables.writing import write_table


@pytest.fixture
def folder(sample, tmp_path):
    """A copy of the sample with the sheets of the last quarter only, to be spoiled."""
    shutil.copytree(sample, tmp_path / "e")
    for quarter in ("2025-T1", "2025-T2", "2025-T3"):
        shutil.rmtree(tmp_path / "e" / "monitoraggio_pal" / quarter)
    (tmp_path / "e" / "monitoraggio_pal_lavoratori.csv").unlink()
    return tmp_path / "e"


def sheet(folder, name="CO"):
    return folder / "monitoraggio_pal" / "2025-T4" / f"{name}.xlsx"


def rewrite(path, change, to=None):
    """The sheet with its rows changed."""
    write_table(change(leggi(path, "monitoraggio_pal").dati).select(MONITORAGGIO_PAL.names), MONITORAGGIO_PAL, to or path)


def findings(folder, quarter="2025-T4"):
    return " | ".join(text for q, _, text in read_monitoraggio(str(folder)).rilievi if q in ("", quarter))


def state(folder, sigla):
    return read_monitoraggio(str(folder)).copertura.filter(trimestre="2025-T4", provincia=sigla).row(0, named=True)


def test_the_base_is_the_printed_one_and_exclusive_steps_add_up_everywhere(sample, published):
    dati = read_monitoraggio(str(sample))
    printed = published.attivazione.row(0, named=True)
    last = dati.stock.filter(trimestre=dati.trimestri[-1])
    assert last["lavoratori"].sum() == printed["lavoratori_base"]
    assert round(100 * last["step4"].sum() / last["lavoratori"].sum()) == printed["quota_attivati_pct"]
    sums = pal.steps(dati.stock, ["provincia"]).group_by("trimestre", "provincia").agg(pl.col("lavoratori").sum(), pl.col("quota").sum())
    base = dati.stock.group_by("trimestre", "provincia").agg(pl.col("lavoratori").sum().alias("base"))
    assert sums.join(base, on=["trimestre", "provincia"]).filter(pl.col("lavoratori") != pl.col("base")).is_empty()
    assert dati.sintetica
    assert set(dati.copertura.filter(trimestre="2025-T4")["stato"]) == {"ricevuto", "ricevuto, rettificato", "nessuna procedura attesa"}


def test_of_a_corrected_sheet_the_last_submission_counts_and_the_change_is_told(sample):
    dati = read_monitoraggio(str(sample))
    corrected = [text for _, _, text in dati.rilievi if text.startswith("rettifica n. 2")]
    assert len(corrected) == 3
    assert all("STEP4 da" in text for text in corrected)


def test_a_missing_sheet_is_missing_and_not_zero(folder):
    expected = state(folder, "CO")["lavoratori_attesi"]
    sheet(folder).unlink()
    row = state(folder, "CO")
    assert (row["stato"], row["quota"], row["lavoratori_attesi"]) == ("mancante", 0, expected)
    assert f"Como: nessun foglio accettato; mancano {expected} lavoratori attesi" in findings(folder)
    assert "CO" not in set(pal.rates(read_monitoraggio(str(folder)).stock, ["provincia"])["provincia"])


def test_the_same_sheet_twice_counts_once(folder):
    before = state(folder, "CO")["lavoratori_ricevuti"]
    shutil.copy(sheet(folder), sheet(folder, "CO-copia"))
    assert state(folder, "CO")["lavoratori_ricevuti"] == before
    assert "arrivato 2 volte" in findings(folder)


def test_of_two_versions_of_a_submission_the_one_sent_later_counts(folder):
    later = pl.col("data_invio").dt.offset_by("5d")
    moved = [
        (pl.col("step4_pal_attivate") + pl.col("step1_presa_in_carico")).alias("step4_pal_attivate"),
        pl.lit(0, pl.Int64).alias("step1_presa_in_carico"),
    ]
    rewrite(sheet(folder), lambda rows: rows.with_columns(later, *moved), sheet(folder, "A-CO"))
    assert "due versioni dello stesso invio" in findings(folder)
    assert read_monitoraggio(str(folder)).stock.filter(provincia="CO")["step1"].sum() == 0


def test_a_wrong_quarter_is_told(folder):
    rewrite(sheet(folder), lambda rows: rows.with_columns(pl.lit("2025-T3").alias("trimestre")))
    assert "è nella cartella 2025-T4 ma ha righe di 2025-T3" in findings(folder, "2025-T3")
    assert state(folder, "CO")["stato"] == "mancante"


def test_a_provincia_that_sends_anothers_rows_is_told_and_they_do_not_count(folder):
    rewrite(sheet(folder, "LC"), lambda rows: rows.with_columns(pl.lit("BG").alias("nucleo")))
    assert "non è la provincia dell'unità" in findings(folder) or "righe scartate" in findings(folder)
    assert state(folder, "LC")["stato"] == "mancante"
    assert state(folder, "BG")["unita_ricevute"] == state(folder, "BG")["unita_attese"]


def test_steps_above_the_total_are_told_and_do_not_count(folder):
    rewrite(sheet(folder), lambda rows: rows.with_columns(pl.col("step4_pal_attivate") + 1))
    assert "righe scartate su" in findings(folder)
    assert "non è la somma" in findings(folder)
    assert state(folder, "CO")["stato"] == "mancante"


def test_cumulative_sheets_are_recognized_and_asked(folder):
    names = list(PASSI_CONTO[:4])

    def cumulative(rows):
        return rows.with_columns(pl.sum_horizontal(names[i:]).alias(name) for i, name in enumerate(names))

    for path in folder.rglob("monitoraggio_pal/2025-T4/*.xlsx"):
        rewrite(path, cumulative)
    said = findings(folder, "2025-T4")
    assert "i passi sembrano cumulativi" in said
    assert "righe scartate su" in said
    assert state(folder, "MI")["lavoratori_ricevuti"] < state(folder, "MI")["lavoratori_attesi"]


def test_an_empty_and_an_unreadable_sheet_are_told_and_the_others_go_on(folder):
    rewrite(sheet(folder), lambda rows: rows.clear())
    sheet(folder, "LC").write_bytes(b"PK\x03\x04rotto")
    workbook = openpyxl.load_workbook(sheet(folder, "BG"))
    workbook["Dati"].delete_cols(2)
    workbook.save(sheet(folder, "BG"))
    said = findings(folder)
    assert "il foglio è vuoto" in said
    assert "file non utilizzabile: LC.xlsx" in said
    assert "manca la colonna «trimestre»" in said
    assert {state(folder, sigla)["stato"] for sigla in ("CO", "LC", "BG")} == {"mancante"}
    assert state(folder, "MI")["stato"] == "ricevuto"


def test_a_folder_without_register_or_sheets_is_refused(tmp_path, sample):
    with pytest.raises(AnalisiError, match="non c'è alcun file della tabella vol_procedure"):
        read_monitoraggio(str(sample / "monitoraggio_pal"))
    with pytest.raises(AnalisiError, match="serve una cartella"):
        read_monitoraggio(str(tmp_path / "manca"))


def test_a_quarter_that_is_not_there_is_suggested(sample):
    with pytest.raises(AnalisiError, match="forse intendevi «2025-T4»"):
        read_monitoraggio(str(sample)).require("2025-T5")


def test_the_annual_source_counts_its_activation_from_the_sheets(sample, published):
    fonte = read_fonte(str(sample))
    row, printed = fonte.attivazione.row(0, named=True), published.attivazione.row(0, named=True)
    assert (row["lavoratori_base"], row["quota_attivati_pct"]) == (printed["lavoratori_base"], printed["quota_attivati_pct"])
    assert dict(fonte.fogli) == {2025: "2025-T4"}
    assert dict(published.fogli) == {}


def test_procedures_that_are_not_of_the_base_are_told_and_stay_out_of_the_rates(folder):
    base = read_monitoraggio(str(folder)).stock["lavoratori"].sum()
    vol = leggi(folder / "vol_procedure.csv").dati
    other = vol.filter(pl.col("tipologia_linee_guida") == "B", pl.col("sigla_provincia") == "CO", pl.col("stato") != "REVOCATA").row(
        0, named=True
    )
    change = [pl.lit(other[name]).alias(name) for name in ("id_procedura", "id_unita")]
    rewrite(sheet(folder), lambda rows: pl.concat([rows, rows.head(1).with_columns(change)]))
    assert read_monitoraggio(str(folder)).stock["lavoratori"].sum() == base
    assert "1 unità di procedure diverse dalle CIGS ministeriali aperte nell'anno" in findings(folder)


def test_who_belongs_to_a_nucleo_that_sent_nothing_is_unknown_and_not_waiting(sample, tmp_path):
    from analisi.indicators.monitoraggio import covered_workers

    shutil.copytree(sample, tmp_path / "e")
    whole = covered_workers(read_monitoraggio(str(sample)), "2025-T4")
    sheet(tmp_path / "e").unlink()
    part = covered_workers(read_monitoraggio(str(tmp_path / "e")), "2025-T4")
    assert whole.height == 4377
    assert part.height == whole.filter(pl.col("provincia") != "CO").height


def test_a_future_quarter_in_one_sheet_does_not_become_the_quarter_of_the_report(folder):
    rewrite(sheet(folder), lambda rows: rows.with_columns(pl.lit("2026-T1").alias("trimestre")), folder / "CO-futuro.xlsx")
    assert read_monitoraggio(str(folder)).require("") == "2025-T4"


def test_missing_tables_and_contradictions_are_told(sample, folder, tmp_path):
    assert "manca la tabella monitoraggio_pal_lavoratori" in findings(folder)
    shutil.copytree(sample, tmp_path / "altra")
    rewrite(sheet(tmp_path / "altra"), lambda rows: rows.with_columns(
        (pl.col("step4_pal_attivate") + pl.col("step3_incontri")).alias("step4_pal_attivate"), pl.lit(0, pl.Int64).alias("step3_incontri")))  # fmt: skip
    assert "nelle righe per lavoratore" in findings(tmp_path / "altra")

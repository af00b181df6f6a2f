"""The bimonthly report: its data files, its words, what the public profile must not have, places with nothing to tell."""

import ast
import csv
import html
import inspect
import json
import re
from dataclasses import replace

import altair as alt
import nbformat
import polars as pl
import pytest
from altair.utils.schemapi import validate_jsonschema

from analisi.disclosure.celle import Sistema
from analisi.disclosure.pubblicato import audit_published
from analisi.disclosure.segni import SEGNO
from analisi.indicators.estratti import read_estratti
from analisi.presentation.blocks import MIME, Block
from analisi.presentation.celle_bimestrale import told_units
from analisi.presentation.dati_bimestrale import DATI, sistema
from analisi.presentation.pubblico_bimestrale import ALWAYS, REGION
from analisi.presentation.quadro_bimestrale import quadro
from analisi.presentation.riservatezza import decided, plan_of, tables
from analisi.reports.contract import find
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.tables.reading import leggi
from tests.conftest import analisi, write_rows, write_territorio

CASES = {name for name, file in DATI.items() if file.cases}


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page(folder):
    return html.unescape((folder / "bimestrale.html").read_text(encoding="utf-8"))


def made(folder, *args):
    done = analisi("esegui", "bimestrale", *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def region(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("bimestrale") / "regione", "--fonte", sample)


OUTSIDE = ("--bimestre", "2025-B3", "--profilo", "pubblico")


@pytest.fixture(scope="module")
def public(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("bimestrale") / "como", "--fonte", sample, "--provincia", "Como", *OUTSIDE)


@pytest.fixture(scope="module")
def public_region(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("bimestrale") / "tutte", "--fonte", sample, *OUTSIDE)


@pytest.fixture(scope="module")
def inside(sample, tmp_path_factory):
    """The page of `public_region` for the internal profile."""
    return made(tmp_path_factory.mktemp("bimestrale") / "interno", "--fonte", sample, "--bimestre", "2025-B3")


@pytest.fixture(scope="module")
def counties(tmp_path_factory):
    """Extracts of a made-up region of two counties: one procedura in Alba, nothing in Borgo; no register of tables, no sheets."""
    folder = tmp_path_factory.mktemp("contee")
    write_territorio(folder / "isolana.toml", {"AL": "Alba", "BO": "Borgo"})
    row = {
        "id_procedura": "C-1", "id_unita": "C-1-1", "progressivo_versione": "1", "tipo_procedura": "CIGS", "competenza": "REGIONALE", "tipologia_linee_guida": "B",
        "causale": "CRISI", "codice_fiscale_azienda": "01234560975", "ragione_sociale": "Alfa Srl", "comune_istat": "001001", "sigla_provincia": "AL",
        "lavoratori_coinvolti": "7", "data_apertura": "03/02/2031", "esito_fase": "ACCORDO", "data_accordo": "10/02/2031", "data_inizio": "01/03/2031",
        "data_fine": "30/06/2031", "anno_riferimento": "2031", "stato": "CONCLUSA", "data_estrazione": "31/12/2031", "natura": "sintetici",
    }  # fmt: skip
    write_rows(folder / "vol_procedure.csv", VOL_PROCEDURE.names, [row])
    return folder


def county(counties, place, output):
    common = ("--fonte", counties, "--territorio", counties / "isolana.toml", "--bimestre", "2031-B3")
    return made(output / "rapporto", *common, *(["--provincia", place] if place else []))


def test_the_folder_holds_page_notebook_workbook_and_every_data_file(region):
    found = {path.relative_to(region).as_posix() for path in region.rglob("*") if path.is_file()}
    assert found == {f"bimestrale.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}


def test_units_and_workers_of_the_provinces_add_up_to_the_region_in_the_data(region):
    found = [r for r in rows(region, "procedure_in_corso") if r["tipo"] == "tutte" and r["voce"] == "in_corso"]
    total = next(r for r in found if r["provincia"] == "TOT")
    for name in ("unita", "lavoratori", "unita_prec", "lavoratori_anno"):
        assert sum(int(r[name]) for r in found if r["provincia"] != "TOT") == int(total[name])
    assert sum(int(r["procedure"]) for r in found if r["provincia"] != "TOT") > int(total["procedure"])  # some are in several


def test_the_figures_of_the_region_are_those_of_the_register(region, sample):
    vol = leggi(sample / "vol_procedure.csv").dati
    last = {}
    for r in vol.sort("progressivo_versione").iter_rows(named=True):
        last[r["id_procedura"], r["id_unita"]] = r
    day = max(r["data_apertura"] for r in last.values()).replace(month=12, day=31)  # the last bimestre that the register reaches
    now = [
        r for r in last.values() if r["tipo_procedura"] == "CIGS" and r["stato"] != "REVOCATA" and r["data_inizio"] <= day <= r["data_fine"]
    ]
    total = next(r for r in rows(region, "procedure_in_corso") if (r["provincia"], r["tipo"], r["voce"]) == ("TOT", "tutte", "in_corso"))
    expected = (len({r["id_procedura"] for r in now}), len(now), sum(r["lavoratori_coinvolti"] for r in now))
    assert (total["bimestre"], int(total["procedure"]), int(total["unita"]), int(total["lavoratori"])) == (f"{day.year}-B6", *expected)
    listed = rows(region, "elenco")
    assert sum(r["situazione"] in ("in scadenza", "in corso") for r in listed) == len(now)


def test_the_calendar_agrees_with_what_started_in_the_bimestre(region):
    started = next(r for r in rows(region, "procedure_in_corso") if (r["provincia"], r["tipo"], r["voce"]) == ("TOT", "tutte", "avviate"))
    months = [int(r["lavoratori_inizio"]) for r in rows(region, "calendario") if r["mese"] in ("2025-11-01", "2025-12-01")]
    assert sum(months) == int(started["lavoratori"])


def test_the_pal_rate_is_the_printed_one_with_its_base(region, published):
    printed = published.attivazione.row(0, named=True)
    row = next(r for r in rows(region, "tasso_pal") if r["provincia"] == "TOT")
    assert (int(row["lavoratori"]), round(float(row["tasso"]))) == (printed["lavoratori_base"], printed["quota_attivati_pct"])
    steps = {r["passo"]: r["almeno"] for r in rows(region, "imbuto_pal") if r["provincia"] == "TOT"}
    assert (steps["STEP4"], steps["NO_PAL"]) == (row["attivati"], "")
    assert int(steps["STEP1"]) > int(steps["STEP4"])


def test_the_page_tells_the_day_the_place_and_that_the_data_are_made_up(region):
    text = page(region)
    assert "Novembre-dicembre 2025, situazione al 31/12/2025 · Lombardia" in text
    assert "<title>[DATI SINTETICI]" in text
    assert "Confronti da leggere con prudenza" in text
    assert len(text.encode()) < 400_000


def test_nobody_is_named_and_companies_only_in_single_cases_of_the_internal_profile(region, sample):
    vol = leggi(sample / "vol_procedure.csv").dati
    workers = set(leggi(sample / "cigs_lavoratori.csv").dati["id_lavoratore"])
    companies = set(vol["ragione_sociale"])
    for path in region.rglob("*"):
        if path.suffix in (".html", ".csv", ".ipynb"):
            text = path.read_text(encoding="utf-8")
            assert not any(code in text for code in vol["codice_fiscale_azienda"].unique())
            assert not workers & set(re.findall(r"[0-9a-f]{32}", text))
            if path.suffix == ".csv" and path.stem not in CASES:
                assert not any(name in text for name in companies)
    assert any(name in page(region) for name in companies)


def test_the_public_profile_has_no_single_case_anywhere(public, public_region, sample):
    vol = leggi(sample / "vol_procedure.csv").dati
    secret = {*vol["ragione_sociale"], *vol["id_procedura"], *leggi(sample / "registro_tavoli.csv").dati["azione"].drop_nulls()}
    assert {path.stem for path in (public / "dati").iterdir()} == set(ALWAYS)
    assert {path.stem for path in (public_region / "dati").iterdir()} == {*ALWAYS, *REGION} == set(DATI) - CASES
    for path in (*public.rglob("*"), *public_region.rglob("*")):
        if path.suffix in (".html", ".csv", ".ipynb"):
            text = path.read_text(encoding="utf-8")
            assert [name for name in secret if name in text] == [], path.name
    assert "L'elenco delle procedure: solo nel profilo interno." in page(public)
    for text in (page(public), page(public_region)):
        assert "sono oscurate" in text
        assert "Inizi e scadenze mese per mese" not in text
        assert not re.search(r"\bNone\b|\bnan\b", re.sub(r"<style.*?</style>|<script.*?</script>", "", text, flags=re.S))


def test_every_figure_outside_is_the_true_one_or_hidden_and_none_is_of_few_units(public, public_region, inside):
    key = ("provincia", "tipo", "voce")
    true = {tuple(r[name] for name in key): r for r in rows(inside, "procedure_in_corso")}
    hidden = 0
    for row in rows(public_region, "procedure_in_corso") + rows(public, "procedure_in_corso"):
        own = true[tuple(row[name] for name in key)]
        assert all(value in (own[name], "*") for name, value in row.items()), row
        hidden += sum(value == "*" for value in row.values())
        for end in ("", "_prec", "_anno"):
            if own[f"unita{end}"] in ("1", "2"):
                assert (row[f"unita{end}"], row[f"lavoratori{end}"]) == ("*", "*"), row
    assert hidden > 100
    key = ("dimensione", "versione_ateco", "voce")
    true = {tuple(r[name] for name in key): r for r in rows(inside, "distribuzioni")}
    told = rows(public_region, "distribuzioni")
    assert len(told) == len(true)
    for row in told:
        own = true[tuple(row[name] for name in key)]
        assert all(value in (own[name], "*") for name, value in row.items()), row
        assert own["unita"] not in ("1", "2") or row["unita"] == row["lavoratori"] == row["quota"] == "*"


def test_the_totals_of_the_region_and_some_provinces_are_told(public_region):
    course = {
        r["provincia"]: r["lavoratori"]
        for r in rows(public_region, "procedure_in_corso")
        if (r["tipo"], r["voce"]) == ("tutte", "in_corso")
    }
    assert course["TOT"] != "*"
    assert sum(value != "*" for value in course.values()) > 4


def test_nothing_hidden_is_computed_back_from_the_files_of_the_region_and_of_a_provincia(public, public_region, sample):
    asked = {"fonte": str(sample), "territorio": "lombardia", "bimestre": "2025-B3", "giorni_scadenza": 60}
    protezione, told = decided(plan_of([("bimestrale", asked)])), tables("bimestrale", asked)
    frames = {
        (folder.name, path.stem): pl.read_csv(path, infer_schema=False)
        for folder in (public, public_region)
        for path in (folder / "dati").iterdir()
    }
    found = audit_published({f"{name}": frame for name, frame in frames.items()}, {f"{name}": told[name[1]] for name in frames}, protezione)
    assert found.filter(pl.col("esposta") | pl.col("dedotta")).is_empty()
    assert found["motivo"].count() > 100


def test_the_same_cells_are_asked_by_every_page(sample):
    names = ("fonte", "territorio", "bimestre", "giorni_scadenza")
    assert list(inspect.signature(sistema).parameters) == list(names)
    units = told_units(quadro(read_estratti(str(sample)), "2025-B3"))
    assert units["provincia"].n_unique() > 10


@pytest.mark.parametrize("provincia", ["", "Lodi"])
def test_what_is_hidden_changes_nothing_that_is_published(sample, provincia):
    """The notebook is run twice: the second time what is hidden is other numbers, in another order."""
    first, second = (_told(sample, provincia, other=other) for other in (False, True))
    assert first == second
    assert sum('"*"' in block for block in first) > 2


def _told(sample, provincia, *, other):
    """What the notebook shows, block by block, as JSON."""
    cells = [cell for cell in nbformat.read(find("bimestrale").path, 4).cells if cell["cell_type"] == "code"]
    blocks = []
    space = {"display": lambda *shown: blocks.extend(shown)}
    for cell in cells:
        if other and cell["id"] == "b08r":
            _change(space)
        tree = ast.parse(cell["source"])
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell["id"], "exec"), space)
        if cell["id"] == "b02":
            space |= {"fonte": str(sample), "provincia": provincia, "profilo": "pubblico", "bimestre": "2025-B3"}
        shown = eval(compile(ast.Expression(last.value), cell["id"], "eval"), space) if last else None
        blocks += [shown] if isinstance(shown, Block) else []
    return [json.dumps(block.payload, sort_keys=True, default=str) for block in blocks]


def _other(frame, masked):
    hidden = {name.removesuffix(SEGNO): masked[name].is_not_null() for name in masked.columns if name.endswith(SEGNO)}
    return frame.with_columns(pl.when(where).then(pl.col(name) + 17).otherwise(name).alias(name) for name, where in hidden.items())


def _change(space):
    """Other numbers where something is hidden, in the frames and in the cells alike."""
    visto = space["visto"]
    celle = visto.protezione.celle.with_columns(valore=pl.col("valore") + pl.when(pl.col("segno") == "*").then(17.0).otherwise(0.0))
    space["visto"] = replace(visto, protezione=replace(visto.protezione, sistema=Sistema(celle, visto.protezione.sistema.vincoli)))
    region, whole = pl.col("provincia") == "TOT", pl.col("tipo") == "tutte"
    frame = space["confronto"]
    procedures = [name for name in frame.columns if "procedure" in name]
    told = frame.filter(region | whole).with_columns(pl.when(region).then(name).alias(name) for name in procedures)
    told = _other(told, visto.mask("procedure_in_corso", told)).with_columns(
        pl.when(region).then(name).otherwise(99).alias(name) for name in procedures
    )
    space["confronto"] = pl.concat([told, frame.filter(~region & ~whole).with_columns(pl.col(pl.Int64, pl.Float64) + 17)])
    space["distribuzioni"] = _other(space["distribuzioni"], visto.mask("distribuzioni", space["distribuzioni"])).reverse()
    for name in ("condivise", "passi", "tassi"):
        space[name] = space[name].with_columns(
            pl.when(region).then(c).otherwise(pl.col(c) + 17).alias(c) for c in space[name].select(pl.col(pl.Int64, pl.Float64)).columns
        )
    for name in ("calendario", "casi", "azioni", "per_tipo", "per_nucleo"):
        frame = space[name]
        kept = {"tavoli"} if name in ("per_tipo", "per_nucleo") else set()
        space[name] = frame.with_columns(pl.col(c) + 17 for c in frame.columns if frame.schema[c].is_numeric() and c not in kept)


def test_a_provincia_has_its_own_tables_and_no_table_of_the_others(public):
    text = page(public)
    assert "Maggio-giugno 2025, situazione al 30/06/2025 · Como" in text
    assert {r["provincia"] for r in rows(public, "procedure_in_corso")} == {"CO"}
    assert [r["nucleo"] for r in rows(public, "coordinamento") if r["nucleo"]] == ["CO"]
    assert "La situazione per provincia" not in text


def test_every_chart_is_valid_vega_lite(region):
    notebook = json.loads((region / "bimestrale.ipynb").read_text(encoding="utf-8"))
    shown = [output["data"] for cell in notebook["cells"] for output in cell.get("outputs", []) if "data" in output]
    assert {kind for data in shown for kind in data} <= {MIME, "text/plain", "text/html"}
    specs = [panel["spec"] for data in shown for panel in data[MIME].get("pannelli", [])]
    assert len(specs) == 13  # map 2, suspensions 2, months 2 + 2, causale and size 2, sectors 2, PAL 1
    schema = alt.load_schema()
    for spec in specs:
        validate_jsonschema(spec, schema)


def test_a_place_without_procedures_gets_a_page_that_says_so(counties, tmp_path):
    text = page(county(counties, "Borgo", tmp_path))
    assert "Borgo: nel bimestre maggio-giugno 2031 nessuna procedura di CIGS è in corso, in attesa, avviata o conclusa." in text
    assert "<figure" not in text
    assert re.findall(r"<caption[^>]*><span>([^<]*)", text) == ["Dati letti", "Parametri e versioni"]


def test_another_territory_without_tables_and_sheets_says_what_cannot_be_computed(counties, tmp_path):
    text = page(county(counties, "", tmp_path))
    assert (
        "è in corso <strong>1 procedura di CIGS</strong> in <strong>1</strong> unità produttiva, per <strong>7 lavoratori</strong>" in text
    )
    assert "Nella cartella non c'è il registro dei tavoli" in text
    assert "non ci sono fogli dei Nuclei che si possano usare" in text
    assert "La situazione per contea" in text
    assert "senza codice ATECO" in text
    assert not re.search(r"Lombardia|\bprovince\b", re.sub(r"<table.*?Dati letti.*?</table>", "", text, flags=re.S))


@pytest.mark.parametrize(("args", "said"), [
    (["--bimestre", "2025-B9"], "non è un bimestre"), (["--provincia", "Atlantide"], "non è del territorio"), (["--fonte", "data/pubblicati"], "non c'è alcun file della tabella vol_procedure"),
])  # fmt: skip
def test_a_wrong_parameter_is_told_before_anything_starts(sample, tmp_path, args, said):
    done = analisi("esegui", "bimestrale", *(["--fonte", sample] if "--fonte" not in args else []), *args, "--uscita", tmp_path / "r")
    assert (done.returncode, said in done.stderr, (tmp_path / "r").exists()) == (2, True, False)

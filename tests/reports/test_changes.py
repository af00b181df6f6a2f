"""`analisi confronta`, as an analyst uses it."""

import json
from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.reports.changes import compare_sides, read_side
from analisi.reports.verify import MANIFEST
from analisi.tables.catalogo import CIGS_LAVORATORI, VOL_PROCEDURE
from analisi.vintages.archiving import archivia
from tests.conftest import analisi, write_rows
from tests.reports.edizioni import manifest, province, write
from tests.vintages.conftest import procedure, register

DAYS = (date(2025, 12, 31), date(2026, 1, 31))


def worker(number: int, **change: str) -> dict[str, str]:
    return (
        CIGS_LAVORATORI.example
        | {"id_lavoratore": f"{number:032x}", "id_procedura": "CIGS-2025-000001"}
        | {"id_unita": "CIGS-2025-000001-01"}
        | change
    )


def delivery(folder, lavoratori, *procedures):
    register(folder / "vol.csv", *procedures)
    write_rows(folder / "lavoratori.csv", CIGS_LAVORATORI.names, lavoratori)
    return sorted(folder.iterdir())


@pytest.fixture
def archive(tmp_path):
    """The register and the workers on two days: a correction, a late procedure, a new one, a worker who came back, one more."""
    day = {"data_estrazione": "31/12/2025"}
    first = delivery(tmp_path / "a", [worker(1), worker(2)], procedure(1, **day), procedure(2, **day))
    second = delivery(
        tmp_path / "b", [worker(1, stato_rapporto="RIENTRATO"), worker(2), worker(3)], procedure(1, lavoratori_coinvolti="70", ragione_sociale="Altro Nome Srl"),
        procedure(2), procedure(3),
        procedure(4, data_apertura="05/01/2026", data_esame_congiunto="", data_accordo="", data_inizio="", data_fine="", esito_fase="IN_CORSO", data_decreto_concessione=""),
    )  # fmt: skip
    for files, giorno in zip((first, second), DAYS, strict=True):
        archivia(files, tmp_path / "archivio", giorno)
    return tmp_path / "archivio"


def test_two_states_of_an_archive(archive):
    found = compare_sides(f"{archive}@2025-12-31", str(archive))
    vol = next(revision for revision in found.revisioni if revision.tavola == "vol_procedure")
    assert {name: vol.conti[name] for name in ("aggiunte", "in_ritardo", "rimosse", "celle")} == {
        "aggiunte": 2,
        "in_ritardo": 1,
        "rimosse": 0,
        "celle": 2,
    }
    assert vol.colonne.filter(colonna="lavoratori_coinvolti")["scarto"].item() == 5 + 2 * int(VOL_PROCEDURE.example["lavoratori_coinvolti"])
    assert vol.celle.filter(colonna="ragione_sociale").select("prima", "dopo").rows() == [("(riservato)", "(riservato)")]


def test_of_workers_only_counts_are_told(archive):
    found = compare_sides(f"{archive}@2025-12-31", str(archive))
    workers = next(revision for revision in found.revisioni if revision.tavola == "cigs_lavoratori")
    assert (workers.conti["aggiunte"], workers.conti["celle"], workers.righe.height, workers.celle.height) == (1, 1, 0, 0)
    assert workers.colonne["colonna"].to_list() == ["stato_rapporto"]


def test_two_snapshots_and_two_extracts_say_the_same(archive, tmp_path):
    one = compare_sides(str(archive / "2025-12-31-01"), str(archive / "2026-01-31-01"))
    other = compare_sides(str(tmp_path / "a"), str(tmp_path / "b"))
    assert {r.tavola: r.conti for r in one.revisioni} == {r.tavola: r.conti for r in other.revisioni}


def test_no_output_names_a_person_or_a_company(archive, tmp_path):
    done = analisi("confronta", f"{archive}@2025-12-31", archive, "--uscita", tmp_path / "u")
    assert done.returncode == 0, done.stderr
    written = (
        b"".join(path.read_bytes() for path in (tmp_path / "u").rglob("*") if path.suffix in (".html", ".csv", ".ipynb"))
        + done.stdout.encode()
    )
    for secret in (
        f"{1:032x}",
        f"{3:032x}",
        "Altro Nome",
        VOL_PROCEDURE.example["ragione_sociale"],
        VOL_PROCEDURE.example["codice_fiscale_azienda"],
    ):
        assert secret.encode() not in written
    assert sorted(path.name for path in (tmp_path / "u" / "dati").iterdir()) == ["celle.csv", "colonne.csv", "righe.csv", "tavole.csv"]
    assert "vol_procedure: 2 righe aggiunte (1 arrivata in ritardo), 2 celle riviste in 1 riga" in done.stdout


def test_the_page_is_whole_and_asks_nothing_of_the_network(archive, tmp_path):
    from analisi.reports.gate import Gate
    from analisi.reports.known import Known

    analisi("confronta", f"{archive}@2025-12-31", archive, "--uscita", tmp_path / "u")
    page = (tmp_path / "u" / "cambiamenti.html").read_bytes()
    assert Gate("interno", Known()).check("cambiamenti.html", page) == []
    assert b"<caption" in page and b"Content-Security-Policy" in page and "Cosa è cambiato".encode() in page
    cells = pl.read_csv(tmp_path / "u" / "dati" / "celle.csv")
    assert cells.filter(colonna="lavoratori_coinvolti").select("prima", "dopo", "scarto").rows() == [("65", "70", 5.0)]


def edition(folder, *values):
    content = manifest([province("CO", str(values[0])), province("LC", "3")])
    write(folder, content)
    for sigla, value in zip(("CO", "LC"), values, strict=True):
        data = folder / f"attivazione_pal-{sigla}" / "dati"
        data.mkdir()
        (data / "passi.csv").write_text(f"anno,provincia,quota,nota\n2025,{sigla},{value},x\n2024,{sigla},7,y\n", encoding="utf-8")
    return folder


def test_two_editions_tell_the_cells_and_the_reports(tmp_path):
    found = compare_sides(str(edition(tmp_path / "prima", 51.5, 40)), str(edition(tmp_path / "dopo", 52.5, 40)))
    assert [revision.tavola for revision in found.cambiate] == ["attivazione_pal-CO/passi"]
    assert found.cambiate[0].celle.select("chiave", "colonna", "prima", "dopo", "scarto").rows() == [
        ("anno 2025", "quota", "51.5", "52.5", 1.0)
    ]
    assert found.toccati.select("edizione", "rapporto", "tavole").rows() == [("prima", "attivazione_pal-CO", "passi")]


def test_a_published_report_made_from_what_changed_is_named(archive, desk):
    (file,) = [file for file in read_side(f"{archive}@2025-12-31").files if "vol" in file.name]
    content = manifest([province("CO", "1"), province("LC", "2")])
    content["rapporti"][0]["ingressi"] = [{"file": file.name, "sha256": read_side(f"{archive}@2025-12-31").files[file][0]}]
    write(desk / "reports" / "edizione-prova", content)
    found = compare_sides(f"{archive}@2025-12-31", str(archive))
    assert found.toccati.select("edizione", "rapporto", "tavole").rows() == [
        ("reports/edizione-prova", "attivazione_pal-CO", "vol_procedure")
    ]
    assert (
        json.loads((desk / "reports" / "edizione-prova" / MANIFEST).read_text(encoding="utf-8"))["rapporti"][0]["nome"]
        == "attivazione_pal-CO"
    )


def test_what_cannot_be_compared_is_told(archive, tmp_path):
    with pytest.raises(AnalisiError, match="non hanno tavole in comune"):
        compare_sides(str(edition(tmp_path / "prima", 1, 2)), str(archive))
    with pytest.raises(AnalisiError, match="non esiste"):
        compare_sides("manca", str(archive))


@pytest.mark.parametrize(
    ("args", "said"),
    [([], "servono due parti"), (["a"], "servono due parti"), (["--ritardo", "60"], "--ritardo e --periodo insieme"), (["a", "b", "--periodo", "2025-T4"], "insieme"),
     (["--ritardo", "60", "--periodo", "2025-T9", "--archivio", "ARCHIVIO"], "non è un bimestre"), (["--ritardo", "60", "--periodo", "2025-T4", "--archivio", "data"], "non è un archivio")],
)  # fmt: skip
def test_wrong_words_exit_2(archive, args, said):
    done = analisi("confronta", *(archive if word == "ARCHIVIO" else word for word in args))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_equal_delay_from_the_snapshots_of_an_archive(tmp_path):
    """2024-T1 known on 15 May 2024: one unit of 65. One more came later. 2025-T1 known on 15 May 2025: two units. +1, and naive 0."""

    def of_2024(number):
        return procedure(number, data_apertura="03/02/2024", data_esame_congiunto="", data_accordo="25/02/2024", anno_riferimento="2024",
                         data_inizio="01/03/2024", data_fine="28/02/2025", data_decreto_concessione="10/04/2024")  # fmt: skip

    for number, (day, rows) in enumerate(
        [(date(2024, 5, 15), [of_2024(1)]), (date(2024, 9, 30), [of_2024(1), of_2024(2)]), (date(2025, 5, 15), [of_2024(1), of_2024(2), procedure(3), procedure(4)])]
    ):  # fmt: skip
        archivia([register(tmp_path / f"{number}.csv", *rows)], tmp_path / "archivio", day)
    words = ["confronta", "--ritardo", 60, "--periodo", "2025-T1", "--archivio", tmp_path / "archivio"]
    done = analisi(*words, "--uscita", tmp_path / "u")
    assert done.returncode == 0, done.stderr
    assert "2025-T1 com'era il 15/05/2025, 45 giorni dopo la fine; 2024-T1 com'era il 15/05/2024, 45 giorni dopo la fine" in done.stdout
    assert "Unità: 2 contro 1 (+1). Contro l'anno prima com'è noto oggi, 2, sarebbe 0" in done.stdout
    total = pl.read_csv(tmp_path / "u" / "dati" / "pari_ritardo.csv").filter(provincia="TOT").row(0, named=True)
    assert (total["var_lavoratori"], total["var_lavoratori_ingenua"]) == (65, 0)
    assert (tmp_path / "u" / "pari_ritardo.html").is_file()

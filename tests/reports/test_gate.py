"""What may not leave an edition: each rule finds one hit in one file, by its place and never by its value; real editions have none."""

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from stdnum.it import codicefiscale

from analisi import trace
from analisi.cli import main
from analisi.presentation.blocks import MIME
from analisi.reports import gate, known
from analisi.reports.batch import run_edition
from analisi.reports.edition import read_edition
from analisi.reports.gate import Closed, Gate, require_open
from analisi.reports.known import Known, plain_words, spellings
from analisi.reports.publishing import Workshop
from analisi.reports.rules import RULES, Text
from analisi.reports.verify import compared, verify
from analisi.tables.catalogo import TABLES
from analisi.workspace import root
from tests.conftest import analisi, write_rows
from tests.reports.conftest import HEADER, write_edition, write_notebook
from tests.reports.edizioni import page, whole, write

PERSON, OMOCODE = "RSSMRA85T10A562S", "RSSMRA85T10A56NH"[:15]
OMOCODE += codicefiscale.calc_check_digit(OMOCODE)
WORKER, COMPANY = "9f2c0a7be4d15386c1f09e7a2b64d8c3", "01234560975"
NAME, CASE, UNIT, REQUEST = "Brambilla & Figli S.p.A.", "CIGS-2025-000123", "CIGS-2025-000123-02", "6200017"
NOTE = "L'azienda di Treviglio chiude il reparto verniciatura a marzo"

CHANGED = {
    "vol_procedure": {"id_procedura": CASE, "id_unita": UNIT, "codice_fiscale_azienda": COMPANY, "ragione_sociale": NAME},
    "monitoraggio_pal": {"id_procedura": CASE, "id_unita": UNIT, "ragione_sociale": "Officine Brembane srl in liquidazione", "note": NOTE},
    "cigs_lavoratori": {"id_lavoratore": WORKER, "id_procedura": CASE, "id_unita": UNIT},
    "misure": {"id_domanda": REQUEST, "id_lavoratore": WORKER},
}
ROWS = {name: TABLES[name].example | row for name, row in CHANGED.items()}


def write_inputs(folder: Path) -> list[tuple[str, str, str]]:
    """One small file of each table, and its record among what was read."""
    files = [write_rows(folder / f"{name}.csv", list(row), [row]) for name, row in ROWS.items()]
    return [(trace.FILE, str(path), trace.fingerprint(trace.FILE, str(path))) for path in files]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> list[tuple[str, str, str]]:
    return write_inputs(tmp_path_factory.mktemp("ingressi"))


@pytest.fixture(scope="module")
def public(inputs) -> Gate:
    return Gate("pubblico", Known.of(inputs, "pubblico"), scripts=False)


@pytest.fixture(scope="module")
def internal(inputs) -> Gate:
    return Gate("interno", Known.of(inputs, "interno"), scripts=False)


def book(**cells: object) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "Elenco"
    for place, value in cells.items():
        made.active[place] = value
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


TAX, PSEUDONYM, HOME, CODE, FIRM, NUMBER, RESERVED, MAIL, PHONE, PATH, NET = [rule.words for rule in RULES]
ALWAYS = [
    (TAX, PERSON), (TAX, PERSON.lower()), (TAX, OMOCODE), (TAX, f"({PERSON})"), (PSEUDONYM, WORKER), (PSEUDONYM, WORKER.upper()),
    (HOME, "/home/mario/estratti"), (HOME, "/tmp/x.csv"), (HOME, "C:\\Users\\mario"), (HOME, "c:/Utenti/mario"), (HOME, "file:///a"),
    (HOME, str(root() / "data")), (HOME, str(Path.home() / "x")),
]  # fmt: skip
PUBLIC = [
    (CODE, COMPANY), (CODE, "IT00743110157"), (CODE, "00743110157"), (FIRM, NAME), (FIRM, "BRAMBILLA E FIGLI".replace(" E ", " & ")),
    (FIRM, "brambilla   &amp; figli spa"), (FIRM, "Brambilla & <b>Figli</b>"), (FIRM, "Bràmbilla &#38; Figli"), (FIRM, "Brambilla\u200b & Figli"),
    (FIRM, "Officine Brembane"), (FIRM, "officine brembane S.R.L."), (NUMBER, CASE), (NUMBER, UNIT.lower()), (NUMBER, REQUEST), (RESERVED, NOTE),
    (MAIL, "mario.rossi@azienda.example"), (PHONE, "+39 035 1234567"), (PHONE, "0039 3351234567"), (PHONE, "335 1234567"), (PHONE, "335-123-4567"),
    (PHONE, "3351234567"), (PHONE, "035/1234567"), (PHONE, "02 1234 5678"), (PHONE, "0341 123456"), (PHONE, "0351234567"),
    (PATH, "/mnt/dati/vol.csv"), (PATH, "D:\\vertenze\\vol.csv"), (PATH, "\\\\server\\vertenze"), (NET, "https://altro.example/x"),
    (NET, "ws://altro.example"), (NET, "('//altro.example/x')"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "value"), [*ALWAYS, *PUBLIC])
def test_a_hit_is_told_by_file_and_line_and_never_repeated(public, said, value):
    found = public.check("a/b.txt", f"x\nprima {value} dopo\n".encode())
    assert f"a/b.txt: riga 2: {said}" in found
    assert {text.rpartition(": ")[0] for text in found} == {"a/b.txt: riga 2"}


@pytest.mark.parametrize(("said", "value"), ALWAYS)
def test_what_holds_for_every_profile_holds_in_the_internal_one(internal, said, value):
    assert internal.check("b.txt", f"prima {value} dopo".encode()) == [f"b.txt: riga 1: {said}"]


@pytest.mark.parametrize("value", [value for _, value in PUBLIC])
def test_internal_pages_may_name_companies_and_cases(internal, value):
    assert internal.check("b.txt", value.encode()) == []


PASSED = [
    "RSSMRA85T10A562X", f"x{PERSON}", "0" * 64, "9f2c0a7be4d15386c1f09e7a2b64d8c4", WORKER + "0", "01234560970", f"0,{COMPANY}", f"1.{COMPANY}",
    f"{COMPANY},5", f"{COMPANY}.0", f"1{COMPANY}", "6200018", "0.6200017", "6200017,5", "CIGS-2025-000124", "Brambilla", "Figli & Brambilla", "S.p.A.",
    "@media print", "a@b", "npm@1.2.3", "03/02/2025", "01.03.2025", "2025-02-03", "335.1234567", "1.335.123.456", "0.0351234567", "E1.2025.0012345",
    "12,0351234567", "321.456.789", "097042", "data/esempio/vol.csv", "e/o", "</tmp>", "km/h", "http://www.w3.org/2000/svg", "// nota", "a//b.c",
    "12:30\\n", "x: y", "\\p{M}", "L'azienda chiude il reparto",
]  # fmt: skip


@pytest.mark.parametrize("text", PASSED)
def test_what_only_resembles_a_hit_is_passed_over(public, text):
    assert public.check("a.txt", f"prima {text} dopo".encode()) == []


@pytest.mark.parametrize("name", ["b.html", "b.csv", "b.json", "b.ipynb", "b.toml", "b.txt"])
def test_every_kind_of_text_is_read(public, name):
    texts = {"b.html": page(f"<p>{NAME}</p>"), "b.csv": f'a,b\n1,"{NAME}"\n', "b.toml": f'nome = "{NAME}"', "b.txt": NAME}
    texts["b.json"] = json.dumps({"a": NAME.replace("a", "à")})
    texts["b.ipynb"] = json.dumps({"cells": [{"source": NAME.replace("a", "à")}]})
    found = public.check(name, texts[name].encode())
    assert [text.partition(": riga ")[0] for text in found] == [name]
    assert found[0].endswith(FIRM)


def test_escapes_of_json_are_undone(public):
    text = json.dumps({"nome": "Bràmbilla & Figli", "cartella": "D:\\vertenze\\vol.csv", "rete": "\\\\server\\vertenze"})
    assert "\\u00e0" in text
    assert public.check("a.json", text.encode()) == [f"a.json: riga 1: {FIRM}", f"a.json: riga 1: {PATH}"]


def test_a_name_over_two_lines_or_two_labels_is_found(public):
    assert public.check("a.html", page("<text>Brambilla &amp;</text>\n<text>Figli</text>").encode()) == [f"a.html: su più righe: {FIRM}"]


@pytest.mark.parametrize("said", [TAX, FIRM])
def test_a_hit_in_a_workbook_is_told_by_sheet_and_cell(public, said):
    value = PERSON if said == TAX else NAME
    assert public.check("a.xlsx", book(A1="titolo", B3=f"x {value}")) == [f"a.xlsx: foglio «Elenco», cella B3: {said}"]


def test_a_number_of_a_workbook_is_read_too(public):
    assert public.check("a.xlsx", book(B2=int(REQUEST))) == [f"a.xlsx: foglio «Elenco», cella B2: {NUMBER}"]


def test_the_title_of_a_sheet_is_read_and_not_repeated(public):
    made = openpyxl.load_workbook(io.BytesIO(book(A1=NAME)))
    made.active.title = "Officine Brembane srl"
    out = io.BytesIO()
    made.save(out)
    assert public.check("a.xlsx", out.getvalue())[0] == f"a.xlsx: foglio 1, cella A1: {FIRM}"
    assert "Brembane" not in "".join(public.check("a.xlsx", out.getvalue()))


def test_the_properties_of_a_workbook_are_read(public):
    made = openpyxl.Workbook()
    made.properties.creator = NAME
    out = io.BytesIO()
    made.save(out)
    assert public.check("a.xlsx", out.getvalue()) == [f"a.xlsx: nella parte docProps/core.xml {FIRM}"]


@pytest.mark.parametrize("gate_", ["public", "internal"])
def test_formulas_and_live_parts_of_a_workbook_are_told(request, gate_):
    door = request.getfixturevalue(gate_)
    assert door.check("a.xlsx", book(C4="=1+1")) == [
        "a.xlsx: foglio «Elenco», cella C4: c'è una formula che un foglio di calcolo eseguirebbe"
    ]
    live = archive(**{"xl/_rels/x.rels": b'<R Target="a" TargetMode="External"/>', "xl/vbaProject.bin": b"x"})
    words = "c'è un collegamento esterno o una parte attiva"
    assert door.check("a.xlsx", live) == [f"a.xlsx: nella parte {part} {words}" for part in ("xl/_rels/x.rels", "xl/vbaProject.bin")]


@pytest.mark.parametrize("cell", ["=1+1", "+39", "-x", "@SUM(A1)", "\t=1", "a;=1+1", "-1+cmd|' /C calc'!A0"])
def test_a_formula_in_a_csv_is_told_by_row_and_column(internal, cell):
    out = io.StringIO()
    csv.writer(out).writerows([["a", "b"], ["1", cell]])
    said = ["a.csv: riga 2, colonna 2: c'è una formula che un foglio di calcolo eseguirebbe"] if cell != "+39" else []
    assert internal.check("a.csv", out.getvalue().encode()) == said


@pytest.mark.parametrize("cell", ["-5", "-3,5%", "+1.234", "-", "1e-5", "-1.5e-5", "n.c.", "x=1", "a - b", "'=1"])
def test_numbers_and_marks_of_a_csv_are_no_formulas(internal, cell):
    assert internal.check("a.csv", f'a\n"{cell}"\n'.encode()) == []


def test_scripts_handlers_and_requests_of_a_page_are_told(inputs):
    for profilo in ("interno", "pubblico"):
        door = Gate(profilo)
        assert door.check("a.html", page().encode()) == ["a.html: c'è uno script che non è di questo programma"]
        bad = page('\n<p onclick="x()"><img src="https://altro.example/x.png"><script>altro()</script>')
        said = " ".join(door.check("a.html", bad.encode()))
        assert [words for words in ("attributo onclick", "<img src>", "uno script non è fra") if f"riga 6: {words}" not in said] == []
        assert "altro.example" not in said


def cell(**data: object) -> dict:
    return {"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": data}]}


def test_a_public_notebook_shows_what_its_page_shows(public, internal):
    good = cell(**{MIME: {"tipo": "testo"}, "text/plain": "[testo]", "text/html": "<div><p>x</p></div>"})
    printed = {"cell_type": "code", "source": "", "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}
    attached = {"cell_type": "markdown", "source": "x", "attachments": {"a.png": {}}}
    cells = [good, cell(**{"text/plain": "shape: (3, 2)"}), printed, attached, cell(**{MIME: {}, "image/png": "AA"}), good]
    words = "c'è un risultato che la pagina non mostra"
    data = json.dumps({"cells": cells}).encode()
    assert public.check("a.ipynb", data) == [f"a.ipynb: cella {number}: {words}" for number in (2, 3, 4, 5)]
    assert internal.check("a.ipynb", data) == []


def test_a_preview_that_runs_or_asks_is_told(internal):
    bad = cell(**{MIME: {}, "text/html": '<script>x()</script><img src="https://altro.example/x">'})
    found = internal.check("a.ipynb", json.dumps({"cells": [bad]}).encode())
    assert [text.startswith("a.ipynb: cella 1: ") for text in found] == [True, True]


def test_archives_are_read_one_in_the_other(public):
    inner = archive(**{"dentro.csv": f"a\n{NAME}\n".encode()})
    assert public.check("a.zip", archive(**{"b.zip": inner})) == [f"a.zip: b.zip: dentro.csv: riga 2: {FIRM}"]
    deep = inner
    for _ in range(4):
        deep = archive(**{"b.zip": deep})
    assert public.check("a.zip", deep)[0].endswith("è un archivio troppo grande, o dentro troppi altri, e non si può controllare")


def test_an_archive_made_to_exhaust_the_machine_is_not_opened(public, monkeypatch):
    monkeypatch.setattr(gate, "_MOST", 10)
    assert ["troppo grande" in text for text in public.check("a.zip", archive(a=b"x" * 11))] == [True]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"\xff\xfeA\x00"), ("a.csv", b"a\x00b"), ("a.xlsx", b"x"), ("a.zip", b"PK\x03\x04"), ("a.png", b"x")]
)
def test_what_cannot_be_read_does_not_pass(public, name, data):
    assert len(public.check(name, data)) == 1


def test_names_of_files_and_parts_are_read_and_not_repeated(public):
    assert public.check("Officine Brembane/a.txt", b"") == [f"(nome non riportato): {FIRM} nel nome"]
    assert public.check("a.zip", archive(**{"Officine Brembane.txt": b""})) == [f"a.zip: (nome non riportato): {FIRM} nel nome"]


def test_values_never_come_back_in_the_words(public):
    text = "\n".join(value for _, value in [*ALWAYS, *PUBLIC]) + f'\n<a href="#Brambilla Figli">{NAME}</a>'
    said = " ".join(public.check("a.txt", text.encode()) + public.check("a.xlsx", book(A1=text)))
    assert [value for _, value in [*ALWAYS, *PUBLIC] if value in said] == []


# What the inputs say


def test_the_reserved_columns_of_every_input_are_known(inputs):
    found = Known.of(inputs, "pubblico")
    assert (found.lavoratori.own, found.companies, found.files) == ({WORKER}, {COMPANY}, 4)
    phrases = {kind: {phrase for some in found.phrases[kind].values() for phrase in some} for kind in found.phrases}
    assert phrases["casi"] == {"cigs 2025 000123", "cigs 2025 000123 02", "6200017"}
    assert phrases["testi"] == {plain_words(NOTE)}
    assert {"brambilla figli", "brambilla figli spa", "brambilla figli s p a", "officine brembane"} <= phrases["imprese"]


def test_workers_of_parquet_files_are_sought_in_their_column(tmp_path):
    paths = [tmp_path / f"{name}.parquet" for name in ("uno", "due", "senza")]
    pl.DataFrame({"id_lavoratore": ["a" * 32, None], "provincia": ["BG", "MI"]}).write_parquet(paths[0])
    pl.DataFrame({"id_lavoratore": [f" {WORKER.upper()} "]}).write_parquet(paths[1])
    pl.DataFrame({"altro": [WORKER]}).write_parquet(paths[2])
    found = Known.of([(trace.FILE, str(path), "x") for path in paths], "interno")
    assert (found.lavoratori.own, found.files) == (frozenset(), 2)
    gate = Gate("interno", found)
    for word in (WORKER, "a" * 32, WORKER):
        assert gate.check("a.txt", f"riga\n{word}".encode()) == ["a.txt: riga 2: c'è lo pseudonimo di un lavoratore"]
    assert gate.check("b.txt", f"{'b' * 32} {'a' * 31}".encode()) == []
    assert found.lavoratori.absent == {"b" * 32}


def test_rejected_rows_are_known_too(tmp_path):
    vol = ROWS["vol_procedure"]
    path = write_rows(tmp_path / "vol.csv", list(vol), [vol | {"lavoratori_coinvolti": "molti", "ragione_sociale": "Rifiutata Spa"}, vol])
    found = Known.of([(trace.FILE, str(path), "x")], "pubblico").phrases["imprese"]
    assert {"rifiutata", "brambilla"} <= {word for phrases in found.values() for phrase in phrases for word in phrase.split()}


def test_tables_of_reference_and_other_files_hold_nothing(tmp_path):
    (tmp_path / "appunti.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    files = [root() / "data" / "riferimento" / "comuni_esempio.csv", tmp_path / "appunti.csv", tmp_path / "manca.csv"]
    assert Known.of([(trace.FILE, str(path), "x") for path in files], "pubblico") == Known(phrases={"imprese": {}, "casi": {}, "testi": {}})


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("Rossi Meccanica S.p.A.", {"rossi meccanica spa", "rossi meccanica s p a"}),  # the example of the dictionary: only with its form
        ("Lecco Srl", {"lecco srl", "lecco s r l"}),
        ("Zanardelli SpA", {"zanardelli", "zanardelli spa", "zanardelli s p a"}),
        ("Zanardelli", {"zanardelli"}),
        ("Zanardelli s.r.l. unipersonale", {"zanardelli", "zanardelli srl", "zanardelli s r l", "zanardelli s r l unipersonale"}),
        ("Lecco", set()),
        ("AB", set()),
    ],
)
def test_a_company_is_sought_in_every_spelling_that_no_common_word_has(name, sought):
    assert set(spellings(name)) == sought


def test_ten_thousand_names_cost_as_much_as_one(inputs):
    """The candidates of a text are those whose rarest word is in it, however many the names."""
    phrases = {f"ditta numero{n} {n % 7} srl" for n in range(10_000)}
    many = Known(phrases={"imprese": known._by_rarest(phrases)})
    text = Text("La ditta numero77 0 srl e la ditta numero78")
    assert many.candidates("imprese", text.words) == ["ditta numero77 0 srl"]


# At publication


@pytest.fixture
def public_desk(desk):
    """The small workspace with extracts, and a notebook that reads them and shows what `data/mostra.txt` says."""
    write_inputs(desk / "data" / "estratti")
    (desk / "data" / "mostra.txt").write_text("nulla", encoding="utf-8")
    parameters = 'provincia: str = ""  # provincia\nfonte: str = "data/estratti"  # cartella\nprofilo: str = "interno"  # chi legge'
    code = "from analisi.tables.reading import leggi\nrighe = [leggi(path).dati for path in sorted(Path(fonte).glob('*.csv'))]"
    shown = "blocks.text([Path('data/mostra.txt').read_text(encoding='utf-8')])"
    header = HEADER.replace(", {anno}", "")
    write_notebook(desk / "notebooks" / "prova.ipynb", header, code, shown, parameters=parameters, cifre="annuale")
    write_edition(desk, 'notebook = "prova"\nparametri = { provincia = ["BG", "MI"] }')
    return desk


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_edition_with_a_hit_is_not_published_and_the_earlier_one_stays(public_desk, capsys):
    output = public_desk / "uscita"

    def run(profilo):
        with pytest.raises(SystemExit) as ended:
            main(["edizione", "prova", "--profilo", profilo, "--uscita", str(output)])
        return ended.value.code, capsys.readouterr().err

    assert run("pubblico") == (0, "")
    assert verify(output) == []
    assert compared(output) == "7 dei 7 file letti"
    before = files_of(output)
    (public_desk / "data" / "mostra.txt").write_text(f"La procedura della {NAME}", encoding="utf-8")
    status, said = run("pubblico")
    assert status == 1
    assert "profilo pubblico: il cancello di pubblicazione è chiuso, nulla è stato pubblicato" in said
    assert "prova-BG/prova-BG.html: riga " in said
    assert FIRM in said
    assert "Brambilla" not in said
    assert files_of(output) == before
    assert run("pubblico")[0] == 1  # reports done and kept aside do not slip through
    (public_desk / "data" / "mostra.txt").write_text("nulla di strano", encoding="utf-8")
    assert run("pubblico")[0] == 0


def test_an_internal_edition_names_companies_but_no_worker(public_desk):
    (public_desk / "data" / "mostra.txt").write_text(f"{NAME}, {CASE}", encoding="utf-8")
    result = run_edition(read_edition("prova"), public_desk / "uscita", processes=1)
    assert result.published
    assert verify(result.folder) == []
    (public_desk / "data" / "mostra.txt").write_text(f"{NAME}, {WORKER}", encoding="utf-8")
    with pytest.raises(Closed, match=PSEUDONYM):
        run_edition(read_edition("prova"), public_desk / "uscita", processes=1)
    assert not Workshop(public_desk / "uscita").new.joinpath("x").exists()


def test_verification_seeks_what_the_inputs_say_while_they_are_as_they_were(public_desk):
    (public_desk / "data" / "mostra.txt").write_text(f"{NAME}", encoding="utf-8")
    folder = run_edition(read_edition("prova"), public_desk / "uscita", processes=1).folder
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"profilo": "interno"', '"profilo": "pubblico"'), encoding="utf-8")
    assert any(text.endswith(FIRM) for text in verify(folder))
    (public_desk / "data" / "estratti" / "vol_procedure.csv").unlink()
    (public_desk / "data" / "estratti" / "monitoraggio_pal.csv").unlink()
    assert compared(folder) == "5 dei 7 file letti"
    assert not any(text.endswith(FIRM) for text in verify(folder))


def test_a_single_report_with_a_hit_leaves_the_earlier_one(public_desk):
    def run():
        return analisi("esegui", "prova", "--profilo", "pubblico", "--uscita", "solo", cwd=public_desk)

    assert run().returncode == 0
    before = files_of(public_desk / "solo")
    (public_desk / "data" / "mostra.txt").write_text(f"chiamare il 335 1234567, procedura {CASE}", encoding="utf-8")
    done = run()
    assert (done.returncode, PHONE in done.stderr, NUMBER in done.stderr, CASE in done.stderr) == (1, True, True, False)
    assert files_of(public_desk / "solo") == before


def test_folders_of_this_machine_do_not_reach_the_notebook(public_desk, tmp_path):
    source = tmp_path / "altrove"
    write_inputs(source)
    done = analisi("esegui", "prova", "--fonte", source, "--uscita", "solo", cwd=public_desk)
    assert done.returncode == 0, done.stderr
    text = (public_desk / "solo" / "prova.ipynb").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert 'fonte = \\"altrove\\"' in text


def test_an_edition_in_place_is_held_to_its_profile(tmp_path):
    folder = write(tmp_path / "e", whole() | {})
    assert verify(folder) == []
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content["edizione"] |= {"profilo": "pubblico", "nota": "scrivere a chi@azienda.example"}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    assert verify(folder) == [f"manifest.json: riga 1: {MAIL}"]


def test_real_reports_have_no_hits(report, region_report, pal_report, sample, whole_public_edition):
    public = sorted(path.parent for path in whole_public_edition.glob("*/*.html"))
    assert len(public) > 5
    read = [(trace.FILE, str(path), "x") for path in sorted(sample.rglob("*.*")) if path.is_file()]
    for folder in (report, region_report, pal_report, *public):
        require_open(folder, "interno", read)
    require_open(report, "pubblico", [])
    for folder in public:
        require_open(folder, "pubblico", read)
    with pytest.raises(Closed, match=NUMBER):
        require_open(pal_report, "pubblico", read)

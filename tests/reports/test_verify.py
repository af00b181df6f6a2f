"""Every finding of the check of an edition has its failing case; a good edition has none."""

import json
from pathlib import Path

import openpyxl
import pytest
from stdnum.it.codicefiscale import calc_check_digit

from analisi.cli import main
from analisi.reports.pagecheck import Page
from analisi.reports.verify import is_inside, summary, verify
from tests.reports.edizioni import HASH, POLICY, SCRIPT, manifest, page, province, report, seal, take, whole, write

CODE = "RSSMRA85T10A562S"  # made up, with its right check character
WRONG = "RSSMRA85T10A562X"
NO_DAY = "RSSMRA85T40A562" + calc_check_digit("RSSMRA85T40A562")


@pytest.fixture
def edition(tmp_path) -> Path:
    return write(tmp_path / "edizione", whole())


def content(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def with_file(folder: Path, name: str, data: bytes | str) -> Path:
    """The edition with one more file, declared in the manifest."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    changed = content(folder)
    changed["file"] = [entry for entry in changed["file"] if entry["file"] != name] + [{"file": name, "byte": 0, "sha256": ""}]
    return seal(folder, changed)


def test_a_good_edition_has_no_findings(edition):
    assert verify(edition) == []


def test_published_reports_have_no_findings(report, region_report, tmp_path):
    folder = tmp_path / "vera"
    entries = {nome: take(folder, nome, made) for nome, made in {"annuale": report, "isolana": region_report}.items()}
    reports = [
        {
            "nome": nome,
            "notebook": "annuale",
            "esito": "riuscito",
            "pagina": f"{nome}/annuale.html",
            "sintetici": nome == "isolana",
            "file": files,
        }
        for nome, files in entries.items()
    ]
    assert verify(write(folder, manifest(reports))) == []


def test_the_summary_counts_files_pages_and_bytes(edition):
    size = sum(path.stat().st_size for path in edition.rglob("*") if path.is_file() and path.name != "manifest.json")
    assert summary(edition) == f"13 file (12 pagine), {size / 1e6:.1f} MB".replace(".", ",")


@pytest.mark.parametrize(
    ("spoil", "status", "said"),
    [(False, 0, "tutto in ordine. Controllati 13 file (12 pagine)"), (True, 1, "- confronto.csv: il file manca")],
)
def test_the_command_tells_the_findings_and_its_status(edition, capsys, spoil, status, said):
    if spoil:
        (edition / "confronto.csv").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["verifica", str(edition)])
    assert ended.value.code == status
    assert said in capsys.readouterr().out


def test_the_command_refuses_a_folder_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verifica", str(tmp_path / "manca")])
    assert ended.value.code == 2
    assert "cartella inesistente" in capsys.readouterr().err


# The manifest


def test_a_missing_manifest_is_told(tmp_path):
    assert "manifest.json: manca" in verify(tmp_path)[0]


@pytest.mark.parametrize("text", ["{", "\xff", "[" * 100_000], ids=["broken", "not utf-8", "deep"])
def test_an_unreadable_manifest_is_told(edition, text):
    (edition / "manifest.json").write_text(text, encoding="latin-1")
    assert "non si può leggere" in verify(edition)[0]


@pytest.mark.parametrize("text", ['{"schema": 2}', "{}", "[]", "null"])
def test_an_unknown_schema_is_told(edition, text):
    (edition / "manifest.json").write_text(text, encoding="utf-8")
    assert "schema sconosciuto" in verify(edition)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"edizione": None}, "descrizione dell'edizione"),
        ({"rapporti": {}}, "elenco dei rapporti"),
        ({"rapporti": ["x"]}, "rapporto 1 non ha"),
        ({"rapporti": [report("a", esito="boh")]}, "esito sconosciuto"),
        ({"file": None}, "elenco di file"),
        ({"file": [{"file": "a"}]}, "voce di un file"),
        ({"file": [{"file": name, "byte": 0, "sha256": ""} for name in ("a.csv", "A.csv")]}, "due volte"),
    ],
)
def test_a_malformed_manifest_is_told(edition, change, said):
    (edition / "manifest.json").write_text(json.dumps(content(edition) | change), encoding="utf-8")
    result = verify(edition)
    assert len(result) == 1
    assert said in result[0]


# The files


def test_a_missing_file_is_told(edition):
    (edition / "confronto.csv").unlink()
    assert verify(edition)[0] == "confronto.csv: il file manca"


@pytest.mark.parametrize("change", [lambda data: data + b"\n", lambda data: data.replace(b"BG", b"CO", 1)], ids=["size", "content"])
def test_an_altered_file_is_told(edition, change):
    path = edition / "confronto.csv"
    path.write_bytes(change(path.read_bytes()))
    assert verify(edition) == ["confronto.csv: il file non è quello registrato (dimensione o impronta diverse)"]


def test_a_file_outside_the_manifest_is_told(edition):
    (edition / "annuale" / "appunti.txt").write_text("x", encoding="utf-8")
    assert verify(edition) == [
        "annuale/appunti.txt: il file non è elencato in manifest.json: toglierlo dalla cartella, oppure rifare l'edizione"
    ]


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "annuale/._annuale.html"])
def test_leftovers_of_the_system_are_passed_over(edition, name):
    (edition / name).write_bytes(b"\x00")
    assert verify(edition) == []


def test_other_hidden_files_are_told(edition):
    (edition / ".segreto").write_text("x", encoding="utf-8")
    assert len(verify(edition)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "../fuori.txt",
        "/etc/hostname",
        "a/../../fuori.txt",
        "a\\..\\fuori.txt",
        "C:/fuori.txt",
        "./a.txt",
        "",
        "a//b.txt",
        "nul\x00.txt",
        "\ud800.txt",
    ],
)
def test_a_path_outside_the_folder_is_told_and_not_read(edition, name):
    (edition.parent / "fuori.txt").write_text(CODE, encoding="utf-8")
    changed = content(edition)
    changed["file"].append({"file": name, "byte": 0, "sha256": ""})
    (edition / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
    assert not is_inside(name)
    assert ["il percorso non è ammesso" in text for text in verify(edition)] == [True]


def test_a_link_to_another_place_is_told(edition):
    (edition.parent / "fuori.csv").write_text("a\n", encoding="utf-8")
    (edition / "confronto.csv").unlink()
    (edition / "confronto.csv").symlink_to(edition.parent / "fuori.csv")
    assert "confronto.csv: il percorso non è ammesso" in verify(edition)[0]


@pytest.mark.parametrize("name", ["logo.png", "macro.xlsm", "a.zip"])
def test_a_file_of_another_kind_is_told(edition, name):
    assert ["di questo tipo non è previsto" in text for text in verify(with_file(edition, name, b"x"))] == [True]


@pytest.mark.parametrize(("name", "said"), [("a.csv", "non è un testo UTF-8"), ("a.xlsx", "non è una cartella di lavoro leggibile")])
def test_a_file_that_cannot_be_checked_is_told(edition, name, said):
    assert [said in text for text in verify(with_file(edition, name, b"\xff\xfeA\x00"))] == [True]


# The reports


def test_a_ready_report_without_its_page_is_told(edition):
    changed = content(edition)
    changed["rapporti"][0]["pagina"] = "annuale/altra.html"
    assert ["ma la sua pagina non è fra i file" in text for text in verify(seal(edition, changed))] == [True]


def test_an_edition_without_front_page_is_told(edition):
    changed = content(edition)
    changed["file"] = [entry for entry in changed["file"] if entry["file"] != "index.html"]
    (edition / "index.html").unlink()
    assert verify(seal(edition, changed)) == ["index.html: la pagina iniziale non è elencata"]


@pytest.mark.parametrize("synthetic", [True, False])
def test_page_and_manifest_agree_on_synthetic_data(tmp_path, synthetic):
    folder = write(tmp_path / "e", manifest([province("BG", "1", sintetici=synthetic), province("BS", "1")]))
    changed = content(folder)
    changed["rapporti"][0]["sintetici"] = not synthetic
    assert ["non concordano sull'essere sintetici" in text for text in verify(seal(folder, changed))] == [True]


def test_a_dead_link_is_told_and_a_live_one_is_not(edition):
    links = ["../confronto.csv", "annuale.html?x=1#y", "../manifest.json", "%61nnuale.html", "#qui", "mailto:a@regione.example"]
    good = page('<p id="qui"></p>' + "".join(f'<a href="{link}">x</a>' for link in links))
    assert verify(with_page(edition, good)) == []
    bad = ["manca.csv", "../../confronto.csv", "../edizione/confronto.csv", "dati/", "java\tscript:alert(1)"]
    result = verify(with_page(edition, page("".join(f'<a href="{link}">x</a>' for link in bad))))
    assert ["non porta a un file dell'edizione" in text for text in result] == [True] * 5


def with_page(folder: Path, text: str) -> Path:
    (folder / "annuale" / "annuale.html").write_text(text, encoding="utf-8")
    return seal(folder, content(folder))


# The pages


def test_a_small_page_has_no_faults():
    assert Page(page()).faults == []


REQUESTS = [
    '<img src="http://altro.example/x.png">', '<img src="//altro.example/x.png">', '<img src="foto.png">', '<img srcset="https://a.example/x 2x">',
    '<IMG SRC=HTTP://A.EXAMPLE>', '<link rel="stylesheet" href="stile.css">', '<video poster="https://a.example/x"></video>', '<audio src="a.mp3"></audio>',
    '<form action="https://a.example"></form>', '<button formaction="/x">x</button>', '<a href="#a" id="a" ping="https://a.example">x</a>', '<td background="x.png">',
    '<svg><image href="https://a.example/x"/></svg>', '<svg><use xlink:href="file.svg#a"/></svg>', '<input type="image" src="x">', "<script src='x.js'></script>", "<script src='data:text/javascript,x()'></script>",
    '<p style="background:url(https://a.example)">', "<p style='background:URL( \"x.png\" )'>", '<rect fill="url(https://a.example#x)"/>',
    "<style>@import 'x.css';</style>", "<style>a{b:url(//a.example)}</style>", "<style>a{b:image-set('x' 1x)}</style>",
]  # fmt: skip
FORBIDDEN = [
    "<iframe></iframe>", '<object data="data:,"></object>', "<embed>", '<base href="#">', '<meta http-equiv="refresh" content="0;url=x">', "<!-- nota -->",
    '<p onclick="x()">', '<svg onload=x>', "<script>altro()</script>", "<style>a{}<meta></style>", '<a href="https://a.example">x</a>', '<a href="//a.example">x</a>',
    '<a href="/etc/passwd">x</a>', '<a href="javascript:x()">x</a>', '<a href="">x</a>', '<a href="#manca">x</a>', "<style>a{}", '<iframe srcdoc="x"></iframe>',
]  # fmt: skip


@pytest.mark.parametrize("body", REQUESTS + FORBIDDEN)
def test_a_page_that_asks_or_runs_anything_is_told(body):
    assert Page(page(body)).faults != []


@pytest.mark.parametrize(
    "body",
    [
        '<img src="data:image/png;base64,AA">',
        '<svg><use href="#a"/><g id="a" fill="url(#b)"/></svg>',
        "<style>a{b:url('#c')}</style>",
        f"<script>{SCRIPT}</script>",
    ],
)
def test_a_page_may_use_what_it_carries(body):
    assert Page(page(body)).faults == []


def test_a_page_without_policy_is_told():
    faults = Page(page(policy=None)).faults
    assert any("politica di sicurezza manca" in text for text in faults)
    assert any("uno script non è fra quelli" in text for text in faults)


def test_a_policy_that_comes_late_is_told():
    late = page(policy=None).replace("</head>", f'</head><p><meta http-equiv="Content-Security-Policy" content="{POLICY}">')
    assert any("non precede" in text for text in Page(late).faults)


@pytest.mark.parametrize(
    "policy",
    [
        POLICY.replace("default-src 'none'; ", ""),
        POLICY.replace("default-src 'none'", "default-src *"),
        POLICY.replace("img-src data:", "img-src data: https:"),
        POLICY.replace(f"'{HASH}'", f"'{HASH}' 'unsafe-inline'"),
        POLICY + "; connect-src 'self'",
        "default-src *; " + POLICY,
    ],
)
def test_a_loose_policy_is_told(policy):
    assert any("ammette più di quanto deve" in text for text in Page(page(policy=policy)).faults)


def test_a_fault_names_the_page_and_the_line(edition):
    assert verify(with_page(edition, page("\n\n<p onclick='x()'>"))) == [
        "annuale/annuale.html: riga 7: attributo onclick: codice fuori dallo script della pagina"
    ]


# Tax codes


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ipynb", "a.txt"])
def test_a_tax_code_is_found_by_line_and_never_repeated(edition, name):
    result = verify(with_file(edition, name, f"x\nchi;{CODE.lower()}_2;x\n"))
    assert result == [f"{name}: riga 2: c'è un codice fiscale"]


def test_a_tax_code_in_a_page_is_found(edition):
    assert verify(with_page(edition, page(f"<p>{CODE}</p>"))) == ["annuale/annuale.html: riga 5: c'è un codice fiscale"]


def test_a_tax_code_in_the_manifest_is_found(edition):
    result = verify(seal(edition, content(edition) | {"nota": CODE}))
    assert result == ["manifest.json: riga 1: c'è un codice fiscale"]


def test_a_tax_code_in_the_name_of_a_file_is_found_and_not_repeated(edition):
    result = verify(with_file(edition, f"{CODE}.csv", "a\n"))
    assert result == ["(non riportato).csv: c'è un codice fiscale nel nome", "manifest.json: riga 1: c'è un codice fiscale"]


def test_a_tax_code_in_a_workbook_is_found_by_sheet_and_cell(edition, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Elenco"
    book.active["B3"] = f"nato {CODE}"
    book.save(tmp_path / "a.xlsx")
    result = verify(with_file(edition, "a.xlsx", (tmp_path / "a.xlsx").read_bytes()))
    assert result == ["a.xlsx: foglio «Elenco», cella B3: c'è un codice fiscale"]


def test_a_tax_code_elsewhere_in_a_workbook_is_found_by_part(edition, tmp_path):
    book = openpyxl.Workbook()
    book.properties.creator = CODE
    book.save(tmp_path / "a.xlsx")
    result = verify(with_file(edition, "a.xlsx", (tmp_path / "a.xlsx").read_bytes()))
    assert result == ["a.xlsx: nella parte docProps/core.xml c'è un codice fiscale"]


@pytest.mark.parametrize("text", [WRONG, f"a{CODE}", f"{CODE}9", "0" * 20 + CODE + "ff", NO_DAY])
def test_what_only_resembles_a_tax_code_is_passed_over(edition, text):
    assert verify(with_file(edition, "a.txt", text)) == []


def test_findings_carry_no_control_characters(edition):
    (edition / "\x1b[31mrosso").write_text("x", encoding="utf-8")
    assert verify(edition)[0].startswith("?[31mrosso: ")

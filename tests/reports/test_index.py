"""The front page of an edition and the comparison: what they say, in which order, and that no text can harm."""

import copy
import csv
import io
import re
from html.parser import HTMLParser

import pytest

from analisi.reports.index import comparison, render_index
from analisi.reports.pagecheck import Page
from tests.reports.edizioni import PROVINCE, absent, manifest, province, report, whole


class Text(HTMLParser):
    """What a page says outside of its style and script, and its tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.tags, self._skip = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._skip = tag in ("style", "script")
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


def shown(*reports: dict, **edition) -> Text:
    return Text(render_index(manifest(list(reports), **edition)))


def rows(content: dict) -> list[list[str]]:
    return list(csv.reader(io.StringIO(comparison(content).decode("utf-8"))))


def test_the_page_passes_the_check_of_pages():
    assert Page(render_index(whole())).faults == []


def test_the_same_manifest_gives_the_same_bytes_and_stays_as_it_was():
    content = whole()
    before = copy.deepcopy(content)
    assert render_index(content) == render_index(whole())
    assert content == before


def test_files_of_the_edition_itself_change_nothing():
    assert render_index(whole() | {"file": [{"file": "index.html", "byte": 1, "sha256": "x"}]}) == render_index(whole())


def test_title_period_owner_profile_and_date_are_said():
    text = Text(render_index(whole())).text
    for said in (
        "Edizione di prova",
        "Anno di prova",
        "Regione di prova",
        "Profilo interno",
        "22 novembre 2026, ore 21:03",
        "analisi 0.1.0",
    ):
        assert said in text


def test_ready_reports_are_counted_with_the_old_ones():
    assert "11 rapporti pronti su 13" in Text(render_index(whole())).text
    assert "1 rapporto pronto su 1" in shown(province("BG", "1")).text


@pytest.mark.parametrize("count, said", [(0, None), (1, "Le cifre di 1 dei 2 rapporti pronti"), (2, "Le cifre di tutti i rapporti")])
def test_synthetic_data_are_told_as_far_as_they_go(count, said):
    reports = [province(sigla, "1", sintetici=position < count) for position, sigla in enumerate(["BG", "BS"])]
    result = shown(*reports, absent("LC", "non riuscito", ""))
    assert ("DATI SINTETICI." in result.text) == (count > 0)
    assert ("meta", {"name": "dati", "content": "sintetici"}) in result.tags or count == 0
    assert said is None or said in result.text
    assert result.text.count("dati sintetici") == count


def test_groups_stand_in_their_order_and_unlisted_ones_last():
    result = shown(report("z", gruppo="Altro"), province("BG", "1"), report("a", gruppo="Regione", titolo="Annuale"))
    titles = re.findall(
        r'<h2 id="[^"]+">(.*?)</h2>', render_index(manifest([report("z", gruppo="Altro"), province("BG"), report("a", gruppo="Regione")]))
    )
    assert titles == ["Regione", "Province", "Altro"]
    assert result.text.index("Annuale") < result.text.index("Bergamo")


def test_reports_that_share_a_title_are_led_by_their_province():
    html = render_index(whole())
    leads = [re.sub("<.*?>", "", lead) for lead in re.findall(r"<h4>(.*?)</h4>", html)]
    assert leads == list(PROVINCE.values())
    assert re.findall(r"<h3>(.*?)(?:<|$)", html.replace('<a href="annuale/annuale.html">', "")) == [
        "Rapporto annuale",
        "Attivazione delle politiche attive ",
    ]
    assert 'class="quando">Trimestre di prova</span>' in html


def test_reports_of_one_province_are_led_by_their_subtitle():
    pair = [province("BG", "1", nome=f"bg{n}", sottotitolo=f"Trimestre {n} · Bergamo") for n in (1, 2)]
    assert re.findall(r"<h4><a[^>]*>(.*?)</a>", render_index(manifest(pair))) == [
        "Trimestre 1 · Bergamo",
        "Trimestre 2 · Bergamo",
    ]


def test_only_files_of_the_manifest_are_linked():
    entry = report("a", file=[{"file": name} for name in ("a/a.html", "a/a.xlsx", "a/dati/uno.csv", "a/dati/due.csv", "a/a.ipynb")])
    assert shown(entry).links() == [
        "#contenuto",
        "#g2-province",
        "a/a.html",
        "a/a.xlsx",
        "a/dati/uno.csv",
        "a/dati/due.csv",
        "manifest.json",
    ]
    assert "b/b.html" not in shown(report("b", file=[])).links()


def test_missing_reports_of_one_reason_are_told_together():
    result = shown(*(absent(sigla, "non riuscito", "manca il foglio") for sigla in ("LC", "LO", "SO")), province("BG", "1"))
    assert "Attivazione delle politiche attive – Lecco, Lodi e Sondrio: non riusciti. Manca il foglio." in result.text


def test_failed_missing_and_old_reports_are_told_in_the_box_and_on_the_card():
    text = Text(render_index(whole())).text
    assert "Che cosa manca Attivazione delle politiche attive – Lecco: non riuscito. Il foglio del Nucleo non è ancora arrivato." in text
    assert "Sondrio: non ancora preparato. La lavorazione è stata fermata prima." in text
    assert "Che cosa è da aggiornare Attivazione delle politiche attive – Mantova. Viene da una lavorazione precedente" in text
    assert "Lecco non riuscito Il foglio del Nucleo non è ancora arrivato." in text


@pytest.mark.parametrize(
    "motivo",
    [
        "Traceback (most recent call last):\n  File x",
        "errore nella cella 4: ValueError: no",
        "non si apre /home/mario/dati/estratto.csv",
        r"non si apre C:\Utenti\mario\dati.xlsx",
        "df.filter(pl.col('x'))",
    ],
)
def test_a_reason_that_is_for_technicians_is_not_shown_to_managers(motivo):
    text = shown(absent("LC", "non riuscito", motivo), province("BG")).text
    assert "La lavorazione si è interrotta: il motivo è noto a chi prepara l'edizione." in text
    assert motivo.splitlines()[0] not in text


@pytest.mark.parametrize("motivo", ["Mancano i dati del 31/12, e/o i fogli dei Nuclei", "Il tavolo: sede A/B"])
def test_a_reason_in_plain_words_is_shown(motivo):
    assert motivo + "." in shown(absent("LC", "non riuscito", motivo), province("BG")).text


def test_a_file_in_a_reason_is_told_by_its_name():
    text = shown(absent("LC", "non riuscito", "«data/ingresso/LC/fogli.xlsx», data\\a.csv: foglio vuoto"), province("BG")).text
    assert "Lecco: non riuscito. «fogli.xlsx», a.csv: foglio vuoto." in text


def test_a_tax_code_in_a_reason_is_not_repeated():
    assert "RSSMRA" not in render_index(manifest([absent("LC", "non riuscito", "riga di RSSMRA85T10A562S errata")]))


HOSTILE = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "' onclick='x", "{{ 7*7 }}", "</style><b>"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_manifest_becomes_code(text):
    card = {"etichetta": text, "valore": text, "nota": text}
    names = {"titolo": text, "sottotitolo": text, "gruppo": text, "luogo": text, "notebook": text, "cifre": [card]}
    reports = [report(text, provincia=sigla, **names, file=[{"file": f"{text}/a.html"}], pagina=f"{text}/a.html") for sigla in ("BG", text)]
    content = manifest([*reports, report("m", **names | {"esito": "non riuscito", "motivo": text})], **dict.fromkeys(("titolo", "periodo", "profilo", "ente"), text))  # fmt: skip
    found = Page(render_index(content | {"versioni": {"analisi": text}, "creata": text, "codice": text}))
    assert found.faults == []
    plain = Text(render_index(content))
    assert [tag for tag, _ in plain.tags if tag in ("img", "b")] == []
    assert plain.tags.count(("script", {})) == 1


@pytest.mark.parametrize(
    "name",
    ["javascript:alert(1)//a.html", "//altro.example/a.html", "/etc/a.html", "../a.html", "a/../../a.html", "http://altro.example/a.html"],
)
def test_no_name_of_a_file_becomes_an_address_outside(name):
    links = shown(report("a", pagina=name, file=[{"file": name}, {"file": name.replace("html", "csv")}])).links()
    assert [link for link in links if re.match(r"[a-z]+:|/|\.\.", link)] == []


def test_odd_names_are_percent_encoded():
    assert "Monza%20%26%20%C3%A8%20%23%3F%25/p.html" not in shown(report("a", pagina="a?/p.html", file=[{"file": "a?/p.html"}])).links()
    name = "Monza & è #%/p.html"
    assert "Monza%20%26%20%C3%A8%20%23%25/p.html" in shown(report("a", pagina=name, file=[{"file": name}])).links()


def test_a_table_has_all_the_declared_provinces_and_the_union_of_the_cards():
    html = render_index(whole())
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.S)[1]
    assert [re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<th scope=\"row\">(.*?)</th>", body)] == [
        name + (" (da aggiornare)" if name == "Mantova" else "") for name in PROVINCE.values()
    ]
    assert body.count("non disponibile") == 4
    assert '<td class="n" data-v="1201.0">1.201</td>' in body
    assert '<td class="n">n.c.</td>' in body
    assert html.count("<caption") == 1


def test_a_column_of_words_is_not_sorted_as_numbers():
    html = render_index(manifest([province("BG", "alto"), province("BS", "3")]))
    assert "<td>alto</td>" in html
    assert "<td>3</td>" in html


def test_provinces_that_repeat_are_compared_by_their_other_parameters():
    twice = [
        province(s, "1", nome=f"{s}{t}", parametri={"provincia": s, "trimestre": t}, sottotitolo=f"Trimestre {t}")
        for t in ("A", "B")
        for s in ("BG", "BS")
    ]
    captions = re.findall(r"<caption[^>]*><span>(.*?)</span>", render_index(manifest(twice)))
    assert captions == ["Attivazione delle politiche attive. Trimestre A", "Attivazione delle politiche attive. Trimestre B"]


def test_one_province_is_no_comparison():
    content = manifest([province("BG", "1"), report("annuale", notebook="annuale")])
    assert comparison(content) is None
    assert "a confronto" not in Text(render_index(content)).text


def test_the_comparison_file_has_one_row_per_province_report():
    head, *body = rows(whole())
    assert head == ["rapporto", "notebook", "titolo", "provincia", "luogo", "esito", "sintetici", "Lavoratori", "Quota"]
    assert len(body) == 12
    assert body[0] == [
        "attivazione_pal-BG",
        "attivazione_pal",
        "Attivazione delle politiche attive",
        "BG",
        "Bergamo",
        "riuscito",
        "no",
        "1.201",
        "10,5%",
    ]
    assert body[4][5:] == ["non riuscito", "no", "non disponibile", "non disponibile"]


def test_the_comparison_file_carries_no_formula():
    content = manifest([province("BG", "=1+1", "+95,9%"), province("BS", "@x", "−3")])
    assert [row[7:] for row in rows(content)[1:]] == [["'=1+1", "+95,9%"], ["'@x", "−3"]]

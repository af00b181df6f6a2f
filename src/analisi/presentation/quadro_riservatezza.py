"""The page on what the public profile hides: how much, why, and what an attacker is left with. For who decides, not for who reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from analisi.disclosure.protezione import Protezione, attacked
from analisi.disclosure.regole import SOPPRESSIONE, Regole, read_rules
from analisi.disclosure.soppressione import least
from analisi.errors import AnalisiError, listing
from analisi.indicators.fonti import read_fonte
from analisi.presentation import theme
from analisi.presentation.blocks import Block, Col, cards, figure, header, table, tags, text
from analisi.presentation.datasets import DataFile
from analisi.presentation.formats import many, number
from analisi.presentation.marks import as_is, described, names_axis, quantitative, rows_of
from analisi.presentation.riservatezza import asked_by, decided, plan_of
from analisi.vocabulary import TOTALE, Territorio, load_territorio, procedura_labels, procedure
from analisi.workspace import resolve, shown

SHOWN, PROTECTED, HIDDEN, NOTHING = "mostrata", "protetta dalla regola", "nascosta per proteggerne altre", "zero"
COLOURS = {SHOWN: "#B9D7F5", PROTECTED: theme.VIOLET, HIDDEN: theme.GREY, NOTHING: "#F1F2F4"}
MEASURES = {"lavoratori": "Lavoratori", "unita_produttive": "Unità produttive"}
MOST = 24  # intervals in the picture
CELLE = DataFile(
    "Celle pubblicate e che cosa se ne può ricavare", "cella", {
        "tavola": ("Tavola", "testo", "nome della tavola nelle regole"),
        "misura": ("Misura", "testo", "che cosa conta"),
        "voce": ("Cella", "testo", "territorio, procedura, anno..."),
        "valore": ("Valore", "intero", "valore vero"),
        "stato": ("Stato", "testo", "mostrata, protetta dalla regola, nascosta per proteggerne altre, zero"),
        "motivo": ("Motivo", "testo", "perché la regola la protegge; vuoto se non la protegge"),
        "da": ("Da", "intero", "il minimo che chi attacca può pensare"),
        "a": ("A", "intero", "il massimo; vuoto se senza limite"),
        "da_solo_primarie": ("Da, nascoste le sole protette", "intero", "il minimo, se si nascondessero le sole celle protette dalla regola"),
        "a_solo_primarie": ("A, nascoste le sole protette", "intero", "il massimo, nello stesso caso"),
    }, cases=True,
)  # fmt: skip
RIEPILOGO = DataFile(
    "Celle protette e nascoste, e che cosa si perde", "tavola, misura", {
        "tavola": ("Tavola", "testo", "nome della tavola nelle regole"),
        "misura": ("Misura", "testo", "che cosa conta"),
        "celle": ("Celle", "intero", "celle pubblicate, totali compresi"),
        "protette": ("Protette", "intero", "celle che la regola protegge"),
        "nascoste": ("Nascoste", "intero", "celle non mostrate: le protette e quelle che le farebbero ricavare"),
        "totali_nascosti": ("Totali nascosti", "intero", "fra le nascoste, quelle che sono totali"),
        "quota_celle": ("Celle interne nascoste %", "quota", "delle celle che non sono totali, 0-100"),
        "quota_valore": ("Valore nascosto %", "quota", "parte del valore delle celle interne, 0-100"),
        "ampiezza_minima": ("Intervallo più stretto", "intero", "il più stretto fra quelli delle celle protette; vuoto se nessuno ha un limite"),
        "esposte": ("Esposte", "intero", "celle protette il cui intervallo è più stretto di quanto la regola chiede"),
        "esposte_solo_primarie": ("Esposte, nascoste le sole protette", "intero", "quante lo sarebbero se si nascondessero le sole celle protette"),
    },
)  # fmt: skip
DATI: Mapping[str, DataFile] = {"celle": CELLE, "riepilogo": RIEPILOGO}


@dataclass(frozen=True)
class Quadro:
    """What is decided for the figures of one report, cell by cell, and what hiding the protected cells alone would leave."""

    rapporto: str
    territorio: Territorio
    protezione: Protezione
    regole: Regole
    celle: pl.DataFrame
    riepilogo: pl.DataFrame
    fonte: str  # as pages may show it
    sintetica: bool


def quadro(rapporto: str, territorio: str, fonte: str, criterio_anno: str, altri: str = "") -> Quadro:
    """The decision for one report, by its name and the parameters of its notebook; `altri` as "bimestre=AAAA-B6, giorni_scadenza=60".

    Raises:
        AnalisiError: the report has no public profile, or needs a parameter that is not given; as `riservatezza.decided`.
    """
    parametri = {"territorio": territorio, "fonte": fonte, "criterio_anno": criterio_anno} | _others(altri)
    if lost := [name for name in asked_by(rapporto) if name not in parametri]:
        msg = f"riservatezza di «{rapporto}»: indicare {listing(lost)} in --altri_parametri, come nel rapporto («analisi esegui {rapporto} --help»)"
        raise AnalisiError(msg)
    where, protezione = load_territorio(territorio), decided(plan_of([(rapporto, parametri)]))
    cells = protezione.celle.join(_only_primary(protezione), on="cella", how="left", maintain_order="left")
    hidden, named = pl.col("mostrato").is_null(), pl.col("motivo").is_not_null()
    state = pl.when(named).then(pl.lit(PROTECTED)).when(hidden).then(pl.lit(HIDDEN)).when(pl.col("valore") == 0).then(pl.lit(NOTHING))
    cells = cells.with_columns(
        voce=pl.Series([_place(name, where) for name in cells["cella"]]), stato=state.otherwise(pl.lit(SHOWN)),
        **{name: pl.when(pl.col(name).is_finite()).then(name).cast(pl.Int64) for name in ("da", "a", "da_solo_primarie", "a_solo_primarie")},
    )  # fmt: skip
    alone = cells.group_by("tavola", "misura").agg(pl.col("esposta_solo_primarie").sum().cast(pl.Int64).alias("esposte_solo_primarie"))
    finite = pl.when(pl.col("ampiezza_minima").is_finite()).then("ampiezza_minima")
    summary = protezione.summary.join(alone, on=["tavola", "misura"], how="left", maintain_order="left")
    return Quadro(
        rapporto,
        where,
        protezione,
        read_rules(),
        cells,
        summary.with_columns(finite.alias("ampiezza_minima")),
        shown(resolve(fonte)),
        read_fonte(fonte, territorio, criterio_anno).sintetica,
    )


def _others(text: str) -> dict[str, Any]:
    """Parameters written as name=value.

    >>> _others("bimestre=AAAA-B6, giorni_scadenza=60")
    {'bimestre': 'AAAA-B6', 'giorni_scadenza': 60}
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return {name.strip(): int(value) if value.strip().isdigit() else value.strip() for name, _, value in pairs}


def _only_primary(protezione: Protezione) -> pl.DataFrame:
    """cella, da_solo_primarie, a_solo_primarie, esposta_solo_primarie: what would be found if only what the rule names were hidden."""
    celle, named, value = protezione.celle, pl.col("motivo").is_not_null(), pl.col("valore")
    views = celle.select(
        "cella",
        inf=pl.when(named).then(pl.Series(least(celle))).otherwise(value),
        sup=pl.when(named).then(float("inf")).otherwise(value),
    )
    found = attacked(protezione.sistema, views, SOPPRESSIONE)
    return found.select("cella", pl.col("da", "a", "esposta").name.suffix("_solo_primarie"))


def _place(name: str, where: Territorio) -> str:
    """A cell as people read it.

    >>> _place("casi_gestiti.lavoratori trimestre=T4 provincia=SO", load_territorio("lombardia"))
    'Sondrio, tutte le procedure, T4'
    """
    told = dict(part.split("=", 1) for part in name.split(" ")[1:] if "=" in part)
    first = where.nomi.get(told.pop("provincia", where.totale), where.nome)
    procedura = procedura_labels().get(told.pop("procedura", TOTALE), "") if "casi_gestiti" in name else ""
    named = "tutte le procedure" if procedura == procedura_labels()[TOTALE] else procedura
    return ", ".join(filter(None, [first, named, *(value for _, value in sorted(told.items()))]))


def page_header(q: Quadro, data_edizione: str = "") -> Block:
    """What stands under the title."""
    return header(
        subtitle=f"Cifre di «{q.rapporto}» · {q.territorio.nome}",
        owner=q.territorio.ente,
        tags=tags("interno", data_edizione),
        synthetic=q.sintetica,
    )


def key_figures(q: Quadro) -> Block:
    """Cards: cells, protected, hidden, and what could be computed back now and with the protected cells alone hidden."""
    total = q.riepilogo.select(pl.sum("celle", "protette", "nascoste", "esposte", "esposte_solo_primarie")).row(0, named=True)
    return cards([
        ("Celle pubblicate", number(total["celle"]), "totali compresi"),
        ("Protette dalla regola", number(total["protette"]), "poggiano su pochi, o su un'impresa sola"),
        ("Nascoste", number(total["nascoste"]), "le protette e quelle che le farebbero ricavare"),
        ("Che si possono ricavare", number(total["esposte"]), f"sarebbero {number(total['esposte_solo_primarie'])} nascondendo le sole protette"),
    ])  # fmt: skip


def in_brief(q: Quadro) -> Block:
    """What is lost and what is kept, measure by measure."""
    said = []
    for row in q.riepilogo.iter_rows(named=True):
        narrow = (
            "nessuna ha un massimo" if row["ampiezza_minima"] is None else f"l'intervallo più stretto è di {number(row['ampiezza_minima'])}"
        )
        said.append(
            f"{_measure(row)}: di {many(row['celle'], 'cella', 'celle')} se ne nascondono **{number(row['nascoste'])}**, "
            f"{number(row['totali_nascosti'])} delle quali totali; va persa una parte del valore delle celle interne pari al "
            f"**{number(row['quota_valore'] * 100, 'pct')}**. Delle {number(row['protette'])} protette, {narrow}."
        )
    state = "" if q.regole.stato == "confermato" else " Le soglie sono da confermare."
    said.append(f"Regole in vigore dal {q.regole.dal:%d/%m/%Y}, in data/riferimento/riservatezza.toml.{state}")
    return text(said, as_list=True)


def _measure(row: dict[str, Any]) -> str:
    return f"{MEASURES.get(row['misura'], row['misura'])} ({row['tavola']})"


def summary_table(q: Quadro) -> Block:
    """The summary, one row per table and measure."""
    rows = q.riepilogo.with_columns(voce=pl.Series([_measure(row) for row in q.riepilogo.iter_rows(named=True)]))
    columns = [
        Col("voce", "Misura"),
        *(Col(name, *RIEPILOGO.columns[name][:2]) for name in RIEPILOGO.columns if name not in ("tavola", "misura")),
    ]
    return table(rows, columns, title="Che cosa si nasconde e che cosa si perde", source=q.fonte, data="riepilogo")


@theme.unchecked
def pattern_figure(q: Quadro) -> Block | None:
    """Which cells are hidden, as a grid of provinces by procedure for each year and measure; None for tables of another shape."""
    cells = q.celle.filter(pl.col("cella").str.contains("anno="), pl.col("tavola") == "casi_gestiti")
    if cells.is_empty():
        return None
    labels = procedura_labels()
    columns = [*(code for code in labels if code != TOTALE), TOTALE]
    found = {row["cella"]: row for row in cells.iter_rows(named=True)}
    years = sorted({name.split("anno=")[1].split(" ")[0] for name in found})
    panels = [
        (f"{MEASURES[measure]}, {year}", _grid(found, measure, year, columns, q.territorio))
        for measure in sorted(cells["misura"].unique())
        for year in years
    ]
    rows = cells.select("voce", "misura", "stato").with_columns(pl.col("misura").replace(MEASURES))
    counts = dict(cells.group_by("stato").len().iter_rows())
    what = "; ".join(f"{name}: **{number(counts[name])}**" for name in COLOURS if name in counts)
    return figure(
        panels,
        table(rows, [Col("voce", "Cella"), Col("misura", "Misura"), Col("stato", "Stato")], title="Stato delle celle"),
        title=f"Quali celle si nascondono, per {q.territorio.singolare} e procedura",
        subtitle=f"Celle, {what}.",
        alt="Griglie di riquadri: una riga per territorio, una colonna per procedura, la tinta dice se la cella è mostrata o nascosta.",
        source=q.fonte,
        legend=[(colour, name) for name, colour in COLOURS.items()],
        note="Colonne: le procedure, con la lettera delle linee guida; ultima colonna e ultima riga: totali.",
    )


def _grid(found: dict[str, Any], measure: str, year: str, columns: list[str], where: Territorio) -> dict[str, Any]:
    rows = []
    for sigla in [*where.sigle, where.totale]:
        for place, code in enumerate(columns):
            parts = (
                [f"anno={year}"]
                + ([f"procedura={code}"] if code != TOTALE else [])
                + ([f"provincia={sigla}"] if sigla != where.totale else [])
            )
            row = found.get(f"casi_gestiti.{measure} {' '.join(parts)}")
            if row is not None:
                label = f"{row['voce']}: {row['stato']}"
                rows.append(
                    {
                        "nome": where.nomi.get(sigla, where.nome),
                        "x": place,
                        "x1": place + 0.92,
                        "colore": COLOURS[row["stato"]],
                        "etichetta": label,
                    }
                )
    names = [where.nomi.get(sigla, where.nome) for sigla in [*where.sigle, where.totale]]
    letters = {p.procedura: p.linee_guida for p in procedure()} | {TOTALE: "Totale"}
    written = ", ".join(f"{place + 0.46!r}: {letters[code]!r}" for place, code in enumerate(columns))
    ticks = [place + 0.46 for place in range(len(columns))]
    axis = alt.Axis(values=ticks, labelExpr=f"({{{written}}})[datum.value]", title=None, orient="top", grid=False, labelAngle=0)
    x = alt.X(field="x", type="quantitative", axis=axis, scale=alt.Scale(domain=[0, len(columns)], nice=False))
    drawn = alt.Chart(rows_of(rows)).mark_bar(size=19, cornerRadius=2)
    drawn = drawn.encode(x=x, x2=alt.X2(field="x1"), y=names_axis(names), color=as_is("colore"), description=described())
    return theme.spec(drawn, len(names), extra=30)


@theme.unchecked
def intervals_figure(q: Quadro) -> Block | None:
    """What an attacker is left with: for the protected cells with the narrowest intervals, from where to where, and the true value."""
    cells = q.celle.filter(pl.col("stato") == PROTECTED, pl.col("a").is_not_null())
    if cells.is_empty():
        return None
    panels = []
    for (measure,), part in cells.group_by("misura", maintain_order=True):
        part = part.with_columns(_larghezza=(pl.col("a") - pl.col("da")) / pl.col("valore")).sort("_larghezza", "cella").head(MOST)
        rows = [
            {"nome": r["voce"], "da": r["da"], "a": r["a"], "valore": r["valore"],
             "etichetta": f"{r['voce']}: vale {number(r['valore'])}, chi attacca sa solo che sta fra {number(r['da'])} e {number(r['a'])}"}
            for r in part.iter_rows(named=True)
        ]  # fmt: skip
        top = max(row["a"] for row in rows)
        x = alt.X(field="da", type="quantitative", axis=alt.Axis(title=MEASURES.get(measure, measure).lower(), tickCount=4, grid=True), scale=alt.Scale(type="symlog", domain=[0, top], nice=False))  # fmt: skip
        y = alt.Y(
            field="nome", type="nominal", sort=[row["nome"] for row in rows], title=None, axis=alt.Axis(labelLimit=200, labelFontSize=11)
        )
        lines = (
            alt.Chart(rows_of(rows))
            .mark_rule(strokeWidth=4, color=theme.BLUE)
            .encode(x=x, x2=alt.X2(field="a"), y=y, description=described())
        )
        dots = alt.Chart(rows_of(rows)).mark_circle(size=60, color=theme.INK, opacity=1, aria=False).encode(x=quantitative("valore"), y=y)
        panels.append((MEASURES.get(measure, measure), theme.spec(alt.layer(lines, dots), len(rows))))
    columns = [Col("voce", "Cella"), Col("misura", "Misura"), Col("valore", "Valore", "intero"), Col("da", "Da", "intero"), Col("a", "A", "intero"), Col("motivo", "Motivo")]  # fmt: skip
    rows = cells.with_columns(pl.col("misura").replace(MEASURES))
    return figure(
        panels,
        table(rows, columns, title="Intervalli delle celle protette", data="celle"),
        title="Che cosa resta incerto a chi legge tutto insieme",
        subtitle="Ogni linea va dal minimo al massimo che chi attacca può pensare di una cella protetta; il punto è il valore vero.",
        alt="Una linea orizzontale per cella protetta, dal minimo al massimo compatibili con tutto ciò che è pubblicato, e un punto nel valore vero.",
        source=q.fonte,
        note=f"Scala compressa. Le {MOST} celle con l'intervallo più stretto, in rapporto al valore; quelle senza massimo non sono disegnate.",
    )


def alone_table(q: Quadro) -> Block:
    """The cells that would be computed back, or nearly, if only the protected ones were hidden."""
    rows = q.celle.filter("esposta_solo_primarie").with_columns(pl.col("misura").replace(MEASURES))
    columns = [Col("voce", "Cella"), Col("misura", "Misura"), Col("valore", "Valore", "intero"), Col("da_solo_primarie", "Da", "intero"), Col("a_solo_primarie", "A", "intero"), Col("da", "Ora da", "intero"), Col("a", "Ora a", "intero")]  # fmt: skip
    return table(rows, columns, title="Celle che si ricaverebbero nascondendo le sole protette", source=q.fonte, data="celle")


def rules_table(q: Quadro) -> Block:
    """The rules applied, table by table."""
    names = q.protezione.celle["tavola"].unique().sort().to_list()
    fields = ("minimo_lavoratori", "minimo_sedi", "minimo_imprese", "quota_massima", "ampiezza_assoluta", "ampiezza_relativa", "metodo")
    frame = pl.DataFrame(
        [{"tavola": name} | {field: str(getattr(q.regole[name], field)).replace(".", ",") for field in fields} for name in names]
    )
    return table(
        frame, [Col("tavola", "Tavola"), *(Col(field, field.replace("_", " ").capitalize()) for field in fields)], title="Regole applicate"
    )

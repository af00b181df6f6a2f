"""The pieces of a report made from the workbench: the same figures, with the choices that were saved in the notebook's parameters."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analisi.explore import views
from analisi.explore.cube import ANNO, MODI, Cubo, Scelte, described, table, values
from analisi.explore.opening import open_cube
from analisi.presentation.blocks import Block, Col, cards, figure, header, tags, text
from analisi.presentation.blocks import table as table_block
from analisi.presentation.datasets import DataFile, data_blocks
from analisi.vocabulary import INTERNO

VALORE = {"valore": ("Valore", "due_decimali", "il valore, detto come indica il parametro modo; vuoto se ignoto o non calcolabile"),
          "stato": ("Stato", "testo", "n.d.: ignoto; n.c.: non calcolabile; vuoto negli altri casi")}  # fmt: skip


@dataclass(frozen=True)
class Esplorazione:
    """A cube and the choices of a report, with its profile."""

    cubo: Cubo
    scelte: Scelte
    profilo: str = INTERNO

    @property
    def what(self) -> str:
        """The cells of the report in words."""
        return described(self.cubo, self.scelte.where())

    @property
    def label(self) -> str:
        """The measure, and how it is told."""
        return f"{self.cubo.misure[self.scelte.misura][0]}, {MODI[self.scelte.modo][0].lower()}"


def codes(text: str) -> tuple[str, ...]:
    """The codes of a parameter: "BG, BS" are two; an empty text is none."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def esplorazione(
    fonte: str, territorio: str = "lombardia", tabella: str = "", criterio_anno: str = "apertura", *, misura: str, modo: str = "assoluto",
    tempo: str = ANNO, periodi: str = "", province: str = "", categorie: str = "", profilo: str = INTERNO,
) -> Esplorazione:  # fmt: skip
    """The source and the choices of a report; lists are written with commas, empty ones keep everything.

    Raises:
        AnalisiError: the source cannot be used, or has not got one of the choices.
    """
    cubo = open_cube(fonte, territorio, tabella, criterio_anno)
    return Esplorazione(cubo, cubo.checked(Scelte(misura, modo, tempo, codes(periodi), codes(province), codes(categorie))), profilo)


def page_header(e: Esplorazione, data_edizione: str = "") -> Block:
    """The page's second line: what is shown and of which source."""
    owner = e.cubo.territorio.ente
    return header(subtitle=f"{e.label} · {e.what}", owner=owner, tags=tags(e.profilo, data_edizione), synthetic=e.cubo.sintetica)


def unreconciled(e: Esplorazione) -> pl.DataFrame:
    """The region whose total is not the sum of its provinces, for measures that add up; no row if all is well."""
    if e.scelte.misura in e.cubo.incidenze:
        return pl.DataFrame()
    count = Scelte(e.scelte.misura, tempo=e.scelte.tempo)
    whole, parts = (values(e.cubo, count, by, e.scelte.where())["valore"].sum() for by in ([], ["provincia"]))
    return pl.DataFrame({"totale": [whole], "somma": [parts]}).filter(pl.col("totale") != pl.col("somma"))


def _frame(e: Esplorazione, dimension: str) -> pl.DataFrame:
    """One row per code of a dimension; over time, all the periods of the source."""
    where = e.scelte.where() | ({"periodo": ()} if dimension == "periodo" else {})
    frame = values(e.cubo, e.scelte, [dimension], where)
    if dimension != "periodo":
        return frame.sort("valore", descending=True, nulls_last=True, maintain_order=True)
    return frame.sort("periodo")


def key_figures(e: Esplorazione) -> Block:
    """Cards: the value of all that is chosen, and the provincia with the highest."""
    row = values(e.cubo, e.scelte, []).row(0, named=True)
    items = [(e.label, views.written(row, e.scelte.modo), e.what)]
    top = _frame(e, "provincia").row(0, named=True)
    if top["valore"] is not None and len(e.scelte.province) != 1:
        words = f"Valore più alto: {e.cubo.territorio.nomi[top['provincia']]}"
        items.append((words, views.written(top, e.scelte.modo), e.label))
    return cards(items)


def cautions(e: Esplorazione) -> Block:
    """What must be known of the figures, as a list."""
    return text(views.cautions(e.cubo, e.scelte) or ["Nessuna avvertenza sui dati."], as_list=True)


def _figure(e: Esplorazione, names: tuple[str, ...], dimension: str, title: str, subtitle: str, data: str) -> Block:
    drawn = [(view["titolo"], view["spec"]) for view in views.charts(e.cubo, e.scelte) if view["nome"] in names]
    heads = {name: label for name, label, _ in views.columns(e.cubo, e.scelte)}
    frame = _frame(e, dimension).with_columns(
        pl.col(dimension).map_elements(lambda code: e.cubo.label(dimension, code), return_dtype=pl.String)
    )
    rows = table_block(
        frame, [Col(dimension, heads[dimension]), Col("valore", e.label, MODI[e.scelte.modo][1], fallback="stato")],
        title=f"{title}: i dati", data=data,
    )  # fmt: skip
    return figure(drawn, rows, title=title, subtitle=subtitle, alt=f"{title}: {e.label}.", source=e.cubo.documento)


def province_figure(e: Esplorazione) -> Block:
    """Bars and tile map: the provinces."""
    return _figure(e, ("province", "mappa"), "provincia", f"{e.label}, per {e.cubo.territorio.singolare}", e.what, "province")


def trend_figure(e: Esplorazione) -> Block:
    """The line over all the periods of the source."""
    return _figure(e, ("andamento",), "periodo", f"{e.label}, nel tempo", "Tutti i periodi della fonte.", "andamento")


def mix_figure(e: Esplorazione) -> Block:
    """Bars: the procedures, or the contracts."""
    return _figure(e, ("composizione",), "categoria", f"{e.label}, per {e.cubo.dimensione.lower()}", e.what, "composizione")


def scatter_figure(e: Esplorazione) -> Block:
    """The two measures of the source, provincia by provincia."""
    drawn = [(view["titolo"], view["spec"]) for view in views.charts(e.cubo, e.scelte) if view["nome"] == "dispersione"]
    frame = _pairs(e).with_columns(pl.col("provincia").replace_strict(e.cubo.territorio.nomi))
    columns = [
        Col("provincia", e.cubo.territorio.singolare.capitalize()),
        *(Col(name, e.cubo.misure[name][0], "intero") for name in e.cubo.coppia),
    ]
    title = drawn[0][0]
    rows = table_block(frame, columns, title=f"{title}: i dati", data="coppia")
    return figure(drawn, rows, title=title, subtitle=f"Ogni punto è un territorio. {e.what}", alt=f"{title}.", source=e.cubo.documento)


def _pairs(e: Esplorazione) -> pl.DataFrame:
    first, second = (
        values(e.cubo, Scelte(name, tempo=e.scelte.tempo), ["provincia"], e.scelte.where()).select(
            "provincia", pl.col("valore").alias(name)
        )
        for name in e.cubo.coppia
    )
    return first.join(second, on="provincia", maintain_order="left")


def cells_table(e: Esplorazione) -> Block:
    """The cells behind the figures, for people."""
    frame = table(e.cubo, e.scelte).with_columns(
        pl.col("provincia").replace_strict(e.cubo.territorio.nomi), pl.col("categoria").replace_strict(dict(e.cubo.categorie))
    )
    heads = [
        Col(name, label, style, fallback="stato" if name == "valore" else "") for name, label, style in views.columns(e.cubo, e.scelte)
    ]
    return table_block(frame, heads, title="Le celle", name="Tavola", source=e.cubo.documento, data="celle")


def datasets(e: Esplorazione) -> list[Block]:
    """The data files of the report, unrounded."""
    heads = {"periodo": ("Periodo", "testo", "anno, trimestre o bimestre"), "provincia": ("Provincia", "codice", "sigla della provincia"),
             "categoria": (e.cubo.dimensione, "codice", f"codice: {e.cubo.dimensione.lower()}")}  # fmt: skip
    counts = {name: (label, "intero", meaning) for name, (label, meaning) in e.cubo.misure.items()}
    one = {name: {name: heads[name]} | VALORE for name in heads}
    files = {
        "totale": DataFile("Il totale di ciò che si è scelto", "la scelta intera", VALORE),
        "province": DataFile("Il valore per provincia", "una provincia", one["provincia"]),
        "andamento": DataFile("Il valore nel tempo", "un periodo", one["periodo"]),
        "composizione": DataFile(f"Il valore per {e.cubo.dimensione.lower()}", "una voce", one["categoria"]),
        "coppia": DataFile(
            "Le due misure per provincia", "una provincia", {"provincia": heads["provincia"]} | {n: counts[n] for n in e.cubo.coppia}
        ),
        "celle": DataFile("Le celle", "un periodo, una provincia e una voce", heads | counts | VALORE),
    }
    frames = {"totale": values(e.cubo, e.scelte, []), "province": _frame(e, "provincia"), "andamento": _frame(e, "periodo"),
              "composizione": _frame(e, "categoria"), "coppia": _pairs(e), "celle": table(e.cubo, e.scelte)}  # fmt: skip
    return data_blocks(files, frames, source=e.cubo.documento, profilo=e.profilo)

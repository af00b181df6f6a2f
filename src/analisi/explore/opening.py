"""From a source to its cube: printed tables, extracts of the register, mandatory communications."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.explore.cube import CELLA, Cubo, grid
from analisi.indicators.fonti import extracts_of, printed_table, read_fonte
from analisi.indicators.procedure import by_year, require_criterio
from analisi.presentation.formats import number
from analisi.sources.motori import parquet_files
from analisi.sources.snapshots import is_archive
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import CASI_GESTITI, SIUL_COB, VOL_PROCEDURE
from analisi.tables.delivery import in_force, merged
from analisi.tables.pubblicati import BESIDE, Fonte
from analisi.tables.reading import leggi
from analisi.tables.schema import Table
from analisi.vocabulary import Territorio, load_territorio, procedura_labels, procedure
from analisi.workspace import reference, resolve, shown

TABELLE = {table.name: table for table in (CASI_GESTITI, VOL_PROCEDURE, SIUL_COB)}
_COUNTS = {"unita_produttive": "Unità produttive", "lavoratori": "Lavoratori"}
_PROCEDURE = (
    "Procedure",
    "procedure distinte; una procedura con unità in più province conta una volta in ciascuna e una sola nella regione",
)
_LIC = pl.col("tipo_procedura") == "LIC"
_DAY = {  # the day that gives the year, by criterion: see `indicators.procedure.CRITERI`
    "apertura": pl.col("data_apertura"),
    "accordo": pl.col("data_accordo"),
    "inizio": pl.when(_LIC).then(pl.col("data_accordo")).otherwise(pl.col("data_inizio")),
}
_MOVES = {"ASSUNZIONE": "assunzioni", "CESSAZIONE": "cessazioni"}
_CONTRACTS = {"A.01": "tempo indeterminato (A.01)", "A.02": "tempo determinato (A.02)"}
_NEEDED = ("id_comunicazione", "tipo_comunicazione", "comune_sede_lavoro", "tipo_contratto", "data_inizio", "data_cessazione")
_SHOWN_COB = ("id_comunicazione", "tipo_comunicazione", "modello", "ateco", "comune_sede_lavoro", "tipo_contratto", "orario", "data_inizio",
              "data_fine_prevista", "data_cessazione", "causa_cessazione", "data_invio", "file")  # fmt: skip


def tables_in(fonte: str) -> list[str]:
    """The tables that the workbench can open in a folder, or in a file, by the names of the files; in an archive, those it has.

    Raises: AnalisiError when the archive had no snapshot on the day.
    """
    place = resolve(fonte)
    if place.is_file():
        return [SIUL_COB.name if place.name.lower().startswith(SIUL_COB.name) else CASI_GESTITI.name]
    found = [CASI_GESTITI.name] * (printed_table(place) is not None)
    return found + [table.name for table in (VOL_PROCEDURE, SIUL_COB) if extracts_of(place, table)]


def open_cube(fonte: str = "data/pubblicati", territorio: str = "lombardia", tabella: str = "", criterio_anno: str = "apertura") -> Cubo:
    """The cube of a table of a source; without `tabella`, of the first there is.

    Raises:
        AnalisiError: no such source or table in it, or a fault in the source, told as `read_fonte` tells it.
    """
    require_criterio(criterio_anno)
    there = tables_in(fonte)
    if tabella and tabella not in TABELLE:
        msg = f"tabella «{tabella}»: sconosciuta; {suggest(tabella, TABELLE)}"
        raise AnalisiError(msg)
    if tabella and there and tabella not in there:
        msg = f"{fonte}: nella fonte non c'è la tabella {tabella}; disponibili: {listing(there)}"
        raise AnalisiError(msg)
    if (tabella or next(iter(there), "")) == SIUL_COB.name:
        return _communications(fonte, load_territorio(territorio))
    read = read_fonte(fonte, territorio, criterio_anno)
    return _register(read, criterio_anno) if read.conteggio else _printed(read)


def _warnings(fonte: Fonte) -> tuple[str, ...]:
    return (*fonte.conteggio, *(f"{anno}: {text}" if anno else text for anno, text in fonte.avvisi))


def _declared(table: Table, names: Mapping[str, str], columns: Mapping[str, str] | None = None) -> dict[str, tuple[str, str]]:
    """Label and meaning of measures, as the table declares them."""
    return {name: (label, table.column((columns or {}).get(name, name)).description) for name, label in names.items()}


def _categories() -> dict[str, str]:
    labels = procedura_labels()
    return {p.procedura: labels[p.procedura] for p in procedure()}


def _printed(fonte: Fonte) -> Cubo:
    """The cube of printed tables: only years, blanks as they are."""
    main = fonte.files[0]
    reading = leggi(main, CASI_GESTITI.name, territorio=str(fonte.territorio.file))
    place = reading.dati.with_columns(reading.righe.alias("riga"), pl.lit(shown(main)).alias("file"))
    cells = fonte.casi.rename({"procedura": "categoria"}).with_columns(pl.lit(None, dtype=pl.Int64).alias("mese"))
    rows = place.with_columns(pl.col("procedura").alias("categoria"), pl.lit(None, dtype=pl.Int64).alias("mese"))
    return Cubo(
        CASI_GESTITI.name, fonte.territorio, cells.select(*CELLA, *_COUNTS), _declared(CASI_GESTITI, _COUNTS), _categories(), "Procedura",
        rows.lazy(), ("file", "riga", *CASI_GESTITI.names), tuple(_COUNTS), fonte.document(fonte.principale),
        fonte.documenti, fonte.files, fonte.sintetica, avvisi=_warnings(fonte),
    )  # fmt: skip


def _register(fonte: Fonte, criterio: str) -> Cubo:
    """The cube of extracts of the register: units and workers by month, procedures counted once, zero where there is none."""
    paths = [path for path in fonte.files if path.name not in {f"{table.name}.csv" for table in BESIDE}]
    readings = [leggi(path, VOL_PROCEDURE.name, territorio=str(fonte.territorio.file)) for path in paths]
    vol, t = merged(readings), fonte.territorio
    codes = {letter.strip(): p.procedura for p in procedure() for letter in p.linee_guida.split(",")}
    month = _DAY[criterio].dt.month().cast(pl.Int64) if criterio in _DAY else pl.lit(None, dtype=pl.Int64)
    units = by_year(in_force(vol), criterio).filter(pl.col("sigla_provincia").is_in(t.sigle))
    units = units.with_columns(
        month.alias("mese"),
        pl.col("sigla_provincia").alias("provincia"),
        pl.col("tipologia_linee_guida").replace_strict(codes, return_dtype=pl.String).alias("categoria"),
        pl.lit(listing(shown(path) for path in paths)).alias("file"),
        pl.when(pl.col("codice_fiscale_azienda").str.len_chars() == 11)
        .then(pl.lit("********") + pl.col("codice_fiscale_azienda").str.tail(3))
        .otherwise(pl.lit("(non riportato)"))
        .alias("codice_fiscale_azienda"),
    ).sort("data_apertura", "id_procedura", "id_unita")
    sums = units.group_by(CELLA).agg(
        pl.len().cast(pl.Int64).alias("unita_produttive"), pl.col("lavoratori_coinvolti").sum().alias("lavoratori")
    )
    day = max((day for reading in readings if (day := reading.dati["data_estrazione"].max())), default=None)
    cells = grid(fonte.anni, t, list(_categories()), day if criterio in _DAY else None)
    if criterio not in _DAY:
        cells = cells.with_columns(pl.lit(None, dtype=pl.Int64).alias("mese")).unique(maintain_order=True)
    cells = pl.concat([cells, sums.select(CELLA)]).unique(maintain_order=True)
    cells = cells.join(sums, on=CELLA, how="left", nulls_equal=True, maintain_order="left").with_columns(pl.col(*_COUNTS).fill_null(0))
    measures = _declared(VOL_PROCEDURE, _COUNTS, {"unita_produttive": "id_unita", "lavoratori": "lavoratori_coinvolti"})
    return Cubo(
        VOL_PROCEDURE.name, t, cells, measures | {"procedure": _PROCEDURE}, _categories(), "Procedura", units.lazy(),
        ("file", *(name for name in VOL_PROCEDURE.names if name in units.columns)), tuple(_COUNTS), fonte.document(fonte.principale),
        fonte.documenti, fonte.files, fonte.sintetica, {"procedure": units.select(*CELLA, chiave="id_procedura")}, _warnings(fonte),
        ripete=criterio not in _DAY,
    )  # fmt: skip


def _scan(path: Path) -> pl.LazyFrame:
    """The communications of a file as texts, not yet read. Raises: AnalisiError when a column is missing or the file is of another kind."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".txt", ".tsv", ".parquet"):
        msg = f"{shown(path)}: le comunicazioni si leggono da CSV o Parquet; salvare il file in una di queste forme"
        raise AnalisiError(msg)
    try:
        if kind == ".parquet":
            rows = pl.scan_parquet(path)
            rows = rows.with_columns(pl.selectors.date().dt.to_string("%Y-%m-%d"))
        else:
            with path.open(encoding="utf-8", errors="replace") as file:
                heading = file.readline()
            rows = pl.scan_csv(path, separator=max(";,\t", key=heading.count), infer_schema=False, encoding="utf8-lossy")
        names = rows.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{shown(path)}: il file non si può leggere; verificarlo con «analisi controlla»"
        raise AnalisiError(msg) from error
    for name in _NEEDED:
        if name not in names:
            msg = f"{shown(path)}: manca la colonna «{name}» della tabella {SIUL_COB.name}; {suggest(name, names)}"
            raise AnalisiError(msg)
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in SIUL_COB.names if name not in names]
    return rows.with_columns(*absent, pl.lit(shown(path)).alias("file")).select(
        *(pl.col(n).cast(pl.String) for n in SIUL_COB.names), "file"
    )


def _lists_of_comuni() -> list[Path]:
    return sorted(reference().glob("comuni*.csv"))


def _comuni(territorio: Territorio) -> pl.DataFrame:
    """The provincia of each comune of the territory, by cadastral code, from data/riferimento/comuni*.csv."""
    frames = [read_csv_text(path).select("comune_catastale", "sigla") for path in _lists_of_comuni()]
    known = pl.concat(frames).unique("comune_catastale", maintain_order=True).filter(pl.col("sigla").is_in(territorio.sigle))
    return known.rename({"comune_catastale": "comune_sede_lavoro", "sigla": "provincia"})


def _communications(fonte: str, territorio: Territorio) -> Cubo:
    """The cube of mandatory communications: hirings and terminations by month, provincia of the workplace and contract.

    Rows are read lazily and aggregated once. Annulled and superseded ones do not count; those without a date, or of a comune that
    data/riferimento/comuni*.csv does not know, are told.
    """
    place = resolve(fonte)
    paths = parquet_files(place, SIUL_COB.name) if is_archive(place) else [place] if place.is_file() else extracts_of(place, SIUL_COB)
    rows = pl.concat([_scan(path) for path in paths])
    superseded = rows.filter(pl.col("rettifica_di").is_not_null(), pl.col("rettifica_di") != "").select(id_comunicazione="rettifica_di")
    written = pl.when(pl.col("tipo_comunicazione") == "CESSAZIONE").then("data_cessazione").otherwise("data_inizio")
    day = pl.coalesce(written.str.to_date("%d/%m/%Y", strict=False), written.str.to_date("%Y-%m-%d", strict=False))
    moves = rows.filter(pl.col("tipo_comunicazione").is_in(list(_MOVES)), pl.col("annullata").fill_null("N") != "S")
    moves = moves.join(superseded, on="id_comunicazione", how="anti").with_columns(day.alias("_giorno"))
    moves = moves.with_columns(
        pl.col("_giorno").dt.year().cast(pl.Int64).alias("anno"),
        pl.col("_giorno").dt.month().cast(pl.Int64).alias("mese"),
        pl.col("tipo_contratto").str.head(4).fill_null("non indicato").alias("categoria"),
    )
    comuni = _comuni(territorio)
    keys = ["anno", "mese", "comune_sede_lavoro", "categoria", "tipo_comunicazione", "natura"]
    try:
        counted = moves.group_by(keys).agg(pl.len().cast(pl.Int64).alias("quante")).collect()
    except pl.exceptions.PolarsError as error:
        msg = f"{listing(shown(path) for path in paths)}: il file è irregolare; verificarlo con «analisi controlla»"
        raise AnalisiError(msg) from error
    placed = counted.join(comuni, on="comune_sede_lavoro", how="left")
    undated = placed.filter(pl.col("anno").is_null())["quante"].sum()
    outside = placed.filter(pl.col("anno").is_not_null() & pl.col("provincia").is_null())["quante"].sum()
    placed = placed.drop_nulls(["anno", "provincia"])
    if placed.is_empty():
        msg = f"{fonte}: nessuna assunzione o cessazione con una data e un comune del territorio {territorio.nome}"
        raise AnalisiError(msg)
    kinds = {code: _CONTRACTS.get(code, code) for code in placed["categoria"].unique().sort()}
    sums = placed.group_by(CELLA).agg(
        pl.col("quante").filter(pl.col("tipo_comunicazione") == code).sum().alias(name) for code, name in _MOVES.items()
    )
    last = placed.select((pl.col("anno") * 12 + pl.col("mese") - 1).max()).item()
    cells = grid(placed["anno"].unique().sort().to_list(), territorio, list(kinds), date(last // 12, last % 12 + 1, 1))
    cells = cells.join(sums, on=CELLA, how="left", maintain_order="left").with_columns(pl.col(*_MOVES.values()).fill_null(0))
    words, document = SIUL_COB.column("tipo_comunicazione").description, f"estratto {SIUL_COB.name}"
    said = ["Lettura rapida, senza la convalida di «analisi controlla»: le comunicazioni annullate o rettificate non contano."]
    for lost, why in ((undated, "senza data"), (outside, "di comuni che data/riferimento/comuni*.csv non assegna al territorio")):
        said += [f"{'Esclusa 1 comunicazione' if lost == 1 else f'Escluse {number(lost)} comunicazioni'} {why}."] * (lost > 0)
    return Cubo(
        SIUL_COB.name, territorio, cells, {name: (name.capitalize(), f"{words}: {code.lower()}") for code, name in _MOVES.items()}, kinds,
        "Contratto", moves.drop_nulls("anno").join(comuni.lazy(), on="comune_sede_lavoro"), _SHOWN_COB, tuple(_MOVES.values()),
        document, pl.DataFrame({"file": [path.name for path in paths], "titolo": document}), (*paths, *_lists_of_comuni()),
        "sintetici" in placed["natura"].to_list(), avvisi=tuple(said),
    )  # fmt: skip

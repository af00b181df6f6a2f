"""The quarterly monitoring of the Nuclei gathered from a folder: what came, what counts of it, what is missing, what is odd."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.indicators.periodi import last_day
from analisi.tables.catalogo import (
    CIGS_LAVORATORI,
    MONITORAGGIO_PAL,
    MONITORAGGIO_PAL_LAVORATORI,
    PASSI_CONTO,
    REGISTRO_TAVOLI,
    VOL_PROCEDURE,
)
from analisi.tables.delivery import files_of, in_force, is_source, read_delivery
from analisi.tables.reading import Lettura
from analisi.tables.schema import Table
from analisi.tables.writing import counted
from analisi.trace import remembered
from analisi.vocabulary import Territorio, load_territorio
from analisi.workspace import resolve

STEPS = dict(zip(PASSI_CONTO, ("step1", "step2", "step3", "step4", "no_pal"), strict=True))
USED = (VOL_PROCEDURE, MONITORAGGIO_PAL, MONITORAGGIO_PAL_LAVORATORI, CIGS_LAVORATORI, REGISTRO_TAVOLI)
QUARTER = re.compile(MONITORAGGIO_PAL.column("trimestre").pattern)


@dataclass(frozen=True)
class Monitoraggio:
    """What a folder says of the PAL, ready for the indicators.

    `stock`: one row per trimestre, procedura and unità, with exclusive counts. `copertura`: one row per trimestre and provincia, what was
    expected and what came. `rilievi`: (trimestre or "", provincia or "", sentence), the findings on the quality of the data.
    """

    territorio: Territorio
    stock: pl.DataFrame
    conteggi: pl.DataFrame
    passi: pl.DataFrame
    lavoratori: pl.DataFrame
    vol: pl.DataFrame
    tavoli: pl.DataFrame
    copertura: pl.DataFrame
    rilievi: tuple[tuple[str, str, str], ...]
    files: tuple[Path, ...]
    sintetica: bool

    @property
    def trimestri(self) -> list[str]:
        return self.stock["trimestre"].unique().sort().to_list()

    def require(self, trimestre: str) -> str:
        """The quarter asked, or the last there is when empty. Raises: AnalisiError when no sheet is of that quarter."""
        if trimestre and trimestre not in self.trimestri:
            msg = f"trimestre «{trimestre}»: nessun foglio accettato; {suggest(trimestre, self.trimestri)}"
            raise AnalisiError(msg)
        return trimestre or self.trimestri[-1]


@remembered
def read_monitoraggio(fonte: str, territorio: str = "lombardia") -> Monitoraggio:
    """The monitoring of a folder with vol_procedure and the sheets of the Nuclei (and, if there, lists and steps of workers, tavoli).

    Sheets that cannot be used, rejected rows, corrections and gaps become findings; the others go on.

    Raises:
        AnalisiError: no such folder; no vol_procedure, or rows of it are rejected; no accepted sheet.
    """
    folder, where = resolve(fonte), load_territorio(territorio)
    if not is_source(folder):
        msg = f"fonte «{fonte}»: serve una cartella con gli estratti e i fogli dei Nuclei"
        raise AnalisiError(msg)
    return gathered(fonte, where, *read_delivery(files_of(folder), territorio=str(where.file)))


def gathered(fonte: str, where: Territorio, readings: list[Lettura], refused: list[str]) -> Monitoraggio:
    """The monitoring of files already read. Raises: AnalisiError as `read_monitoraggio`."""
    by_table = {table: [reading for reading in readings if reading.tabella is table] for table in USED}
    sheets = by_table[MONITORAGGIO_PAL]
    for table, found in ((VOL_PROCEDURE, by_table[VOL_PROCEDURE]), (MONITORAGGIO_PAL, sheets)):
        if not found:
            msg = f"{fonte}: nella cartella non c'è alcun file della tabella {table.name}"
            raise AnalisiError("\n".join([msg, *refused]))
    for reading in by_table[VOL_PROCEDURE]:
        reading.raise_if_rejected()
    vol = in_force(_rows(by_table[VOL_PROCEDURE], VOL_PROCEDURE))
    conteggi, findings = _last_submissions(sheets)
    if conteggi.is_empty():
        msg = f"{fonte}: nessuna riga accettata nei fogli dei Nuclei"
        raise AnalisiError("\n".join([msg, *(line for reading in sheets for line in reading.messages(limit=3))]))
    findings = [*(("", "", f"file non utilizzabile: {text}") for text in refused), *_of_sheets(sheets), *findings]
    stock, outside = _expected_only(_stock(conteggi, vol), vol)
    copertura = _coverage(stock, conteggi, vol, where)
    passi = _rows(by_table[MONITORAGGIO_PAL_LAVORATORI], MONITORAGGIO_PAL_LAVORATORI)
    others = [reading for table in USED[2:] for reading in by_table[table]]
    findings += [
        *outside,
        *_gaps(copertura, where),
        *_of_steps(by_table[MONITORAGGIO_PAL_LAVORATORI]),
        *(("", "", rejects(reading)) for reading in others if not reading.pulita),
    ]
    findings += [*_absent(by_table), *_disagreements(stock, passi)]
    if stock.is_empty():
        msg = f"{fonte}: nessuna riga dei fogli riguarda CIGS ministeriali aperte nell'anno del suo trimestre"
        raise AnalisiError("\n".join([msg, *(text for _, _, text in findings[:10])]))
    return Monitoraggio(
        where,
        stock,
        conteggi,
        passi,
        _workers(_rows(by_table[CIGS_LAVORATORI], CIGS_LAVORATORI), vol),
        vol,
        _rows(by_table[REGISTRO_TAVOLI], REGISTRO_TAVOLI),
        copertura,
        tuple(sorted(set(findings))),
        tuple(r.foglio.file for r in readings if r.tabella in by_table),
        any(r.provenienza["sintetica"] for r in readings),
    )


def _rows(readings: list[Lettura], table: Table) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=table.schema), *(reading.dati for reading in readings)])


def _last_submissions(sheets: list[Lettura]) -> tuple[pl.DataFrame, list[tuple[str, str, str]]]:
    """The rows that count of each Nucleo and quarter: those of its last submission; and the findings on corrections and versions."""
    parts = [
        _of_its_quarter(reading).with_columns(pl.lit(number).alias("_file"), pl.lit(reading.provenienza["sha256"]).alias("_sha"))
        for number, reading in enumerate(sheets)
    ]
    rows = pl.concat(parts).with_columns(pl.col("progressivo_invio").fill_null(1))
    kept, findings = [], []
    for (quarter, nucleo), part in rows.group_by("trimestre", "nucleo", maintain_order=True):
        sent = part.group_by("_file", "progressivo_invio").agg(pl.col("data_invio").max(), pl.col("_sha").first())
        sent = sent.sort("progressivo_invio", "data_invio", "_file", nulls_last=False)
        last = sent.row(-1, named=True)
        kept.append(part.filter(pl.col("_file") == last["_file"], pl.col("progressivo_invio") == last["progressivo_invio"]))
        rivals = sent.filter(pl.col("progressivo_invio") == last["progressivo_invio"])
        names = listing(sheets[number].foglio.place for number in rivals["_file"])
        if rivals.height > 1 and rivals["_sha"].n_unique() == 1:
            findings.append((quarter, nucleo, f"lo stesso foglio è arrivato {rivals.height} volte: {names}"))
        elif rivals.height > 1:
            used = sheets[last["_file"]].foglio.place
            findings.append(
                (quarter, nucleo, f"due versioni dello stesso invio ({names}): si usa {used}, la più recente per data di invio")
            )
        if sent["progressivo_invio"].n_unique() > 1:
            before = sent.filter(pl.col("progressivo_invio") < last["progressivo_invio"]).row(-1, named=True)
            old = part.filter(pl.col("_file") == before["_file"], pl.col("progressivo_invio") == before["progressivo_invio"])
            findings.append((quarter, nucleo, _corrected(old, kept[-1], last)))
    return pl.concat(kept).drop("_file", "_sha") if kept else rows.drop("_file", "_sha"), findings


def _of_its_quarter(reading: Lettura) -> pl.DataFrame:
    """The rows of a sheet; only those of the quarter that names its folder, if one does."""
    quarter = _folder_quarter(reading)
    return reading.dati.filter(pl.col("trimestre") == quarter) if quarter else reading.dati


def _folder_quarter(reading: Lettura) -> str:
    """The quarter that names the folder of a sheet; empty when its folder has another name."""
    folder = reading.foglio.file.parent.name
    return folder if QUARTER.fullmatch(folder) else ""


def _corrected(old: pl.DataFrame, new: pl.DataFrame, last: dict) -> str:
    changes = []
    for column, label in (("lavoratori_sospesi", "sospesi"), *((c, s.upper().replace("_", " ")) for c, s in STEPS.items())):
        before, after = old[column].sum(), new[column].sum()
        if before != after:
            changes.append(f"{label} da {before} a {after}")
    when = f" del {last['data_invio']:%d/%m/%Y}" if last["data_invio"] else ""
    return f"rettifica n. {last['progressivo_invio']}{when}: {listing(changes) or 'nessun totale cambia'}"


def _of_sheets(sheets: list[Lettura]) -> list[tuple[str, str, str]]:
    """Findings on single sheets: rejected rows, doubts, a quarter that is not the folder's, rows of several Nuclei, no rows."""
    findings = []
    for reading in sheets:
        place, data = reading.foglio.place, reading.dati
        quarter = data["trimestre"].mode().sort()[0] if data.height else ""
        nuclei = data["nucleo"].unique().sort().to_list()
        nucleo = nuclei[0] if len(nuclei) == 1 else ""
        if not reading.pulita:
            findings.append((quarter, nucleo, rejects(reading)))
        if not data.height and reading.pulita:
            findings.append((quarter, nucleo, f"{place}: il foglio è vuoto"))
        folder = _folder_quarter(reading)
        if folder and (odd := sorted(set(data["trimestre"]) - {folder})):
            findings.append((quarter, nucleo, f"{place}: è nella cartella {folder} ma ha righe di {listing(odd)}"))
        if len(nuclei) > 1:
            findings.append((quarter, "", f"{place}: ha righe di più Nuclei, {listing(nuclei)}"))
        findings += [
            (quarter, nucleo, f"{place}: {doubt}") for doubt in reading.dubbi if "non lette" not in doubt and "nessuna riga" not in doubt
        ]
    return findings


def rejects(reading: Lettura) -> str:
    """How many rows were rejected, and the first fault; the fault alone when only a total disagrees."""
    rows, first = reading.conteggio["scartate"], reading.messages(limit=1)[0]
    return f"{counted(rows, 'riga scartata', 'righe scartate')} su {reading.conteggio['righe']}; la prima: {first}" if rows else first


def _absent(by_table: dict[Table, list[Lettura]]) -> list[tuple[str, str, str]]:
    """Findings on the tables that the folder lacks, and what cannot be computed without them."""
    lost = {
        MONITORAGGIO_PAL_LAVORATORI: "tempi di attesa e passi mai raggiunti non sono calcolati",
        CIGS_LAVORATORI: "tempi di attesa e passi mai raggiunti non sono calcolati",
        REGISTRO_TAVOLI: "il flusso non tiene conto dei tavoli",
    }
    return [("", "", f"manca la tabella {table.name}: {words}") for table, words in lost.items() if not by_table[table]]


def _disagreements(stock: pl.DataFrame, passi: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Findings on quarters where the workers activated differ between the counts of the sheets and the rows by worker."""
    if passi.is_empty():
        return []
    sheets = stock.group_by("trimestre").agg(pl.col("step4").sum())
    units = stock.select("trimestre", "id_procedura").unique()
    people = passi.filter(pl.col("step") == "STEP4").join(units, on=["trimestre", "id_procedura"]).group_by("trimestre").len("righe")
    both = sheets.join(people, on="trimestre", how="left").with_columns(pl.col("righe").fill_null(0))
    return [
        (quarter, "", f"STEP 4: {counts} lavoratori nei fogli per procedura, {rows} nelle righe per lavoratore")
        for quarter, counts, rows in both.iter_rows()
        if counts != rows
    ]


def _due(vol: pl.DataFrame, trimestre: str) -> pl.DataFrame:
    """The units whose workers the quarter is about: ministerial CIGS (A) opened in its year, by its end."""
    end = last_day(trimestre)
    return vol.filter(pl.col("tipologia_linee_guida") == "A", pl.col("data_apertura").is_between(date(end.year, 1, 1), end))


def _expected_only(stock: pl.DataFrame, vol: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[str, str, str]]]:
    """The rows about expected units, and the findings on the others: other procedures, earlier years."""
    kept, findings = [stock.clear()], []
    for quarter in stock["trimestre"].unique().sort():
        due = _due(vol, quarter).select("id_procedura", "id_unita")
        rows = stock.filter(pl.col("trimestre") == quarter)
        kept.append(rows.join(due, on=["id_procedura", "id_unita"], how="semi"))
        odd = rows.join(due, on=["id_procedura", "id_unita"], how="anti").group_by("provincia").agg(pl.len(), pl.col("lavoratori").sum())
        for sigla, units, workers in odd.iter_rows():
            text = f"{units} unità di procedure diverse dalle CIGS ministeriali aperte nell'anno ({workers} lavoratori): fuori dai tassi"
            findings.append((quarter, sigla, text))
    return pl.concat(kept), findings


def _of_steps(readings: list[Lettura]) -> list[tuple[str, str, str]]:
    back = sum(reading.avvisi.filter(pl.col("regola") == "passo_indietro").height for reading in readings)
    return [("", "", f"{back} passaggi di lavoratori a un passo precedente: verificare con i Nuclei")] if back else []


def _stock(conteggi: pl.DataFrame, vol: pl.DataFrame) -> pl.DataFrame:
    """One row per trimestre, procedura and unità, with what the register says of it; an agreement over several sites is one cluster."""
    register = vol.select(
        "id_procedura",
        "id_unita",
        pl.col("tipologia_linee_guida").alias("tipologia"),
        "causale",
        pl.col("ateco_codice").str.slice(0, 2).alias("settore"),
        "classe_dimensionale",
        "data_inizio",
    )
    ends = pl.DataFrame({"trimestre": conteggi["trimestre"].unique().sort()})
    ends = ends.with_columns(pl.col("trimestre").map_elements(last_day, return_dtype=pl.Date).alias("fine_trimestre"))
    joined = conteggi.join(register, on=["id_procedura", "id_unita"], how="left").join(ends, on="trimestre")
    counts = [pl.col(name).alias(short) for name, short in STEPS.items()]
    return joined.select(
        "trimestre",
        pl.col("nucleo").alias("provincia"),
        "id_procedura",
        "id_unita",
        pl.col("id_procedura").alias("cluster"),
        "tipologia",
        "causale",
        "settore",
        "classe_dimensionale",
        "data_inizio",
        "fine_trimestre",
        pl.col("lavoratori_sospesi").alias("lavoratori"),
        *counts,
        pl.col("non_ancora_presi").fill_null(0).alias("nessuno"),
        "data_incontro_parti",
        "data_incontro_lavoratori",
    ).sort("trimestre", "provincia", "id_procedura", "id_unita")


def _coverage(stock: pl.DataFrame, conteggi: pl.DataFrame, vol: pl.DataFrame, territorio: Territorio) -> pl.DataFrame:
    """One row per trimestre and provincia: units and workers expected and received, and when the sheet came.

    Expected are the units of ministerial CIGS (A) opened in the year of the quarter, by its end: the base of the source's printed share.
    """
    parts = []
    for quarter in stock["trimestre"].unique().sort():
        end = last_day(quarter)
        due = _due(vol, quarter)
        expected = due.group_by(pl.col("sigla_provincia").alias("provincia")).agg(
            pl.len().cast(pl.Int64).alias("unita_attese"), pl.col("lavoratori_coinvolti").sum().alias("lavoratori_attesi")
        )
        got = stock.filter(pl.col("trimestre") == quarter).join(due.select("id_procedura", "id_unita"), on=["id_procedura", "id_unita"])
        received = got.group_by("provincia").agg(
            pl.len().cast(pl.Int64).alias("unita_ricevute"), pl.col("lavoratori").sum().alias("lavoratori_ricevuti")
        )
        sent = conteggi.filter(pl.col("trimestre") == quarter).group_by(pl.col("nucleo").alias("provincia"))
        sent = sent.agg(pl.col("data_invio").max(), pl.col("progressivo_invio").max())
        rows = (
            pl.DataFrame({"provincia": territorio.sigle})
            .join(expected, on="provincia", how="left")
            .join(received, on="provincia", how="left")
        )
        rows = rows.join(sent, on="provincia", how="left", maintain_order="left").with_columns(
            pl.lit(quarter).alias("trimestre"), (pl.col("data_invio") - pl.lit(end)).dt.total_days().alias("giorni_invio")
        )
        parts.append(rows)
    counts = ("unita_attese", "lavoratori_attesi", "unita_ricevute", "lavoratori_ricevuti")
    found = pl.concat(parts).with_columns(pl.col(counts).fill_null(0))
    state = (
        pl.when(pl.col("unita_attese") == 0)
        .then(pl.lit("nessuna procedura attesa"))
        .when(pl.col("unita_ricevute") == 0)
        .then(pl.lit("mancante"))
        .when(pl.col("unita_ricevute") < pl.col("unita_attese"))
        .then(pl.lit("incompleto"))
        .when(pl.col("progressivo_invio") > 1)
        .then(pl.lit("ricevuto, rettificato"))
        .otherwise(pl.lit("ricevuto"))
    )
    quota = pl.when(pl.col("lavoratori_attesi") > 0).then(pl.col("lavoratori_ricevuti") / pl.col("lavoratori_attesi"))
    return found.select(
        "trimestre", "provincia", state.alias("stato"), *counts, quota.alias("quota"), "data_invio", "giorni_invio", "progressivo_invio"
    )


def _gaps(copertura: pl.DataFrame, territorio: Territorio) -> list[tuple[str, str, str]]:
    """Findings on what did not come."""
    findings = []
    for row in copertura.filter(pl.col("stato").is_in(["mancante", "incompleto"])).iter_rows(named=True):
        name = territorio.nomi[row["provincia"]]
        lost = row["unita_attese"] - row["unita_ricevute"]
        if row["stato"] == "mancante":
            text = f"{name}: nessun foglio accettato; mancano {row['lavoratori_attesi']} lavoratori attesi, che non sono contati come zero"
        else:
            text = f"{name}: {lost} {'unità attesa è' if lost == 1 else 'unità attese sono'} senza riga nel foglio"
        findings.append((row["trimestre"], row["provincia"], text))
    for row in copertura.filter(pl.col("lavoratori_ricevuti") > pl.col("lavoratori_attesi")).iter_rows(named=True):
        more = row["lavoratori_ricevuti"] - row["lavoratori_attesi"]
        findings.append(
            (
                row["trimestre"],
                row["provincia"],
                f"{territorio.nomi[row['provincia']]}: {more} lavoratori più di quelli attesi dal registro",
            )
        )
    return findings


def _workers(lists: pl.DataFrame, vol: pl.DataFrame) -> pl.DataFrame:
    """One row per worker and ministerial procedura, for the waiting times."""
    units = vol.filter(pl.col("tipologia_linee_guida") == "A").select(
        "id_procedura", "id_unita", pl.col("sigla_provincia").alias("provincia"), "data_apertura"
    )
    return lists.join(units, on=["id_procedura", "id_unita"]).select(
        "id_lavoratore",
        "id_procedura",
        "id_unita",
        "provincia",
        pl.col("id_procedura").alias("cluster"),
        "data_inizio_sospensione",
        "data_apertura",
    )


def covered_workers(dati: Monitoraggio, trimestre: str) -> pl.DataFrame:
    """The workers whose steps are known at the end of a trimestre: of the units in its sheets, in provinces that sent rows by worker.

    Who belongs to a Nucleo that sent nothing is unknown, not waiting.
    """
    units = dati.stock.filter(pl.col("trimestre") == trimestre).select("id_procedura", "id_unita")
    people = dati.lavoratori.join(units, on=["id_procedura", "id_unita"], how="semi")
    known = people.join(dati.passi.filter(pl.col("trimestre") == trimestre), on=["id_lavoratore", "id_procedura"], how="semi")
    return people.filter(pl.col("provincia").is_in(known["provincia"].unique().to_list()))

"""Synthetic person-level extracts of any size, as typed Parquet: communications, lists of workers and register, consistent with each other.

Made in pieces of at most `PEZZO` communications, each from its own seed, so that memory does not grow with the size and the same seed
gives the same rows. A piece has its own people, companies and procedures. All is invented, and says so in every row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from analisi.sample.extracts import OBBLIGO, PERSONA, Draws, code, column, span, tax_code
from analisi.sample.files import replaced
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import CIGS_LAVORATORI, SIUL_COB, VOL_PROCEDURE
from analisi.tables.schema import Table
from analisi.vocabulary import load_territorio
from analisi.workspace import reference, root

PEZZO = 1_000_000  # communications
ANNI = 10  # of communications, up to the day of the extraction
IN_CIGS = 50  # communications for each worker in the lists
RETTIFICATE = 25  # one communication in so many is corrected
IMPRESE = 6_000  # tax codes of a piece
CAUSALI = {"A": {"CRISI": 6, "CDS": 4}, "B": {"CDS": 5, "CRISI": 5}, "C": {"CRISI": 1}}
MARCA = ("fonte", "versione_tracciato", "natura")


def write_scale(
    folder: Path, rows: int, *, seed: int = 1, territorio: str = "italia", progress: Callable[[int], None] = lambda _: None
) -> list[Path]:
    """Write `rows` communications (siul_cob/anno=...), the lists (cigs_lavoratori) and the register (vol_procedure) they belong to.

    The folder is replaced if it holds an earlier sample. `progress` is told the communications of each piece when it is written.

    Raises:
        AnalisiError: the folder holds files that are not a sample, or cannot be written.
    """
    place = _place(territorio)
    with replaced(folder) as part:
        for number, start in enumerate(range(0, rows, PEZZO)):
            size = min(PEZZO, rows - start)
            for name, frame in piece(size, number, seed, place).items():
                years = frame.partition_by("anno", as_dict=True, include_key=False) if "anno" in frame.columns else {(): frame}
                for year, own in years.items():
                    target = part.joinpath(name, *(f"anno={value}" for value in year), f"parte-{number + 1:04}.parquet")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    own.write_parquet(target, compression_level=1, row_group_size=250_000)
            progress(size)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _place(territorio: str) -> pl.DataFrame:
    """One row per provincia: sigla, comune of the workplaces (cadastral code), comune_istat, and the weight of the provincia."""
    where = load_territorio(territorio)
    comuni = dict(read_csv_text(reference("comuni_capoluogo.csv")).select("sigla", "comune_catastale").iter_rows())
    rows = [(p.sigla, comuni.get(p.sigla), f"{p.istat or '000'}001", 1 / (1 + n * 37 % 53)) for n, p in enumerate(where.province)]
    return pl.DataFrame(rows, schema=["sigla", "comune", "comune_istat", "peso"], orient="row")


def _last_day() -> date:
    """The day of the extraction: three months after the last printed year."""
    anno = read_csv_text(root() / "data" / "pubblicati" / "casi_gestiti.csv")["anno"].cast(pl.Int64).max()
    return date(anno + 1, 3, 31)


def piece(rows: int, number: int, seed: int, place: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The frames of one piece: exactly so many communications, by their table's name."""
    rng, today = np.random.default_rng([seed, number]), _last_day()
    companies = pl.Series([tax_code(number * IMPRESE + n) for n in range(min(IMPRESE, rows // 100 + 20))])
    people = pl.Series(_pseudonyms(rng, rows // 5 + 20))
    vol = _register(rng, max(rows // IN_CIGS // 25, 1), number, companies, place, today)
    listed = _lists(rng, vol, people, max(rows // IN_CIGS, 1), place, today)
    sizes = listed.group_by("id_unita").agg(pl.len().cast(pl.Int64).alias("lavoratori_coinvolti"))
    vol = vol.join(sizes, on="id_unita", how="left", maintain_order="left").with_columns(pl.col("lavoratori_coinvolti").fill_null(12))
    cob = _communications(rng, rows, number, _jobs(rng, rows, listed, people, companies, place, today))
    frames = {VOL_PROCEDURE: vol, CIGS_LAVORATORI: listed, SIUL_COB: cob}
    return {table.name: _shaped(table, frame, today) for table, frame in frames.items()}


def _pseudonyms(rng: np.random.Generator, size: int) -> list[str]:
    digits = rng.bytes(16 * size).hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def _shaped(table: Table, frame: pl.DataFrame, today: date) -> pl.DataFrame:
    """The columns of the table, those not invented blank; siul_cob has also the year of sending, which names its folder."""
    origin = dict(zip(MARCA, (f"{table.source} (dati sintetici)", "1.0", "sintetici"), strict=True)) | {"data_estrazione": today}
    known = {name: pl.col(name) for name in frame.columns} | {name: pl.lit(value) for name, value in origin.items()}
    year = [pl.col("data_invio").dt.year().alias("anno")] if table is SIUL_COB else []
    return frame.select(*(known.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in table.schema.items()), *year)


def _register(rng: np.random.Generator, units: int, number: int, companies: pl.Series, place: pl.DataFrame, today: date) -> pl.DataFrame:
    """One row per unit: CIGS of one or more units, each of one company, and one collective dismissal every five of them."""
    draws, where = Draws(rng, units), rng.choice(place.height, units, p=place["peso"] / place["peso"].sum())
    alone = rng.random(units) < 0.6
    vol = pl.DataFrame({"pratica": alone.cumsum(), "ultima": np.arange(units)}).with_columns(
        pl.col("ultima").min().over("pratica").alias("prima"), place["sigla"].gather(where).alias("sigla_provincia"),
        place["comune_istat"].gather(where).alias("comune_istat"), draws.pick({"A": 6, "B": 1, "C": 1, "D": 2}).alias("tipo"),
    )  # fmt: skip
    vol = vol.with_columns(giorno=rng.integers(0, 365 * ANNI - 120, units))
    vol = vol.with_columns(pl.col("tipo", "giorno").first().over("pratica"), data_apertura=pl.lit(today - timedelta(days=365 * ANNI)))
    vol = vol.with_columns(pl.col("data_apertura") + pl.duration(days="giorno"), tipologia_linee_guida="tipo")
    lic, year = pl.col("tipologia_linee_guida") == "D", pl.col("data_apertura").dt.year()
    kind = code({"LIC": lic}, "CIGS")
    practice = (pl.col("pratica") + number * PEZZO // 1000).cast(pl.String).str.zfill(7)
    causale = draws.pick_by(vol["tipologia_linee_guida"], CAUSALI | {"D": {"RID_PERSONALE": 1}})
    vol = vol.with_columns(causale=causale).with_columns(
        pl.col("causale").first().over("pratica"),
        id_procedura=pl.concat_str(kind, pl.lit("-"), year.cast(pl.String), pl.lit("-"), practice),
        progressivo_versione=pl.lit(1), tipo_procedura=kind, anno_riferimento=year,
        competenza=code({"MINISTERIALE": pl.col("tipologia_linee_guida") == "A"}, "REGIONALE"),
        obbligo_pal=draws.pick_by(vol["tipologia_linee_guida"], OBBLIGO),
        codice_fiscale_azienda=companies.gather(vol["prima"].to_numpy() % (len(companies) // 2)),
        ragione_sociale=pl.concat_str(pl.lit(f"Azienda sintetica {number:04}-"), pl.col("pratica").cast(pl.String)),
        data_inizio=pl.when(~lic).then(pl.col("data_apertura") + pl.duration(days=30)), esito_fase=pl.lit("ACCORDO"),
        data_accordo=pl.col("data_apertura") + pl.duration(days=20),
        classe_dimensionale=draws.pick({"16-49": 4, "50-99": 3, "100-249": 2, "250+": 1}),
        perc_riduzione_media=pl.when(~lic).then(pl.lit(50.0)),
    )  # fmt: skip
    order = pl.int_range(1, pl.len() + 1).over("pratica").cast(pl.String).str.zfill(2)
    vol = vol.with_columns(
        id_unita=pl.concat_str("id_procedura", pl.lit("-"), order), data_fine=pl.col("data_inizio") + pl.duration(days=360)
    )
    over = pl.coalesce("data_fine", "data_accordo") < today
    return vol.with_columns(stato=code({"CONCLUSA": over}, "IN_CORSO"))


def _lists(rng: np.random.Generator, vol: pl.DataFrame, people: pl.Series, size: int, place: pl.DataFrame, today: date) -> pl.DataFrame:
    """One row per worker of the CIGS units, unevenly shared out among them; the first `size` people, each in one procedure."""
    units = vol.filter(tipo_procedura="CIGS")
    units = units if units.height else vol.head(1)
    weights = rng.lognormal(0, 1.1, units.height)
    rows = units[np.sort(rng.choice(units.height, size, p=weights / weights.sum()))]
    draws = Draws(rng, size)
    home = place["sigla"].gather(rng.integers(0, place.height, size))
    start, recent = pl.coalesce("data_inizio", "data_apertura"), pl.col("data_inizio_sospensione") > today - timedelta(days=60)
    return rows.select(
        "id_procedura", "id_unita", "codice_fiscale_azienda", "sigla_provincia",
        id_lavoratore=people.head(size), genere=draws.pick({"M": 60, "F": 39, "ND": 1}),
        sigla_prov_domicilio=pl.when(draws.chance(0.8)).then("sigla_provincia").otherwise(home),
        data_inizio_sospensione=start, data_fine_prevista=start + pl.duration(days=360), ore_sospensione_pct=pl.lit(50.0),
        stato_rapporto=draws.pick({"SOSPESO": 50, "RIENTRATO": 15, "CESSATO": 32, "PENSIONATO": 3}),
        **{name: draws.pick(weights) for name, weights in PERSONA.items() if name != "part_time_pct"},
    ).with_columns(stato_rapporto=code({"SOSPESO": recent}, pl.col("stato_rapporto")))  # fmt: skip


def _jobs(
    rng: np.random.Generator, rows: int, listed: pl.DataFrame, people: pl.Series, companies: pl.Series, place: pl.DataFrame, today: date
) -> pl.DataFrame:
    """One row per job: of the people of the lists, the one lost (its end only) and, for most, the next; then the jobs of everyone."""
    lost = listed.filter(pl.col("stato_rapporto").is_in(["CESSATO", "PENSIONATO"]))
    gone = (pl.col("data_inizio_sospensione") + Draws(rng, lost.height).days(10, 340)).alias("fine")
    old = lost.select("id_lavoratore", pl.col("codice_fiscale_azienda").alias("cf_datore"), gone, pl.lit("A.01.00").alias("tipo_contratto"))
    old = old.with_columns(data_inizio=pl.col("fine") - Draws(rng, lost.height).days(700, 6000), nuovo=pl.lit(value=False))
    found = listed.select("id_lavoratore", "codice_fiscale_azienda", "data_inizio_sospensione")[
        np.flatnonzero(rng.random(listed.height) < 0.55)
    ]
    wait, back = span(20 + 700 * rng.beta(1, 2.5, found.height)), rng.random(found.height) < 0.06
    size = rows * 11 // 20 + 50  # more than enough for all the communications wanted
    employers, first = companies.gather(rng.integers(0, len(companies), size)), today - timedelta(days=365 * ANNI - 1)
    other = pl.DataFrame({
        "id_lavoratore": people.gather(rng.integers(0, len(people), size)),
        "cf_datore": employers, "data_inizio": pl.Series([first]).gather(np.zeros(size, int)),
    }).with_columns(pl.col("data_inizio") + span(rng.integers(0, 365 * ANNI - 15, size)))  # fmt: skip
    next_ = found.select(
        "id_lavoratore", pl.when(column(back)).then("codice_fiscale_azienda").otherwise(employers.head(found.height)).alias("cf_datore"),
        (pl.col("data_inizio_sospensione") + wait).alias("data_inizio"),
    )  # fmt: skip
    new = pl.concat([next_.filter(pl.col("data_inizio") < today - timedelta(days=10)), other])
    draws, until = Draws(rng, new.height), pl.col("data_inizio") + Draws(rng, new.height).days(20, 900)
    agency = new.height and draws.pick({"UNILAV": 82, "UNISOMM": 15, "UNIURG": 3})
    new = new.with_columns(tipo_contratto=draws.pick({"A.01.00": 35, "A.02.00": 65}), modello=agency, fine=until, nuovo=pl.lit(value=True))
    user = companies.gather(rng.integers(0, len(companies), new.height))
    new = new.with_columns(cf_utilizzatore=pl.when(modello="UNISOMM").then(user))
    jobs = pl.concat([old, new], how="diagonal").with_columns(pl.col("modello").fill_null("UNILAV"))
    draws, comuni = Draws(rng, jobs.height), place["comune"]
    where = rng.choice(place.height, jobs.height, p=place["peso"] / place["peso"].sum())
    planned = pl.col("nuovo") & (pl.col("tipo_contratto") == "A.02.00")
    return jobs.with_columns(
        comune_sede_lavoro=comuni.gather(where), orario=draws.pick({"FT": 6, "PT": 4}), sorte=draws.uniform(0, 1),
        data_fine_prevista=pl.when(planned).then("fine"), fine=pl.when(pl.col("fine") < today - timedelta(days=7)).then("fine"),
    )  # fmt: skip


def _communications(rng: np.random.Generator, rows: int, number: int, jobs: pl.DataFrame) -> pl.DataFrame:
    """Exactly `rows` communications on the jobs, in order of sending: hirings, extensions, ends; some cancelled, some corrected."""
    fate, lag = pl.col("sorte"), Draws(rng, jobs.height)
    hired = jobs.filter("nuovo").with_columns(
        tipo_comunicazione=pl.lit("ASSUNZIONE"), data_invio=pl.col("data_inizio") - pl.duration(days=1)
    )
    longer = hired.filter(fate < 0.15, pl.col("data_fine_prevista").is_not_null(), pl.col("fine").is_not_null()).with_columns(
        tipo_comunicazione=pl.lit("PROROGA"), data_invio="data_fine_prevista",
        data_fine_prevista=pl.col("data_fine_prevista") + pl.duration(days=180),
    )  # fmt: skip
    ended = jobs.with_columns(lag.days(1, 5).alias("_dopo")).filter(pl.col("fine").is_not_null(), (fate > 0.15) | ~pl.col("nuovo"))
    ended = ended.with_columns(
        tipo_comunicazione=pl.lit("CESSAZIONE"), data_cessazione="fine", causa_cessazione=code({"DI": fate < 0.5}, "RC"),
        data_invio=pl.col("fine") + pl.col("_dopo"),
    ).drop("_dopo")  # fmt: skip
    told, right = pl.concat([hired, longer, ended], how="diagonal"), rows // RETTIFICATE
    kept = told[np.sort(rng.permutation(told.height)[: rows - right])].sort(
        "data_invio", "id_lavoratore", "tipo_comunicazione", "cf_datore"
    )
    kept = kept.with_columns(numero=pl.int_range(1, pl.len() + 1), annullata=code({"S": fate > 0.98}, "N"))
    wrong = kept[np.sort(rng.permutation(kept.height)[:right])].with_columns(
        numero=pl.int_range(1, pl.len() + 1) + kept.height, rettifica_di="numero",
        data_inizio=pl.col("data_inizio") - pl.duration(days=2), data_invio=pl.col("data_invio") + pl.duration(days=6),
    )  # fmt: skip
    name = (pl.col("numero", "rettifica_di") + number * PEZZO).cast(pl.String).str.zfill(10).str.replace("^", "COB-")
    return pl.concat([kept, wrong], how="diagonal").with_columns(name).rename({"numero": "id_comunicazione"})

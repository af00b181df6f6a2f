"""Synthetic extracts of every canonical table, to try the workspace with: all in them is invented, and labelled so in every row.

Only sums are printed figures: units and workers by year, province and procedure (casi_gestiti, which repeats them and has no label),
the share of activated PAL, the number of meetings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
from stdnum import luhn

from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import ESTRATTI, MESI_MASSIMI, MOTIVI_CONTO, MOTIVI_NO_PAL, PASSI, PASSI_CONTO, TABLES
from analisi.tables.schema import Table
from analisi.workspace import reference, root

Rng = np.random.Generator
Weights = Mapping[str | None, float]  # None is a blank
MINISTERIALE, LICENZIAMENTO = "cigs_ministeriale", "licenziamento_collettivo"
TIPOLOGIE = {MINISTERIALE: {"A": 1}, "cigs_regionale": {"B": 6, "C": 4}, LICENZIAMENTO: {"D": 1}}
CAUSALI = {
    MINISTERIALE: {"CRISI": 30, "CDS": 26, "RIORG": 15, "RIORG_TRANS": 8, "CESSAZIONE_ART44": 11, "TRANS_OCC_22TER": 5, "PROROGA_22BIS": 5},
    "cigs_regionale": {"CDS": 45, "CRISI": 35, "RIORG": 15, "RIORG_TRANS": 5},
    LICENZIAMENTO: {"RID_PERSONALE": 75, "CESSAZIONE_ATT": 22, "ALTRO": 3},
}
CON_ACCORDO = ["CDS", "CESSAZIONE_ART44", "TRANS_OCC_22TER", "PROROGA_22BIS"]  # no CIGS of these kinds without an agreement
OBBLIGO = {"A": {"S": 92, "N": 6, "ND": 2}, "B": {"S": 30, "N": 50, None: 20}, "C": {"S": 30, "N": 50, None: 20}, "D": {"N": 40, None: 60}}
SETTORE_LAVORO_TEMPORANEO = "78.20"
DIMENSIONI, COMPLESSITA = {"16-49": 49, "50-99": 99, "100-249": 249, "250+": None}, {"BASSA": 40, "MEDIA": 150, "ALTA": None}
STATI_RAPPORTO = {"SOSPESO": 77, "RIENTRATO": 11, "CESSATO": 10, "PENSIONATO": 2}
ESONERO = {"SOSPESO": 0.02, "RIENTRATO": 0.4, "CESSATO": 0.3, "PENSIONATO": 0.9}  # probability of NO PAL
MOTIVI = {"RIENTRATO": {"RIENTRO": 1}, "CESSATO": {"ALTRA_OCCUPAZIONE": 1}, "PENSIONATO": {"PENSIONE": 1},
          "SOSPESO": {"MALATTIA_MATERNITA": 4, "FORMAZIONE_AZIENDALE": 3, "RIFIUTO": 2, "ALTRO": 1}}  # fmt: skip
PERSONA = {
    "classe_eta": {"15-29": 9, "30-39": 19, "40-49": 28, "50-54": 18, "55-59": 17, "60+": 9},
    "cittadinanza_area": {"IT": 82, "UE": 5, "EXTRA_UE": 11, None: 2},
    "titolo_studio": {"1": 4, "2": 28, "3": 18, "4": 34, "5": 3, "6": 8, "7": 4, None: 1},
    "qualifica": {"OPERAIO": 62, "IMPIEGATO": 31, "QUADRO": 4, "APPRENDISTA": 3},
    "professione_cp2021": {"7.2.1": 25, "6.2.2": 20, "6.3.1": 10, "4.1.1": 15, "3.3.1": 10, "8.4.3": 15, None: 5},
    "tipo_contratto": {"TI": 97, "TD": 3},
    "part_time_pct": {"100": 86, "75": 6, "50": 8},
}
QUOTA_PUBBLICA = {"16-49": 70, "50-99": 60, "100-249": 60, "250+": 50}  # per cent of the voucher, by size of the company
CORSI = (("Saldatura a filo", 3, 40), ("Foglio di calcolo", 4, 24), ("Controllo numerico", 4, 80), ("Inglese", 4, 40),
         ("Magazzino", 3, 32), ("Disegno tecnico", 5, 60), ("Manutenzione elettrica", 4, 48), ("Analisi dei dati", 6, 64))  # fmt: skip
TAVOLI = {"modalita": {"VIDEO": 6, "PRESENZA": 4}, "azione_responsabile": {"Nucleo": 6, "Regione": 4},
          "partecipanti": {"REGIONE,PROVINCIA,ARIFL_AFOL": 4, "REGIONE,PROVINCIA,OOSS,DATORIALI": 4, "REGIONE,PROVINCIA,OPERATORI,INPS": 2},
          "esito": {"Concordato il calendario degli incontri con i lavoratori": 6, "Verifica dell'avanzamento delle PAL": 4},
          "azione": {"Inviare l'elenco dei lavoratori": 5, "Convocare le parti": 3, None: 2}}  # fmt: skip
OPERATORI = 40
COPY = 10_000  # more than the procedures, and the companies, of one copy


@dataclass(frozen=True)
class Base:
    """What the invention rests on: printed figures, rows of the reference tables, the day of the extraction, the last days of quarters."""

    casi: pl.DataFrame
    tavoli: pl.DataFrame
    attivati_pct: int
    comuni: pl.DataFrame
    settori: pl.DataFrame
    fc: dict[str, str]
    anno: int
    estrazione: date
    trimestri: dict[str, date]


def extracts(seed: int = 1, scale: int = 1) -> dict[str, pl.DataFrame]:
    """The frame of each table, by its name. `scale` copies, each with its own companies and people, add up to as many times the figures."""
    base = _base()
    copies = [_copy(base, seed, copy) for copy in range(scale)]
    frames = {name: pl.concat([frames[name] for frames in copies]) for name in copies[0]}
    casi = base.casi.with_columns(pl.col("unita_produttive", "lavoratori") * scale)
    return frames | {"casi_gestiti": _shaped(TABLES["casi_gestiti"], casi, base)}


def _base() -> Base:
    printed = root() / "data" / "pubblicati"
    casi = read_csv_text(printed / "casi_gestiti.csv").with_columns(pl.col("anno", "unita_produttive", "lavoratori").cast(pl.Int64))
    anno = casi["anno"].max()
    pal = read_csv_text(printed / "attivazione_pal.csv").filter(procedura=MINISTERIALE, anno=str(anno))
    first = [date(anno, 4, 1), date(anno, 7, 1), date(anno, 10, 1), date(anno + 1, 1, 1)]
    return Base(
        casi=casi.with_columns(pl.col("unita_produttive", "lavoratori").fill_null(0)),
        tavoli=read_csv_text(printed / "coordinamento.csv").select(pl.col("anno").cast(pl.Int64), "tipo", pl.col("tavoli").cast(pl.Int64)),
        attivati_pct=int(pal["quota_attivati_pct"].item()),
        comuni=read_csv_text(reference("comuni_esempio.csv")).drop("fonte").rename({"sigla": "sigla_provincia"}),
        settori=read_csv_text(reference("settori_esempio.csv")).with_columns(pl.col("in_uso_dal").str.to_date()).sort("in_uso_dal"),
        fc=read_csv_text(reference("misure_pal.csv")).filter(pl.col("dal").is_not_null(), misura="FC").row(-1, named=True),
        anno=anno,
        estrazione=date(anno + 1, 3, 31),
        trimestri={f"{anno}-T{number}": day - timedelta(days=1) for number, day in enumerate(first, start=1)},
    )


def _copy(base: Base, seed: int, copy: int) -> dict[str, pl.DataFrame]:
    """One copy of every table but casi_gestiti."""
    rng = np.random.default_rng([seed, copy])
    unita = _units(rng, _procedures(rng, _grouped(rng, _shared_out(rng, base.casi)), base, copy), base, copy)
    lavoratori = _workers(rng, unita.filter(~pl.col("revocata"), tipo_procedura="CIGS"), base, f"{seed}.{copy}")
    stati = _quarters(pal := _pal(rng, lavoratori, base), base)
    domande = _applications(rng, pal, base, copy)
    frames = {
        "vol_procedure": _versions(rng, _with_women(rng, unita, lavoratori)),
        "cigs_lavoratori": lavoratori,
        "monitoraggio_pal": _submitted(rng, _counts(stati)),
        "monitoraggio_pal_lavoratori": stati.filter(pl.col("step").is_not_null()),
        "misure": domande,
        "siul_cob": _cob(rng, lavoratori, base, copy),
        "siuf_corsi": _attendance(rng, domande, base),
        "registro_tavoli": _meetings(rng, unita.filter(~pl.col("revocata")), base, copy),
    }
    return {table.name: _shaped(table, frames[table.name], base) for table in ESTRATTI if table.name in frames}


def _shaped(table: Table, frame: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The frame with exactly the columns of the table: those of provenance filled in, those not invented blank."""
    fonte = f"{table.source} (dati sintetici)"
    origin = {"data_estrazione": base.estrazione, "fonte": fonte, "versione_tracciato": "1.0", "natura": "sintetici"}
    known = {name: pl.col(name) for name in frame.columns} | {name: pl.lit(value) for name, value in origin.items()}
    return frame.select(known.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in table.schema.items())


@dataclass(frozen=True)
class Draws:
    """Random columns for a frame of `size` rows."""

    rng: Rng
    size: int

    def pick(self, weights: Weights) -> pl.Series:
        """Codes drawn with their weights."""
        shares = np.array(list(weights.values()), float)
        return pl.Series(list(weights), dtype=pl.String).gather(self.rng.choice(len(shares), self.size, p=shares / shares.sum()))

    def pick_by(self, keys: pl.Series, weights: Mapping[str, Weights]) -> pl.Series:
        """A code for each key, drawn with the weights of that key."""
        drawn = pl.Series([None] * self.size, dtype=pl.String)
        for key, own in weights.items():
            drawn = self.pick(own).zip_with(keys == key, drawn)
        return drawn

    def one_of(self, values: pl.Series) -> pl.Series:
        return values.gather(self.rng.integers(0, len(values), self.size))

    def chance(self, probability: float) -> pl.Expr:
        return column(self.rng.random(self.size) < probability)

    def days(self, low: int, high: int) -> pl.Expr:
        return span(self.rng.integers(low, high + 1, self.size))

    def uniform(self, low: float, high: float) -> pl.Expr:
        return column(self.rng.uniform(low, high, self.size))

    def operators(self) -> pl.Series:
        return self.one_of(pl.Series([f"OP-{number:03}" for number in range(1, OPERATORI + 1)]))

    def employers(self, copy: int) -> pl.Series:
        """Tax codes of companies other than those in crisis."""
        return self.one_of(pl.Series([tax_code(copy * COPY + COPY // 2 + number) for number in range(400)]))

    def effect(self, keys: pl.Series) -> np.ndarray:
        """A standard normal number for each distinct key, the same in all its rows."""
        _, codes = np.unique(keys.to_numpy(), return_inverse=True)
        return self.rng.normal(size=codes.max(initial=0) + 1)[codes]


def column(values: np.ndarray) -> pl.Expr:
    """Drawn values as a column."""
    return pl.lit(pl.Series(values))


def span(days: np.ndarray) -> pl.Expr:
    """The days of each row as a duration."""
    return pl.duration(days=column(days.astype(int)))


def code(cases: Mapping[str, pl.Expr], otherwise: str | pl.Expr | None = None) -> pl.Expr:
    """The first code whose condition holds, else the code or column `otherwise`."""
    last = otherwise if isinstance(otherwise, pl.Expr) else pl.lit(otherwise, pl.String)
    return pl.coalesce(*(pl.when(test).then(pl.lit(name)) for name, test in cases.items()), last)


def band(value: pl.Expr, bands: Mapping[str, int | None]) -> pl.Expr:
    """The name of the first band whose upper bound is not below the value."""
    return code({name: value <= bound if bound else pl.lit(value=True) for name, bound in bands.items()})


def tax_code(number: int) -> str:
    """An invented partita IVA with a valid check digit, different for each number; one in ten starts with zero."""
    bare = f"{(number * 7919 + 104_729) % 10_000_000:07}888"
    return bare + luhn.calc_check_digit(bare)


# Procedures and units


def _shared_out(rng: Rng, casi: pl.DataFrame) -> pl.DataFrame:
    """One row per unit: the workers printed for its year, province and procedure, unevenly shared out; and a few units to be revoked."""
    cells, shares = casi.filter(pl.col("unita_produttive") > 0), []
    for procedura, units, workers in cells.select("procedura", "unita_produttive", "lavoratori").iter_rows():
        least = min(4 if procedura == LICENZIAMENTO else 1, workers // units)
        weights = rng.lognormal(0, 1.1, units)
        shares.append(least + rng.multinomial(workers - least * units, weights / weights.sum()))
    workers = pl.Series(shares, dtype=pl.List(pl.Int64))
    unita = cells.select("anno", "procedura", sigla_provincia="provincia", lavoratori_coinvolti=workers).explode("lavoratori_coinvolti")
    revoked = unita[rng.choice(unita.height, rng.integers(5, 11), replace=False)]
    return pl.concat([unita, revoked]).with_columns(revocata=pl.int_range(pl.len()) >= unita.height)


def _grouped(rng: Rng, unita: pl.DataFrame) -> pl.DataFrame:
    """The units with the number of their procedure: several units, over provinces, if ministerial; mostly one, and one province, if not."""
    ministerial, group = pl.col("procedura") == MINISTERIALE, ["revocata", "anno", "procedura", "area"]
    mixed = unita[rng.permutation(unita.height)].with_columns(area=pl.when(~ministerial).then("sigla_provincia"))
    alone = column(rng.random(unita.height)) < pl.when(ministerial).then(0.45).otherwise(0.88)
    starts = (alone | pl.col("revocata") | pl.struct(group).is_first_distinct()).cum_sum()
    return mixed.sort(group, maintain_order=True).with_columns(pratica=starts).drop("area")


def _procedures(rng: Rng, unita: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """The units with what belongs to their procedure: number, company, type, causale and dates."""
    first = pl.col("anno", "procedura", "sigla_provincia").first()
    pratiche = unita.group_by("pratica", maintain_order=True).agg(first, lavoratori=pl.col("lavoratori_coinvolti").sum())
    draws, pratiche = Draws(rng, pratiche.height), _opened(rng, pratiche)
    tipologia = draws.pick_by(pratiche["procedura"], TIPOLOGIE)
    pratiche = pratiche.with_columns(tipo_procedura=code({"LIC": pl.col("procedura") == LICENZIAMENTO}, "CIGS"))
    number = (pl.int_range(1, pl.len() + 1).over("tipo_procedura", "anno") + copy * COPY).cast(pl.String).str.zfill(6)
    to_ministry = (tipologia == "A") | ((tipologia == "D") & draws.chance(0.03))
    pratiche = pratiche.with_columns(
        azienda=_companies(rng, pratiche),
        id_procedura=pl.format("{}-{}-{}", "tipo_procedura", "anno", number),
        tipologia_linee_guida=tipologia,
        causale=draws.pick_by(pratiche["procedura"], CAUSALI),
        obbligo_pal=draws.pick_by(tipologia, OBBLIGO),
        storia=draws.pick({"UNICA": 88, "RINVIO": 6, "ACCORDO_SUCCESSIVO": 6}),
        competenza=code({"MINISTERIALE": to_ministry}, "REGIONALE"),
    )
    own = _phases(draws, pratiche, base).drop("anno", "procedura", "sigla_provincia", "lavoratori")
    return unita.join(own, on="pratica", how="left", maintain_order="left").sort("data_apertura", "id_procedura", maintain_order=True)


def _opened(rng: Rng, pratiche: pl.DataFrame) -> pl.DataFrame:
    """The procedures by day of opening: workers come evenly over the year, so that at any day that share of them is known."""
    keys, workers = ["anno", "procedura"], pl.col("lavoratori")
    before = (workers.cum_sum() - workers).over(keys) / workers.sum().over(keys)
    day = (before * 354 + Draws(rng, pratiche.height).uniform(0, 10)).cast(pl.Int64)
    mixed = pratiche[rng.permutation(pratiche.height)]
    return mixed.with_columns(data_apertura=pl.date("anno", 1, 1) + pl.duration(days=day)).sort("data_apertura", "pratica")


def _companies(rng: Rng, pratiche: pl.DataFrame) -> pl.Series:
    """The number of each procedure's company: mostly a new one, or one of that province, if in another year or with the other type."""
    taken: list[set[tuple[int, str]]] = []  # years and types of procedure of each company
    local: dict[str, list[int]] = {}
    chosen = []
    for sigla, *when in pratiche.select("sigla_provincia", "anno", "tipo_procedura").iter_rows():
        known = [company for company in local.get(sigla, []) if tuple(when) not in taken[company]]
        if known and rng.random() < (0.5 if when[1] == "CIGS" else 0.15):
            chosen.append(known[rng.integers(len(known))])
        else:
            chosen.append(len(taken))
            local.setdefault(sigla, []).append(len(taken))
            taken.append(set())
        taken[chosen[-1]].add(tuple(when))
    return pl.Series(chosen, dtype=pl.Int64)


def _phases(draws: Draws, pratiche: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The procedures with their dates, outcome and state on the day of the extraction."""
    cigs, causale, today = pl.col("tipo_procedura") == "CIGS", pl.col("causale"), pl.lit(base.estrazione)
    longest = causale.replace_strict(MESI_MASSIMI | {"PROROGA_22BIS": 12}, default=None, return_dtype=pl.Int64)
    months = pl.min_horizontal(longest, column(draws.rng.choice([6, 9, 12, 12, 12, 24, 36], draws.size))).cast(pl.String) + "mo"
    esame = pl.col("data_apertura") + pl.when(cigs).then(draws.days(5, 20)).otherwise(draws.days(10, 40))
    firma = pl.col("data_esame_congiunto") + pl.when(cigs).then(draws.days(0, 12)).otherwise(draws.days(0, 35))
    pratiche = pratiche.with_columns(data_esame_congiunto=esame).with_columns(firma=firma)
    pending = ~cigs & (pl.col("firma") > today - pl.duration(days=30))
    failed = draws.chance(0.15) & ~causale.is_in(CON_ACCORDO)
    pratiche = pratiche.with_columns(
        esito_fase=code({"IN_CORSO": pending, "MANCATO_ACCORDO": failed}, "ACCORDO"),
        data_inizio=pl.when(cigs).then(pl.col("firma") + draws.days(3, 30)),
    )
    decreto = pl.col("data_inizio") + draws.days(45, 120)
    number = column(draws.rng.integers(100, 9999, draws.size)).cast(pl.String)
    pratiche = pratiche.with_columns(
        data_accordo=pl.when(esito_fase="ACCORDO").then("firma"),
        data_fine=pl.col("data_inizio").dt.offset_by(months) - pl.duration(days=1),
        data_decreto_concessione=pl.when(decreto < today).then(decreto),
        numero_decreto=pl.when(decreto < today).then(number),
    )
    over = pl.when(cigs).then(pl.col("data_fine") < today).otherwise(pl.col("esito_fase") != "IN_CORSO")
    return pratiche.with_columns(stato=code({"CONCLUSA": over}, "IN_CORSO"))


def _units(rng: Rng, unita: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """The units with their place, their size, how work is reduced, and their company's name, codes and sector."""
    draws, workers, causale = Draws(rng, unita.height), pl.col("lavoratori_coinvolti"), pl.col("causale")
    cigs, closing = pl.col("tipo_procedura") == "CIGS", causale == "CESSAZIONE_ART44"
    number = pl.int_range(1, pl.len() + 1).over("id_procedura").cast(pl.String).str.zfill(2)
    how = code({"RIDUZIONE": causale == "CDS", "ZERO_ORE": closing}, pl.lit(draws.pick({"ZERO_ORE": 4, "ROTAZIONE": 5, None: 1})))
    unita = unita.with_columns(
        id_unita=pl.format("{}-{}", "id_procedura", number),
        organico_unita=(workers * (1 + column(rng.exponential(0.8, draws.size)))).cast(pl.Int64),
        modalita=pl.when(cigs).then(how),
        esuberi_dichiarati=pl.when(~cigs | closing).then(workers).when(causale == "CRISI").then(workers // 4),
        anno_riferimento="anno",
    )
    reduced = column(rng.integers(40, 161, draws.size) / 2)  # from 20 to 80, by halves
    whole = pl.col("organico_unita").sum().over("id_procedura")
    cut = pl.when(modalita="ZERO_ORE").then(100.0).when(pl.col("modalita").is_not_null()).then(reduced)
    unita = unita.with_columns(perc_riduzione_media=cut, organico=whole, complessita=band(whole, COMPLESSITA))
    unita = unita.with_columns(classe_dimensionale=band(pl.col("organico").max().over("azienda"), DIMENSIONI))
    unita = unita.join(_registry(rng, unita["azienda"].max() + 1, base, copy), on="azienda", how="left", maintain_order="left")
    unita = unita.join(base.comuni, on="sigla_provincia", how="left", maintain_order="left").sort("data_apertura", maintain_order=True)
    keys = {"left_on": "data_apertura", "right_on": "in_uso_dal", "by": "settore", "check_sortedness": False}
    return unita.join_asof(base.settori, **keys).sort("id_unita")


def _registry(rng: Rng, size: int, base: Base, copy: int) -> pl.DataFrame:
    """One row per company, plainly invented."""
    numbers = range(copy * COPY, copy * COPY + size)
    return pl.DataFrame({
        "azienda": range(size),
        "codice_fiscale_azienda": [tax_code(number) for number in numbers],
        "ragione_sociale": [f"Azienda sintetica {number:04} {'SpA' if number % 3 else 'Srl'}" for number in numbers],
        "settore": Draws(rng, size).one_of(base.settori["settore"].unique(maintain_order=True)),
    })  # fmt: skip


def _with_women(rng: Rng, unita: pl.DataFrame, lavoratori: pl.DataFrame) -> pl.DataFrame:
    """The units with the women among their workers: those of the list, where there is one."""
    listed = lavoratori.group_by("id_unita").agg(di_cui_donne=(pl.col("genere") == "F").sum().cast(pl.Int64))
    drawn = pl.Series(rng.binomial(unita["lavoratori_coinvolti"].to_numpy(), 0.35))
    return unita.join(listed, on="id_unita", how="left", maintain_order="left").with_columns(pl.col("di_cui_donne").fill_null(drawn))


def _versions(rng: Rng, unita: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and version. Some have an earlier one: a meeting put off, an agreement with other numbers, what was then revoked."""
    revoked, workers = pl.col("revocata"), pl.col("lavoratori_coinvolti")
    last = unita.with_columns(progressivo_versione=1 + (revoked | (pl.col("storia") != "UNICA")).cast(pl.Int64))
    first = last.filter(progressivo_versione=2)
    agreed = (pl.col("storia") == "ACCORDO_SUCCESSIVO") & (pl.col("esito_fase") == "ACCORDO") & ~revoked
    were = (workers * Draws(rng, first.height).uniform(0.9, 1.4)).ceil().cast(pl.Int64)
    half = (pl.col("data_fine") - pl.col("data_inizio")) / 2
    first = first.with_columns(
        progressivo_versione=pl.lit(1, pl.Int64),
        lavoratori_coinvolti=were,
        di_cui_donne=pl.col("di_cui_donne") * were // workers,
        esuberi_dichiarati=pl.col("esuberi_dichiarati") * were // workers,
        organico_unita=pl.max_horizontal("organico_unita", were),
        esito_fase=code({"ACCORDO": agreed}, "IN_CORSO"),
        stato=pl.lit("IN_CORSO"),
        data_accordo=pl.when(agreed).then("data_esame_congiunto"),
        data_inizio=pl.when(agreed).then("data_inizio"),
        data_fine=pl.when(agreed).then(pl.col("data_inizio") + half),
        data_decreto_concessione=pl.lit(None, pl.Date),
        numero_decreto=pl.lit(None, pl.String),
    )
    dropped = ["data_accordo", "data_inizio", "data_fine", "data_decreto_concessione", "numero_decreto"]
    last = last.with_columns(
        *(pl.when(~revoked).then(name).alias(name) for name in dropped),
        *(code({"REVOCATA": revoked}, pl.col(name)).alias(name) for name in ("esito_fase", "stato")),
    )
    both, rare = pl.concat([first, last]), {"ccnl_cnel": 0.1, "organico_unita": 0.06, "di_cui_donne": 0.03, "complessita": 0.15}
    kept = {name: ~Draws(rng, both.height).chance(share) for name, share in rare.items()}
    return both.with_columns(pl.when(here).then(name).alias(name) for name, here in kept.items()).sort("id_unita", "progressivo_versione")


# Workers


def _workers(rng: Rng, unita: pl.DataFrame, base: Base, key: str) -> pl.DataFrame:
    """One row per worker and unit; where a company has a second CIGS, half of those of the first are in it too."""
    place = ["azienda", "sigla_provincia"]
    sizes = unita.group_by(*place, "id_procedura", maintain_order=True).agg(meta=pl.col("lavoratori_coinvolti").sum() // 2)
    sizes = sizes.with_columns((pl.col("meta").cum_sum() - pl.col("meta")).over(place).alias("salto"))
    rows = unita[np.repeat(np.arange(unita.height), unita["lavoratori_coinvolti"])]
    rows = rows.join(sizes, on=[*place, "id_procedura"], how="left", maintain_order="left")
    rows = rows.with_columns(numero=pl.int_range(pl.len()).over(*place, "id_procedura") + pl.col("salto"))
    people = _people(rng, rows.select(*place, "numero").unique(maintain_order=True), base, key)
    rows = rows.join(people, on=[*place, "numero"], how="left", maintain_order="left")
    draws = Draws(rng, rows.height)
    later = pl.when(draws.chance(0.15)).then(draws.days(7, 30)).otherwise(pl.duration(days=0))
    around = (pl.col("perc_riduzione_media").fill_null(50) + column(rng.integers(-10, 11, draws.size))).clip(5, 90)
    rows = rows.with_columns(
        data_inizio_sospensione=pl.col("data_inizio") + later,
        data_fine_prevista="data_fine",
        ore_sospensione_pct=pl.when(modalita="ZERO_ORE").then(100.0).otherwise(around),
        a_rischio_esubero=draws.pick({"S": 15, "N": 68, "ND": 12, None: 5}),
        stato_rapporto=draws.pick(STATI_RAPPORTO),
    )
    recent = pl.col("data_inizio_sospensione") > base.estrazione - timedelta(days=60)
    back = pl.col("stato_rapporto").is_in(["CESSATO", "PENSIONATO"]) & ~pl.col("id_lavoratore").is_last_distinct()  # suspended again later
    return rows.with_columns(stato_rapporto=code({"SOSPESO": recent, "RIENTRATO": back}, pl.col("stato_rapporto")))


def _people(rng: Rng, people: pl.DataFrame, base: Base, key: str) -> pl.DataFrame:
    """One row per person: the pseudonym, and what does not change from a procedure to the next."""
    draws = Draws(rng, people.height)
    women = rng.random(draws.size) < np.clip(0.35 + 0.15 * draws.effect(people["azienda"]), 0.05, 0.9)
    elsewhere = draws.pick(dict.fromkeys(base.comuni["sigla_provincia"], 1) | {"FUORI_REGIONE": 2, None: 2})
    return people.with_columns(
        *(draws.pick(weights).alias(name) for name, weights in PERSONA.items()),
        id_lavoratore=pl.Series([blake2b(f"{key}.{number}".encode(), digest_size=16).hexdigest() for number in range(draws.size)]),
        genere=code({"ND": draws.chance(0.01), "F": column(women)}, "M"),
        sigla_prov_domicilio=pl.when(draws.chance(0.65)).then("sigla_provincia").otherwise(elsewhere),
    )


# Steps towards active labour policies


def _pal(rng: Rng, lavoratori: pl.DataFrame, base: Base) -> pl.DataFrame:
    """One row per worker of the last year's ministerial CIGS: the `passi` made by its end, and the day of each (giorno_1 to giorno_4).

    The printed share has made four. Company and Nucleo make one quick or late; an exempt worker makes two: taken in charge, then NO PAL.
    """
    pal = lavoratori.filter(procedura=MINISTERIALE, anno=base.anno)
    draws, start = Draws(rng, pal.height), pal["data_inizio_sospensione"]
    days = (pl.Series([max(base.trimestri.values())]) - start).dt.total_days().to_numpy()
    pace = draws.effect(pal["id_procedura"]) + 0.7 * draws.effect(pal["sigla_provincia"])
    exempt = (days >= 10) & (rng.random(draws.size) < pal["stato_rapporto"].replace_strict(ESONERO).to_numpy())
    score = np.where((days < 10) | exempt, -np.inf, pace + rng.normal(0, 0.6, draws.size) + days / 180)
    passi = np.where(exempt, 2, _ranked(score, (base.attivati_pct * draws.size + 50) // 100))
    parts = np.sort(rng.random((draws.size, 4))) * (np.clip(0.7 - 0.2 * pace, 0.25, 1) * np.maximum(days, 0))[:, None]
    pal = pal.with_columns(
        *(pl.lit(start).add(span(parts[:, n])).alias(f"giorno_{n + 1}") for n in range(4)),
        nucleo="sigla_provincia",
        esonerato=pl.Series(exempt),
        passi=pl.Series(passi),
        motivo=draws.pick_by(pal["stato_rapporto"], MOTIVI),
        usuale=draws.pick({"DUL": 62, "FC": 20, "FONDO_INTERPROF": 9, "AZIENDALE": 6, "ALTRO": 3}),
        propensa=pl.Series(draws.effect(pal["id_procedura"]) > 0.5) & draws.chance(0.5),
    )
    return pal.with_columns(misura=_measure(draws, base))


def _ranked(score: np.ndarray, activated: int) -> np.ndarray:
    """Steps made: four by the best scores, then three to none; none without a score."""
    order = np.argsort(-score, kind="stable")
    rest = max(int(np.isfinite(score).sum()) - activated, 0)
    made = np.zeros(len(score), int)
    made[order[:activated]] = 4
    made[order[activated : activated + rest]] = 3 - np.searchsorted([0.4, 0.68, 0.87], np.arange(rest) / max(rest, 1), side="right")
    return made


def _measure(draws: Draws, base: Base) -> pl.Expr:
    """The measure of each worker: Formazione Continua within its cap, more in some companies; GOL in occupational transition."""
    fc = (pl.col("passi") == 4) & ((pl.col("usuale") == "FC") | pl.col("propensa"))
    vouchers = int(base.fc["tetto_impresa_eur"]) // int(base.fc["tetto_lavoratore_eur"])
    gol = (pl.col("causale") == "TRANS_OCC_22TER") & draws.chance(0.6)
    within = fc.cum_sum().over("azienda") <= vouchers
    return code({"GOL": gol, "FC": fc & within, "DUL": fc}, pl.col("usuale"))


def _quarters(pal: pl.DataFrame, base: Base) -> pl.DataFrame:
    """One row per worker and quarter, from the opening of the procedure on: the step reached, blank if none."""
    parts = []
    for quarter, end in base.trimestri.items():
        made = pl.min_horizontal("passi", pl.sum_horizontal((pl.col(f"giorno_{n}") <= end).cast(pl.Int64) for n in range(1, 5)))
        known = pal.filter(pl.col("data_apertura") <= end).with_columns(trimestre=pl.lit(quarter), fine=pl.lit(end), fatti=made)
        exempt = pl.col("esonerato") & (pl.col("fatti") == 2)
        state = {
            "step": code({"NO_PAL": exempt} | {f"STEP{n}": pl.col("fatti") == n for n in range(1, 5)}),
            "data_step": pl.coalesce(pl.when(fatti=n).then(f"giorno_{n}") for n in range(1, 5)),
            "motivo": pl.when(exempt).then("motivo"),
            "misura": pl.when(fatti=4).then("misura"),
        }
        parts.append(known.with_columns(**state))
    return pl.concat(parts)


def _counts(stati: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and quarter: its workers by step reached."""
    steps = {name: (pl.col("step") == code).sum() for code, name in zip(PASSI, PASSI_CONTO, strict=True)}
    reasons = {name: (pl.col("motivo") == code).sum() for code, name in zip(MOTIVI_NO_PAL, MOTIVI_CONTO, strict=True)}
    counts = {"lavoratori_sospesi": pl.len(), **steps, "non_ancora_presi": pl.col("step").is_null().sum(), **reasons}
    rows = stati.group_by("trimestre", "id_unita", maintain_order=True).agg(
        pl.col("id_procedura", "nucleo", "ragione_sociale", "data_inizio", "fine").first(),
        *(count.cast(pl.Int64).alias(name) for name, count in counts.items()),
        misura_prevalente=pl.col("misura").drop_nulls().mode().sort().first(),
    )
    met = {"data_incontro_parti": 10, "data_incontro_lavoratori": 24}
    days = {name: pl.col("data_inizio") + pl.duration(days=lag + pl.col("lavoratori_sospesi") % 20) for name, lag in met.items()}
    return rows.with_columns(
        *(pl.when(pl.col("no_pal") > 0).then(name).alias(name) for name in MOTIVI_CONTO),
        *(pl.when(day <= pl.col("fine")).then(day).alias(name) for name, day in days.items()),
    )


def _submitted(rng: Rng, counts: pl.DataFrame) -> pl.DataFrame:
    """The sheets as they were sent: two of them late, and three twice, the first time with some activations still at step 3."""
    sheets = counts.group_by("nucleo", "trimestre", "fine", maintain_order=True).agg(pl.col("step4_pal_attivate").sum())
    sheets = sheets.with_row_index("foglio")
    draws, sheet = Draws(rng, sheets.height), pl.col("foglio")
    third = sheets.filter(pl.col("trimestre").str.ends_with("T3"))["foglio"]
    active = sheets.filter(pl.col("step4_pal_attivate") > 0)["foglio"]
    late, twice = (rng.permutation(some.to_numpy())[:many].tolist() for some, many in ((third, 2), (active, 3)))
    wait = pl.when(sheet.is_in(late)).then(draws.days(45, 75)).otherwise(draws.days(5, 20))
    sheets = sheets.select("nucleo", "trimestre", data_invio=pl.col("fine") + wait, rifatto=sheet.is_in(twice))
    sent, draws = counts.join(sheets, on=["nucleo", "trimestre"], how="left", maintain_order="left"), Draws(rng, counts.height)
    note = {None: 90, "Incontro rinviato su richiesta dell'azienda": 6, "In attesa dell'elenco aggiornato dall'azienda": 4}
    operator = (pl.col("id_unita").rank("dense") % OPERATORI + 1).cast(pl.String).str.zfill(3).str.replace("^", "OP-")
    sent = sent.with_columns(progressivo_invio=pl.lit(1), operatore_accreditato=operator, note=draws.pick(note))
    moved = pl.when("rifatto").then(pl.min_horizontal("step4_pal_attivate", pl.lit(3))).otherwise(0)
    first = sent.with_columns(step3_incontri=pl.col("step3_incontri") + moved, step4_pal_attivate=pl.col("step4_pal_attivate") - moved)
    again = sent.filter("rifatto").with_columns(progressivo_invio=pl.lit(2), data_invio=pl.col("data_invio") + pl.duration(days=21))
    return pl.concat([first, again]).sort("trimestre", "nucleo", "id_unita", "progressivo_invio")


# Measures and courses


def _applications(rng: Rng, pal: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """One row per application of most workers at step 4, dated by their steps; with its edition, if it pays for a course."""
    rows = pal.filter(pl.col("misura").is_in(["DUL", "FC", "GOL"]), passi=4)
    rows = rows[np.flatnonzero(rng.random(rows.height) < 0.93)]
    draws, fc, today = Draws(rng, rows.height), pl.col("misura") == "FC", base.estrazione
    latest = pl.col("giorno_2") >= date.fromisoformat(base.fc["dal"])
    rows = rows.with_columns(
        id_domanda=(pl.int_range(pl.len()) + 5_000_001 + copy * 100_000).cast(pl.String),
        bando=code({f"FC_{base.fc['edizione']}": fc & latest, "FC_II": fc, "DUL_V": pl.col("misura") == "DUL"}, "GOL"),
        percorso=pl.when(~fc).then(draws.pick({"1": 22, "2": 38, "3": 25, "4": 6, "5": 6})),
        stato=draws.pick({"AVVIATA": 88, "PRESENTATA": 2, "AMMESSA": 4, "RINUNCIA": 4, "DECADUTA": 2}),
    )
    rows = rows.join(_courses(rng, rows, copy), on="id_domanda", how="left", maintain_order="left")
    end, begun = pl.coalesce("fine_corso", pl.col("giorno_4") + draws.days(30, 150)), pl.col("stato").is_in(["AVVIATA", "DECADUTA"])
    rows = rows.with_columns(
        data_assessment="giorno_1",
        data_presa_in_carico=pl.when(pl.col("stato") != "PRESENTATA").then("giorno_2"),
        data_avvio=pl.when(begun).then(pl.coalesce("avvio_corso", "giorno_4")),
        data_conclusione=pl.when(begun & (end <= today)).then(end),
        stato=code({"CONCLUSA": (pl.col("stato") == "AVVIATA") & (end <= today)}, pl.col("stato")),
    )
    return _with_amounts(draws, rows, base)


def _courses(rng: Rng, rows: pl.DataFrame, copy: int) -> pl.DataFrame:
    """One row per application that pays for a course, with its edition: fifteen workers of a bando, in order of activation."""
    trained = (pl.col("misura") == "FC") | (pl.col("percorso").is_in(["2", "3"]) & Draws(rng, rows.height).chance(0.5))
    pupils = rows.filter(trained, pl.col("stato").is_in(["AVVIATA", "DECADUTA"])).sort("bando", "giorno_4", "id_domanda")
    pupils = pupils.select("id_domanda", "bando", "giorno_4", gruppo=pl.int_range(pl.len()).over("bando") // 15)
    group = pl.struct("bando", "gruppo")
    edition, start = group.rank("dense").cast(pl.Int64) - 1, pl.col("giorno_4").max().over(group)
    catalogue = pl.DataFrame(CORSI, schema=["titolo", "livello_eqf", "ore_previste"], orient="row").with_row_index("corso")
    pupils = pupils.select("id_domanda", avvio_corso=start, giro=edition // len(CORSI) + 1, corso=(edition % len(CORSI)).cast(pl.UInt32))
    pupils = pupils.join(catalogue, on="corso", how="left", maintain_order="left")
    number = (pl.col("corso") + 1).cast(pl.String).str.zfill(3)
    pupils = pupils.with_columns(
        id_corso_siuf=pl.format("C-{}{}", pl.lit(f"{copy:02}"), number),
        ente_id=pl.format("ENTE-{}", number),
        fine_corso=pl.col("avvio_corso") + pl.duration(days="ore_previste"),
    )
    return pupils.with_columns(id_edizione=pl.format("{}-{}", "id_corso_siuf", pl.col("giro").cast(pl.String).str.zfill(2)))


def _with_amounts(draws: Draws, rows: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The applications with what they book and pay, in euro, and who serves them."""
    fc, fraction = pl.col("misura") == "FC", column(draws.rng.choice([0.4, 0.75, 1], draws.size))
    voucher = fraction * float(base.fc["tetto_lavoratore_eur"])
    share = pl.col("classe_dimensionale").replace_strict(QUOTA_PUBBLICA, default=60, return_dtype=pl.Float64)
    booked = pl.when(fc).then(voucher * share / 100).otherwise(column(draws.rng.integers(24, 100, draws.size) * 25.0))
    paid = booked * pl.when(fc).then(1.0).otherwise(draws.uniform(0.6, 1))
    return rows.with_columns(
        importo_dote_prenotato=booked.round(2),
        importo_liquidato=pl.when(stato="CONCLUSA").then(paid.round(2)),
        valore_voucher=pl.when(fc).then(voucher),
        quota_pubblica_pct=pl.when(fc).then(share),
        cf_azienda=pl.when(fc | draws.chance(0.3)).then("codice_fiscale_azienda"),
        target_dul=pl.when(misura="DUL").then(pl.lit("OCCUPATO_SOSPESO")),
        operatore_id=draws.operators(),
        operatore_sede_prov=code({"MI": draws.chance(0.1)}, pl.col("sigla_provincia")),
        servizi=pl.when(~fc).then(draws.pick({"A01,B02": 5, "A01,B02,C03": 3, "A01": 2, None: 1})),
        ore=pl.coalesce("ore_previste", column(draws.rng.integers(8, 61, draws.size))),
    )


def _attendance(rng: Rng, domande: pl.DataFrame, base: Base) -> pl.DataFrame:
    """One row per worker and edition; those who lost the right to the measure left early."""
    rows = domande.filter(pl.col("id_edizione").is_not_null())
    draws, over = Draws(rng, rows.height), pl.col("fine_corso") <= base.estrazione
    present = pl.when(stato="DECADUTA").then(column(rng.beta(1, 5, draws.size))).otherwise(column(rng.beta(6, 0.8, draws.size)))
    done = present * pl.when(over).then(1.0).otherwise(0.4)
    return rows.with_columns(
        ore_frequentate=(pl.col("ore_previste") * done).round(1),
        id_corso="id_corso_siuf",
        sede_comune=pl.col("comune_nome").first().over("id_edizione"),
        modalita=draws.pick({"PRESENZA": 6, "MISTA": 2, "FAD": 2}),
        data_avvio="avvio_corso",
        data_fine="fine_corso",
        esito=pl.when(over).then(code({"ATTESTATO": done >= 0.75, "RITIRATO": done < 0.3}, "NON_IDONEO")),
        tipo_attestazione=pl.when(over & (done >= 0.75)).then(pl.lit("Attestato di competenze")),
    ).with_columns(pl.col("modalita").first().over("id_edizione")).sort("id_edizione", "id_lavoratore")  # fmt: skip


# Jobs


def _cob(rng: Rng, lavoratori: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """One row per communication: those who left their company, those hired by another within a year, and what followed."""
    left = _left(rng, lavoratori.filter(pl.col("stato_rapporto").is_in(["CESSATO", "PENSIONATO"])), base)
    hired = _hired(rng, left.filter(stato_rapporto="CESSATO"), base, copy)
    fate, until, day = pl.col("sorte"), pl.col("data_fine_prevista"), pl.col("data_inizio") + pl.duration(days=60)
    longer = hired.filter(fate.is_between(0.1, 0.4), until <= base.estrazione).with_columns(
        tipo_comunicazione=pl.lit("PROROGA"), data_fine_prevista=until + pl.duration(days=180), data_invio=until
    )
    firmer = hired.filter(fate.is_between(0.4, 0.55), day <= base.estrazione, until.is_not_null()).drop("data_fine_prevista")
    firmer = firmer.with_columns(tipo_comunicazione=pl.lit("TRASFORMAZIONE"), tipo_contratto=pl.lit("A.01.00"), data_invio=day)
    rows = pl.concat([left, hired, longer, firmer], how="diagonal").sort(
        "data_invio", "id_lavoratore", "tipo_comunicazione", maintain_order=True
    )
    rows = rows.with_columns(numero=pl.int_range(1, pl.len() + 1), annullata=code({"S": fate < 0.03}, "N"))
    right = rows.filter(fate.is_between(0.03, 0.07)).with_columns(
        numero=pl.int_range(1, pl.len() + 1) + rows.height,
        rettifica_di="numero",
        data_inizio=pl.col("data_inizio") + pl.duration(days=2),
        data_invio=pl.col("data_invio") + pl.duration(days=6),
    )
    name = (pl.col("numero", "rettifica_di") + copy * 10_000_000).cast(pl.String).str.zfill(10).str.replace("^", "COB-")
    return pl.concat([rows, right], how="diagonal").with_columns(name).rename({"numero": "id_comunicazione"})


def _left(rng: Rng, rows: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The end of the jobs with the company in crisis: after the suspension begins, before it ends."""
    draws, start = Draws(rng, rows.height), pl.col("data_inizio_sospensione")
    room = (pl.min_horizontal("data_fine_prevista", pl.lit(base.estrazione)) - start).dt.total_days() - 15
    rows = rows.with_columns(data_cessazione=start + pl.duration(days=(10 + room * draws.uniform(0, 1)).cast(pl.Int64)))
    return rows.select(
        "id_lavoratore", "stato_rapporto", "data_cessazione",
        tipo_comunicazione=pl.lit("CESSAZIONE"), modello=pl.lit("UNILAV"), tipo_contratto=pl.lit("A.01.00"),
        cf_datore="codice_fiscale_azienda", ateco="ateco_codice", comune_sede_lavoro="comune_catastale", qualifica_cp="professione_cp2021",
        orario=code({"FT": pl.col("part_time_pct") == "100"}, "PT"),
        data_inizio=start - draws.days(400, 9000),
        causa_cessazione=code({"PE": pl.col("stato_rapporto") == "PENSIONATO"}, pl.lit(draws.pick({"DI": 6, "RC": 3, "LI": 1}))),
        data_invio=pl.col("data_cessazione") + draws.days(1, 5),
    )  # fmt: skip


def _hired(rng: Rng, left: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """The job that two in three of them found with another company, some through an agency; `sorte` (0-1) says what became of it."""
    found = left[np.flatnonzero(rng.random(left.height) < 0.67)].drop("causa_cessazione")
    found = found.with_columns(data_inizio=pl.col("data_cessazione") + span(5 + 360 * rng.beta(1, 2.5, found.height)))
    found = found.filter(pl.col("data_inizio") < base.estrazione - timedelta(days=10)).drop("data_cessazione")
    draws = Draws(rng, found.height)
    found = found.with_columns(
        tipo_comunicazione=pl.lit("ASSUNZIONE"),
        modello=draws.pick({"UNILAV": 82, "UNISOMM": 15, "UNIURG": 3}),
        tipo_contratto=draws.pick({"A.01.00": 42, "A.02.00": 58}),
        cf_datore=draws.employers(copy),
        comune_sede_lavoro=pl.when(draws.chance(0.7)).then("comune_sede_lavoro").otherwise(draws.one_of(base.comuni["comune_catastale"])),
        data_invio=pl.col("data_inizio") - draws.days(1, 5),
        sorte=draws.uniform(0, 1),
    )
    agency, until = pl.col("modello") == "UNISOMM", pl.col("data_inizio") + draws.days(30, 360)
    return found.with_columns(
        ateco=code({SETTORE_LAVORO_TEMPORANEO: agency}, pl.lit(draws.one_of(base.settori["ateco_codice"]))),
        cf_utilizzatore=pl.when(agency).then(draws.employers(copy)),
        data_fine_prevista=pl.when(tipo_contratto="A.02.00").then(until),
    )


# Meetings


def _meetings(rng: Rng, unita: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """One row per meeting: as many of each kind as printed, the bilateral ones going round the provinces."""
    rows = []
    for anno, tipo, many in base.tavoli.iter_rows():
        sigle = rng.permutation(base.comuni["sigla_provincia"].to_numpy()).tolist()
        for number in range(many):
            day = date(anno, 1, 15) + timedelta(days=int((number + rng.random()) * 330 / many))
            nucleo = sigle[number % len(sigle)] if tipo == "bilaterale" else None
            name = f"T{tipo[0].upper()}-{anno}-{copy * COPY + number + 1:02}"
            agenda = _agenda(rng, unita.filter(pl.col("data_apertura") <= day, anno=anno), nucleo)
            rows.append({"id_tavolo": name, "tipo": tipo.upper(), "nucleo": nucleo, "data": day, **agenda})
    draws = Draws(rng, len(rows))
    return (
        pl.DataFrame(rows, infer_schema_length=None)
        .with_columns(
            *(draws.pick(weights).alias(name) for name, weights in TAVOLI.items()),
            argomento=code({"Coordinamento dei Nuclei territoriali": pl.col("tipo") == "REGIONALE"}, "Procedure del territorio"),
            azione_scadenza=pl.col("data") + draws.days(15, 45),
        )
        .with_columns(
            azione_scadenza=pl.when(pl.col("azione").is_not_null()).then("azione_scadenza"),
            azione_conclusa=pl.when(pl.col("azione").is_not_null() & draws.chance(0.65)).then(
                pl.col("azione_scadenza") - draws.days(-20, 14)
            ),
        )
    )


def _agenda(rng: Rng, unita: pl.DataFrame, nucleo: str | None) -> dict[str, object]:
    """The procedures dealt with, at most three of those already opened (of the Nucleo, if there is one), and their workers there."""
    own = unita.filter(sigla_provincia=nucleo) if nucleo else unita
    chosen = sorted(rng.permutation(own["id_procedura"].unique(maintain_order=True).to_numpy())[:3].tolist())
    workers = own.filter(pl.col("id_procedura").is_in(chosen))["lavoratori_coinvolti"].sum()
    return {"procedure_trattate": ", ".join(chosen) or None, "lavoratori_interessati": workers if chosen else None}

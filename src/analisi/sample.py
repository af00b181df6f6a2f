"""Synthetic extracts of every canonical table, to try the workspace with: all in them is invented, and labelled so in every row.

Only their sums are printed figures: units and workers per year, province and procedure, the share of activated PAL, the number of meetings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import blake2b

import numpy as np
import polars as pl
from stdnum import luhn

from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import ESTRATTI, MESI_MASSIMI, MOTIVI_CONTO, MOTIVI_NO_PAL, PASSI, PASSI_CONTO
from analisi.tables.schema import Table
from analisi.workspace import reference, root

Rng = np.random.Generator
MINISTERIALE = "cigs_ministeriale"
TIPOLOGIE = {MINISTERIALE: {"A": 1}, "cigs_regionale": {"B": 6, "C": 4}, "licenziamento_collettivo": {"D": 1}}
CAUSALI = {
    MINISTERIALE: {"CRISI": 30, "CDS": 26, "RIORG": 15, "RIORG_TRANS": 8, "CESSAZIONE_ART44": 11, "TRANS_OCC_22TER": 5, "PROROGA_22BIS": 5},
    "cigs_regionale": {"CDS": 45, "CRISI": 35, "RIORG": 15, "RIORG_TRANS": 5},
    "licenziamento_collettivo": {"RID_PERSONALE": 75, "CESSAZIONE_ATT": 22, "ALTRO": 3},
}
CON_ACCORDO = ["CDS", "CESSAZIONE_ART44", "TRANS_OCC_22TER", "PROROGA_22BIS"]  # no CIGS of these kinds without an agreement
OBBLIGO = {"A": {"S": 92, "N": 6, "ND": 2}, "B": {"S": 30, "N": 50, None: 20}, "C": {"S": 30, "N": 50, None: 20}, "D": {"N": 40, None: 60}}
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
CORSI = (("Saldatura a filo", 3, 40), ("Foglio di calcolo", 4, 24), ("Conduzione di macchine a controllo numerico", 4, 80), ("Inglese", 4, 40),
         ("Logistica di magazzino", 3, 32), ("Disegno tecnico assistito", 5, 60), ("Manutenzione elettrica", 4, 48),
         ("Analisi dei dati", 6, 64))  # fmt: skip
COPY = 10_000  # more than the procedures, and the companies, of one copy


@dataclass(frozen=True)
class Base:
    """What the invention rests on: the printed figures, and rows of the reference tables."""

    casi: pl.DataFrame
    tavoli: pl.DataFrame
    attivati_pct: int
    comuni: pl.DataFrame
    settori: pl.DataFrame
    fc: dict[str, str]

    @cached_property
    def anno(self) -> int:
        return self.casi["anno"].max()

    @cached_property
    def estrazione(self) -> date:
        return date(self.anno + 1, 3, 31)

    @cached_property
    def trimestri(self) -> dict[str, date]:
        """Last day of each quarter of the last year."""
        first = [date(self.anno, month, 1) for month in (4, 7, 10)] + [date(self.anno + 1, 1, 1)]
        return {f"{self.anno}-T{n}": day - timedelta(days=1) for n, day in enumerate(first, start=1)}


def extracts(seed: int = 1, scale: int = 1) -> dict[str, pl.DataFrame]:
    """The frame of each table, by its name. The printed figures times `scale`: that many copies, each with its own companies and people."""
    base = _base()
    copies = [_copy(np.random.default_rng([seed, copy]), base, f"{seed}.{copy}", copy) for copy in range(scale)]
    frames = {name: pl.concat([frames[name] for frames in copies]) for name in copies[0]}
    counts = pl.col("unita_produttive", "lavoratori")
    return frames | {"casi_gestiti": _shaped(ESTRATTI[-1], base.casi.with_columns(counts * scale), base)}


def _base() -> Base:
    printed = root() / "data" / "pubblicati"
    casi = read_csv_text(printed / "casi_gestiti.csv").with_columns(pl.col("anno", "unita_produttive", "lavoratori").cast(pl.Int64))
    pal = read_csv_text(printed / "attivazione_pal.csv").filter(procedura=MINISTERIALE, anno=str(casi["anno"].max()))
    misure = read_csv_text(reference("misure_pal.csv")).filter(pl.col("dal").is_not_null(), misura="FC")
    return Base(
        casi=casi.with_columns(pl.col("unita_produttive", "lavoratori").fill_null(0)),
        tavoli=read_csv_text(printed / "coordinamento.csv").with_columns(pl.col("anno", "tavoli").cast(pl.Int64)),
        attivati_pct=int(pal["quota_attivati_pct"].item()),
        comuni=read_csv_text(reference("comuni_esempio.csv")).drop("fonte").rename({"sigla": "sigla_provincia"}),
        settori=read_csv_text(reference("settori_esempio.csv")).drop("fonte", "stato").with_columns(pl.col("in_uso_dal").str.to_date()),
        fc=misure.row(-1, named=True),
    )


def _copy(rng: Rng, base: Base, key: str, copy: int) -> dict[str, pl.DataFrame]:
    """One copy of every table but casi_gestiti."""
    unita = _units(rng, _procedures(rng, _grouped(rng, _shared_out(rng, base.casi)), base, copy), base, copy)
    lavoratori = _workers(rng, unita.filter(~pl.col("revocata"), tipo_procedura="CIGS"), base, key)
    vol = _versions(rng, _with_women(rng, unita, lavoratori), base)
    pal = _pal(rng, lavoratori, base)
    stati = _quarters(pal, base)
    domande = _applications(rng, pal, base, copy)
    frames = {
        "vol_procedure": vol,
        "cigs_lavoratori": lavoratori,
        "monitoraggio_pal": _submitted(rng, _counts(stati)),
        "monitoraggio_pal_lavoratori": stati.filter(pl.col("step").is_not_null()),
        "misure": domande,
        "siul_cob": _cob(rng, lavoratori, base, copy),
        "siuf_corsi": _attendance(rng, domande, base),
        "registro_tavoli": _meetings(rng, unita.filter(~pl.col("revocata")), base, copy),
    }
    return {table.name: _shaped(table, frames[table.name], base) for table in ESTRATTI[:-1]}


def _shaped(table: Table, frame: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The frame with exactly the columns of the table, those of provenance filled in, the others blank where not invented."""
    origin = {"data_estrazione": base.estrazione, "fonte": f"{table.source} (dati sintetici)", "versione_tracciato": "1.0", "natura": "sintetici"}
    known = {name: pl.col(name) for name in frame.columns} | {name: pl.lit(value) for name, value in origin.items()}
    return frame.select(known.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in table.schema.items())


# Draws


def _pick(rng: Rng, weights: Mapping[str | None, float], size: int) -> pl.Series:
    """Codes drawn with their weights; None is a blank."""
    shares = np.array(list(weights.values()), float)
    return pl.Series(list(weights), dtype=pl.String).gather(rng.choice(len(shares), size, p=shares / shares.sum()))


def _pick_by(rng: Rng, keys: pl.Series, weights: Mapping[str, Mapping[str | None, float]]) -> pl.Series:
    """A code for each key, drawn with the weights of that key."""
    drawn = pl.Series([None], dtype=pl.String).new_from_index(0, len(keys))
    for key, own in weights.items():
        drawn = _pick(rng, own, len(keys)).zip_with(keys == key, drawn)
    return drawn


def _chance(rng: Rng, size: int, probability: float) -> pl.Expr:
    return pl.lit(pl.Series(rng.random(size) < probability))


def _days(rng: Rng, size: int, low: int, high: int) -> pl.Expr:
    return pl.duration(days=pl.lit(pl.Series(rng.integers(low, high + 1, size))))


def _effect(rng: Rng, keys: pl.Series) -> np.ndarray:
    """A standard normal number for each distinct key, the same in all its rows."""
    _, codes = np.unique(keys.to_numpy(), return_inverse=True)
    return rng.normal(size=codes.max(initial=0) + 1)[codes]


def _blanked(rng: Rng, frame: pl.DataFrame, shares: Mapping[str, float]) -> pl.DataFrame:
    """The frame with a share of some columns left blank, as in real extracts."""
    return frame.with_columns(pl.when(~_chance(rng, frame.height, share)).then(pl.col(name)).alias(name) for name, share in shares.items())


def _tax_code(number: int) -> str:
    """An invented partita IVA with a valid check digit, different for each number; one in ten starts with zero."""
    bare = f"{(number * 7919 + 104_729) % 10_000_000:07}888"
    return bare + luhn.calc_check_digit(bare)


def _employers(rng: Rng, size: int, copy: int) -> pl.Series:
    """Tax codes of companies other than those in crisis."""
    codes = pl.Series([_tax_code(copy * COPY + COPY // 2 + n) for n in range(400)])
    return codes.gather(rng.integers(0, len(codes), size))


# Procedures and units


def _shared_out(rng: Rng, casi: pl.DataFrame) -> pl.DataFrame:
    """One row per unit: the workers printed for its year, province and procedure, unevenly shared out; and a few units to be revoked."""
    cells = casi.filter(pl.col("unita_produttive") > 0)
    shares = []
    for procedura, units, workers in cells.select("procedura", "unita_produttive", "lavoratori").iter_rows():
        least = min(4 if procedura == "licenziamento_collettivo" else 1, workers // units)
        weights = rng.lognormal(0, 1.1, units)
        shares.append(least + rng.multinomial(workers - least * units, weights / weights.sum()))
    workers = pl.Series(shares, dtype=pl.List(pl.Int64))
    unita = cells.select("anno", "procedura", sigla_provincia="provincia", lavoratori_coinvolti=workers).explode("lavoratori_coinvolti")
    revoked = unita[rng.choice(unita.height, rng.integers(5, 11), replace=False)]
    return pl.concat([unita.with_columns(revocata=pl.lit(value=False)), revoked.with_columns(revocata=pl.lit(value=True))])


def _grouped(rng: Rng, unita: pl.DataFrame) -> pl.DataFrame:
    """The units with the number of their procedure: several units, over provinces, if ministerial; mostly one, and one province, if not."""
    ministerial = pl.col("procedura") == MINISTERIALE
    group = ["revocata", "anno", "procedura", "area"]
    mixed = unita[rng.permutation(unita.height)].with_columns(area=pl.when(~ministerial).then("sigla_provincia"))
    mixed = mixed.sort(group, maintain_order=True)
    starts = pl.lit(pl.Series(rng.random(mixed.height))) < pl.when(ministerial).then(0.45).otherwise(0.88)
    return mixed.with_columns(pratica=(starts | pl.col("revocata") | pl.struct(group).is_first_distinct()).cum_sum()).drop("area")


def _procedures(rng: Rng, unita: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """The units with what belongs to their procedure: number, company, type, causale and dates."""
    kept = pl.col("anno", "procedura", "sigla_provincia").first()
    pratiche = unita.group_by("pratica", maintain_order=True).agg(kept, lavoratori=pl.col("lavoratori_coinvolti").sum())
    pratiche = _opened(rng, pratiche[rng.permutation(pratiche.height)])
    tipologia = _pick_by(rng, pratiche["procedura"], TIPOLOGIE)
    tipo = pl.when(pl.col("tipologia_linee_guida") == "D").then(pl.lit("LIC")).otherwise(pl.lit("CIGS"))
    pratiche = pratiche.with_columns(tipologia_linee_guida=tipologia).with_columns(tipo_procedura=tipo)
    number = (pl.int_range(1, pl.len() + 1).over("tipo_procedura", "anno") + copy * COPY).cast(pl.String).str.zfill(6)
    to_ministry = (pl.col("procedura") == MINISTERIALE) | ((pl.col("tipo_procedura") == "LIC") & _chance(rng, pratiche.height, 0.03))
    pratiche = pratiche.with_columns(
        azienda=_companies(rng, pratiche),
        id_procedura=pl.format("{}-{}-{}", "tipo_procedura", "anno", number),
        causale=_pick_by(rng, pratiche["procedura"], CAUSALI),
        obbligo_pal=_pick_by(rng, tipologia, OBBLIGO),
        storia=_pick(rng, {"UNICA": 88, "RINVIO": 6, "ACCORDO_SUCCESSIVO": 6}, pratiche.height),
        competenza=pl.when(to_ministry).then(pl.lit("MINISTERIALE")).otherwise(pl.lit("REGIONALE")),
    )
    own = _phases(rng, pratiche, base).drop("anno", "procedura", "sigla_provincia", "lavoratori")
    return unita.join(own, on="pratica", how="left", maintain_order="left").sort("data_apertura", "id_procedura", maintain_order=True)


def _opened(rng: Rng, pratiche: pl.DataFrame) -> pl.DataFrame:
    """The procedures by day of opening: workers come evenly over the year, so that at any day that share of them is known."""
    keys, workers = ["anno", "procedura"], pl.col("lavoratori")
    before = (workers.cum_sum() - workers).over(keys) / workers.sum().over(keys)
    day = before * 354 + pl.lit(pl.Series(rng.uniform(0, 10, pratiche.height)))
    opened = pl.date(pl.col("anno"), 1, 1) + pl.duration(days=day.floor().cast(pl.Int64))
    return pratiche.with_columns(data_apertura=opened).sort("data_apertura", "pratica")


def _companies(rng: Rng, pratiche: pl.DataFrame) -> pl.Series:
    """The number of each procedure's company: a new one, or one in five times one of that province, in another year or with the other type."""
    taken: list[set[tuple[int, str]]] = []  # years and types of procedure of each company
    local: dict[str, list[int]] = {}
    chosen = []
    for sigla, *when in pratiche.select("sigla_provincia", "anno", "tipo_procedura").iter_rows():
        known = [company for company in local.get(sigla, []) if tuple(when) not in taken[company]]
        again = bool(known) and rng.random() < 0.2
        company = known[rng.integers(len(known))] if again else len(taken)
        if not again:
            taken.append(set())
            local.setdefault(sigla, []).append(company)
        taken[company].add(tuple(when))
        chosen.append(company)
    return pl.Series(chosen, dtype=pl.Int64)


def _phases(rng: Rng, pratiche: pl.DataFrame, base: Base) -> pl.DataFrame:
    """The procedures with their dates, outcome and state on the day of the extraction."""
    size, today = pratiche.height, pl.lit(base.estrazione)
    cigs, causale = pl.col("tipo_procedura") == "CIGS", pl.col("causale")
    longest = causale.replace_strict(MESI_MASSIMI | {"PROROGA_22BIS": 12}, default=None, return_dtype=pl.Int64)
    months = pl.min_horizontal(longest, pl.lit(pl.Series(rng.choice([6, 9, 12, 12, 12, 24, 36], size))))
    failed = _chance(rng, size, 0.15) & ~causale.is_in(CON_ACCORDO)
    esame = pl.col("data_apertura") + pl.when(cigs).then(_days(rng, size, 5, 20)).otherwise(_days(rng, size, 10, 40))
    firma = pl.col("data_esame_congiunto") + pl.when(cigs).then(_days(rng, size, 0, 12)).otherwise(_days(rng, size, 0, 35))
    pratiche = pratiche.with_columns(data_esame_congiunto=esame).with_columns(firma=firma)
    pending = ~cigs & (pl.col("firma") > today - pl.duration(days=30))
    esito = pl.when(pending).then(pl.lit("IN_CORSO")).when(failed).then(pl.lit("MANCATO_ACCORDO")).otherwise(pl.lit("ACCORDO"))
    pratiche = pratiche.with_columns(esito_fase=esito, data_inizio=pl.when(cigs).then(pl.col("firma") + _days(rng, size, 3, 30)))
    end = pl.col("data_inizio").dt.offset_by(months.cast(pl.String) + "mo") - pl.duration(days=1)
    decreto = pl.col("data_inizio") + _days(rng, size, 45, 120)
    pratiche = pratiche.with_columns(
        data_accordo=pl.when(pl.col("esito_fase") == "ACCORDO").then("firma"),
        data_fine=end,
        data_decreto_concessione=pl.when(decreto < today).then(decreto),
        numero_decreto=pl.when(decreto < today).then(pl.lit(pl.Series(rng.integers(100, 9999, size))).cast(pl.String)),
    )
    over = pl.when(cigs).then(pl.col("data_fine") < today).otherwise(pl.col("esito_fase") != "IN_CORSO")
    return pratiche.with_columns(stato=pl.when(over).then(pl.lit("CONCLUSA")).otherwise(pl.lit("IN_CORSO")))


def _units(rng: Rng, unita: pl.DataFrame, base: Base, copy: int) -> pl.DataFrame:
    """The units with their place, their size and their company's name, codes and sector."""
    size, workers, causale = unita.height, pl.col("lavoratori_coinvolti"), pl.col("causale")
    number = (pl.int_range(1, pl.len() + 1).over("id_procedura")).cast(pl.String).str.zfill(2)
    companies = range(unita["azienda"].max() + 1)
    settori = base.settori["settore"].unique(maintain_order=True).gather(rng.integers(0, base.settori["settore"].n_unique(), len(companies)))
    own = pl.DataFrame({
        "azienda": companies,
        "codice_fiscale_azienda": [_tax_code(copy * COPY + n) for n in companies],
        "ragione_sociale": [f"Azienda sintetica {copy * COPY + n:04} {'SpA' if n % 3 else 'Srl'}" for n in companies],
        "settore": settori,
    })  # fmt: skip
    how = pl.when(causale == "CDS").then(pl.lit("RIDUZIONE")).when(causale == "CESSAZIONE_ART44").then(pl.lit("ZERO_ORE"))
    unita = unita.with_columns(
        id_unita=pl.col("id_procedura") + "-" + number,
        organico_unita=(workers * pl.lit(pl.Series(1 + rng.exponential(0.8, size)))).floor().cast(pl.Int64),
        modalita=pl.when(tipo_procedura="CIGS").then(how.otherwise(_pick(rng, {"ZERO_ORE": 4, "ROTAZIONE": 5, None: 1}, size))),
    )
    reduced = pl.lit(pl.Series(rng.integers(40, 161, size) / 2))  # 20-80, by halves
    cut = pl.when(pl.col("modalita") == "ZERO_ORE").then(100.0).when(pl.col("modalita").is_not_null()).then(reduced)
    surplus = pl.when((pl.col("tipo_procedura") == "LIC") | (causale == "CESSAZIONE_ART44")).then(workers).when(causale == "CRISI").then(workers // 4)
    unita = unita.with_columns(perc_riduzione_media=cut, esuberi_dichiarati=surplus, anno_riferimento=pl.col("anno"))
    unita = unita.join(own, on="azienda", how="left", maintain_order="left").join(base.comuni, on="sigla_provincia", how="left", maintain_order="left")
    unita = unita.join_asof(base.settori.sort("in_uso_dal"), left_on="data_apertura", right_on="in_uso_dal", by="settore", check_sortedness=False)
    whole = pl.col("organico_unita").sum().over("id_procedura")
    unita = unita.with_columns(whole=whole).with_columns(
        classe_dimensionale=pl.col("whole").max().over("azienda").cut([49, 99, 249], labels=["16-49", "50-99", "100-249", "250+"]).cast(pl.String),
        complessita=pl.col("whole").cut([40, 150], labels=["BASSA", "MEDIA", "ALTA"]).cast(pl.String),
    )
    return unita.sort("id_unita")


def _with_women(rng: Rng, unita: pl.DataFrame, lavoratori: pl.DataFrame) -> pl.DataFrame:
    """The units with the women among their workers: those of the list, where there is one."""
    listed = lavoratori.group_by("id_unita").agg(di_cui_donne=(pl.col("genere") == "F").sum().cast(pl.Int64))
    drawn = pl.Series(rng.binomial(unita["lavoratori_coinvolti"].to_numpy(), 0.35))
    return unita.join(listed, on="id_unita", how="left", maintain_order="left").with_columns(pl.col("di_cui_donne").fill_null(drawn))


def _versions(rng: Rng, unita: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and version. Some have a first one: a meeting put off, an agreement renewed with other numbers, or what was revoked."""
    revoked, workers = pl.col("revocata"), pl.col("lavoratori_coinvolti")
    dates = ["data_accordo", "data_inizio", "data_fine", "data_decreto_concessione", "numero_decreto"]
    last = unita.with_columns(progressivo_versione=1 + (revoked | (pl.col("storia") != "UNICA")).cast(pl.Int64))
    first = last.filter(progressivo_versione=2)
    agreed = (pl.col("storia") == "ACCORDO_SUCCESSIVO") & (pl.col("esito_fase") == "ACCORDO") & ~revoked
    were = (workers * pl.lit(pl.Series(rng.uniform(0.9, 1.4, first.height)))).ceil().cast(pl.Int64)
    first = first.with_columns(
        progressivo_versione=pl.lit(1),
        lavoratori_coinvolti=were,
        di_cui_donne=pl.col("di_cui_donne") * were // workers,
        organico_unita=pl.max_horizontal("organico_unita", were),
        esito_fase=pl.when(agreed).then(pl.lit("ACCORDO")).otherwise(pl.lit("IN_CORSO")),
        stato=pl.lit("IN_CORSO"),
        data_accordo=pl.when(agreed).then("data_esame_congiunto"),
        data_inizio=pl.when(agreed).then("data_inizio"),
        data_fine=pl.when(agreed).then(pl.col("data_inizio") + (pl.col("data_fine") - pl.col("data_inizio")) / 2),
        data_decreto_concessione=pl.lit(None, pl.Date),
        numero_decreto=pl.lit(None, pl.String),
    )
    last = last.with_columns(pl.when(~revoked).then(pl.col(name)).alias(name) for name in dates)
    last = last.with_columns(pl.when(revoked).then(pl.lit("REVOCATA")).otherwise(pl.col(name)).alias(name) for name in ("esito_fase", "stato"))
    rare = {"ccnl_cnel": 0.1, "classe_dimensionale": 0.04, "organico_unita": 0.06, "di_cui_donne": 0.03, "complessita": 0.15, "esuberi_dichiarati": 0.05}
    return _blanked(rng, pl.concat([first, last], how="vertical_relaxed"), rare).sort("id_unita", "progressivo_versione")


# Workers


def _workers(rng: Rng, unita: pl.DataFrame, base: Base, key: str) -> pl.DataFrame:
    """One row per worker and unit; where a company has a second CIGS, half of those of the first are in it too."""
    place, size = ["azienda", "sigla_provincia"], pl.col("lavoratori_coinvolti").sum() // 2
    before = unita.group_by(*place, "id_procedura", maintain_order=True).agg(size.alias("salto"))
    before = before.with_columns((pl.col("salto").cum_sum() - pl.col("salto")).over(place))
    rows = unita[np.repeat(np.arange(unita.height), unita["lavoratori_coinvolti"])]
    rows = rows.join(before, on=[*place, "id_procedura"], how="left", maintain_order="left")
    rows = rows.with_columns(numero=pl.int_range(pl.len()).over(*place, "id_procedura") + pl.col("salto"))
    people = _people(rng, rows.select(*place, "numero").unique(maintain_order=True), base, key)
    rows = rows.join(people, on=[*place, "numero"], how="left", maintain_order="left")
    late = pl.when(_chance(rng, rows.height, 0.15)).then(_days(rng, rows.height, 7, 30)).otherwise(pl.duration(days=0))
    rows = rows.with_columns(data_inizio_sospensione=pl.col("data_inizio") + late, data_fine_prevista="data_fine")
    state, recent = pl.col("stato_rapporto"), pl.col("data_inizio_sospensione") > base.estrazione - timedelta(days=60)
    rows = rows.with_columns(_pick(rng, STATI_RAPPORTO, rows.height).alias("stato_rapporto"))
    back = state.is_in(["CESSATO", "PENSIONATO"]) & ~pl.col("id_lavoratore").is_last_distinct()  # suspended again later on
    around = (pl.col("perc_riduzione_media").fill_null(50) + pl.lit(pl.Series(rng.integers(-10, 11, rows.height)))).clip(5, 100)
    return rows.with_columns(
        ore_sospensione_pct=pl.when(pl.col("modalita") == "ZERO_ORE").then(100.0).otherwise(around),
        a_rischio_esubero=_pick(rng, {"S": 15, "N": 68, "ND": 12, None: 5}, rows.height),
        stato_rapporto=pl.when(recent).then(pl.lit("SOSPESO")).when(back).then(pl.lit("RIENTRATO")).otherwise(state),
    )


def _people(rng: Rng, people: pl.DataFrame, base: Base, key: str) -> pl.DataFrame:
    """One row per person: pseudonym, and what does not change from a procedure to the next."""
    size = people.height
    women = rng.random(size) < np.clip(0.35 + 0.15 * _effect(rng, people["azienda"]), 0.05, 0.9)
    genere = pl.when(_chance(rng, size, 0.01)).then(pl.lit("ND")).when(pl.Series(women)).then(pl.lit("F")).otherwise(pl.lit("M"))
    others = _pick(rng, dict.fromkeys(base.comuni["sigla_provincia"], 1) | {"FUORI_REGIONE": 2, None: 2}, size)
    return people.with_columns(
        pl.Series("id_lavoratore", [blake2b(f"{key}.{n}".encode(), digest_size=16).hexdigest() for n in range(size)]),
        *(_pick(rng, weights, size).alias(name) for name, weights in PERSONA.items()),
        genere=genere,
        sigla_prov_domicilio=pl.when(_chance(rng, size, 0.8)).then("sigla_provincia").otherwise(pl.lit(others)),
    )


# Steps towards active labour policies


def _pal(rng: Rng, lavoratori: pl.DataFrame, base: Base) -> pl.DataFrame:
    """One row per worker of the ministerial CIGS opened in the last year: `passi` made by its end, and the day of each (giorno_1 to giorno_4).

    Exactly the printed share has made four. Company and Nucleo make one quick or late; an exempt worker has two: taken in charge, then NO PAL.
    """
    pal = lavoratori.filter(procedura=MINISTERIALE, anno=base.anno)
    start = pal["data_inizio_sospensione"]
    days = (pl.Series([base.trimestri[f"{base.anno}-T4"]]) - start).dt.total_days().to_numpy()
    pace = _effect(rng, pal["id_procedura"]) + 0.7 * _effect(rng, pal["sigla_provincia"])
    exempt = (days >= 10) & (rng.random(pal.height) < pal["stato_rapporto"].replace_strict(ESONERO, return_dtype=pl.Float64).to_numpy())
    score = np.where((days < 10) | exempt, -np.inf, pace + rng.normal(0, 0.6, pal.height) + days / 180)
    made = np.where(exempt, 2, _ranked(score, (base.attivati_pct * pal.height + 50) // 100))
    parts = np.sort(rng.random((pal.height, 4))) * (np.clip(0.7 - 0.2 * pace, 0.25, 1) * np.maximum(days, 0))[:, None]
    steps = {f"giorno_{n}": start + pl.Series(parts[:, n - 1].astype(int)).cast(pl.Duration("ms")) for n in range(1, 5)}
    pal = pal.with_columns(esonerato=pl.Series(exempt), passi=pl.Series(made), motivo=_pick_by(rng, pal["stato_rapporto"], MOTIVI))
    return pal.with_columns(**steps, misura=_measure(rng, pal, base), nucleo="sigla_provincia")


def _ranked(score: np.ndarray, activated: int) -> np.ndarray:
    """Steps made: four by the best scores, then three to none in equal parts; none without a score."""
    order = np.argsort(-score, kind="stable")
    rest = max(int(np.isfinite(score).sum()) - activated, 0)
    made = np.zeros(len(score), int)
    made[order[:activated]] = 4
    made[order[activated : activated + rest]] = 3 - 4 * np.arange(rest) // max(rest, 1)
    return made


def _measure(rng: Rng, pal: pl.DataFrame, base: Base) -> pl.Series:
    """The measure of each worker, mostly one per company; Formazione Continua within its cap per company, GOL in occupational transition."""
    size = pal.height
    usual = _pick(rng, {"DUL": 62, "FC": 20, "FONDO_INTERPROF": 9, "AZIENDALE": 6, "ALTRO": 3}, size)
    keen = pl.Series(_effect(rng, pal["id_procedura"]) > 0.5) & pl.Series(rng.random(size) < 0.5)
    usual = pl.Series(["FC"], dtype=pl.String).new_from_index(0, size).zip_with(keen, usual)
    wanted = (pl.lit(usual) == "FC") & (pl.col("passi") == 4)
    vouchers = int(base.fc["tetto_impresa_eur"]) // int(base.fc["tetto_lavoratore_eur"])
    beyond = wanted & (wanted.cum_sum().over("azienda") > vouchers)
    gol = (pl.col("causale") == "TRANS_OCC_22TER") & _chance(rng, size, 0.6)
    return pal.select(pl.when(gol).then(pl.lit("GOL")).when(beyond).then(pl.lit("DUL")).otherwise(pl.lit(usual)).alias("misura")).to_series()


def _quarters(pal: pl.DataFrame, base: Base) -> pl.DataFrame:
    """One row per worker and quarter, from the opening of the procedure on: the step reached, blank if none."""
    parts = []
    for quarter, end in base.trimestri.items():
        made = pl.min_horizontal("passi", pl.sum_horizontal((pl.col(f"giorno_{n}") <= end).cast(pl.Int64) for n in range(1, 5)))
        known = pal.filter(pl.col("data_apertura") <= end).with_columns(trimestre=pl.lit(quarter), fine=pl.lit(end), fatti=made)
        exempt = pl.col("esonerato") & (pl.col("fatti") == 2)
        day = pl.coalesce(pl.when(pl.col("fatti") == n).then(f"giorno_{n}") for n in range(1, 5))
        step = pl.when(exempt).then(pl.lit("NO_PAL")).when(pl.col("fatti") > 0).then(pl.format("STEP{}", "fatti"))
        parts.append(known.with_columns(
            step=step, data_step=day, motivo=pl.when(exempt).then("motivo"), misura=pl.when(pl.col("fatti") == 4).then("misura")
        ))  # fmt: skip
    return pl.concat(parts)


def _counts(stati: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and quarter: its workers by step reached."""
    steps = {name: (pl.col("step") == code).sum() for code, name in zip(PASSI, PASSI_CONTO, strict=True)}
    reasons = {name: (pl.col("motivo") == code).sum() for code, name in zip(MOTIVI_NO_PAL, MOTIVI_CONTO, strict=True)}
    counts = stati.group_by("trimestre", "id_unita", maintain_order=True).agg(
        pl.col("id_procedura", "nucleo", "ragione_sociale", "data_inizio", "fine").first(),
        lavoratori_sospesi=pl.len(),
        **steps,
        non_ancora_presi=pl.col("step").is_null().sum(),
        **reasons,
        misura_prevalente=pl.col("misura").drop_nulls().mode().sort().first(),
    )
    counts = counts.with_columns(pl.selectors.integer().cast(pl.Int64))
    met = {"data_incontro_parti": 10, "data_incontro_lavoratori": 24}
    days = {name: pl.col("data_inizio") + pl.duration(days=lag + pl.col("lavoratori_sospesi") % 20) for name, lag in met.items()}
    return counts.with_columns(
        *(pl.when(pl.col("no_pal") > 0).then(pl.col(name)).alias(name) for name in MOTIVI_CONTO),
        *(pl.when(day <= pl.col("fine")).then(day).alias(name) for name, day in days.items()),
    )


def _submitted(rng: Rng, counts: pl.DataFrame) -> pl.DataFrame:
    """The sheets as they were sent: two of them late, and three twice, the first time with some activations still at step 3."""
    sheets = counts.group_by("nucleo", "trimestre", maintain_order=True).agg(pl.col("fine").first(), attivate=pl.col("step4_pal_attivate").sum())
    row, size = pl.int_range(pl.len()), sheets.height
    third = sheets.with_row_index("n").filter(pl.col("trimestre").str.ends_with("T3"))["n"].to_numpy()
    right = sheets.with_row_index("n").filter(pl.col("attivate") > 0)["n"].to_numpy()
    late, twice = (rng.choice(rows, min(len(rows), wanted), replace=False).tolist() for rows, wanted in ((third, 2), (right, 3)))
    wait = pl.when(row.is_in(late)).then(_days(rng, size, 45, 75)).otherwise(_days(rng, size, 5, 20))
    sheets = sheets.with_columns(data_invio=pl.col("fine") + wait, due=row.is_in(twice)).drop("fine", "attivate")
    sent = counts.join(sheets, on=["nucleo", "trimestre"], how="left", maintain_order="left")
    sent = sent.with_columns(
        progressivo_invio=pl.lit(1),
        operatore_accreditato=pl.format("OP-{}", _pick(rng, OPERATORI, sent.height)),
        note=_pick(rng, {None: 90, "Incontro rinviato su richiesta dell'azienda": 6, "In attesa dell'elenco aggiornato dall'azienda": 4}, sent.height),
    )
    moved = pl.min_horizontal("step4_pal_attivate", pl.lit(3))
    first = sent.with_columns(pl.when("due").then(pl.col("step4_pal_attivate") - moved).otherwise("step4_pal_attivate"))
    first = first.with_columns(step3_incontri=pl.col("lavoratori_sospesi") - pl.sum_horizontal(*OTHERS))
    again = sent.filter("due").with_columns(progressivo_invio=pl.lit(2), data_invio=pl.col("data_invio") + pl.duration(days=21))
    return pl.concat([first, again]).sort("trimestre", "nucleo", "id_unita", "progressivo_invio")

"""What a sum of money would reach: collective active policies for suspended workers, services for companies in crisis.

A calculation, not a forecast: what follows from the hypotheses of `ipotesi`. With B the money, q the
share for companies, E the suspended workers not yet reached, a their take-up, c the cost per worker, F the fixed cost of a group and
g the workers that fit in it:

    workers who join    J = floor(E a)
    money for workers   W = floor(B (1 - q)); the rest of B is for companies, and what one side does not spend stays with it
    cost of n workers   C(n) = n c + ceil(n / g) F: the last group may be incomplete, and costs its F whole
    workers reached     S = the smaller of J and of the largest n with C(n) <= W
    companies reached   the smaller of those that join and of floor((B - W) / cost of one)

All in whole workers, companies and euro: nobody is reached in part. Source of the formulas: ours (docs/metodo.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.estratti import Estratti
from analisi.indicators.ipotesi import CASI, case_values
from analisi.indicators.procedure_in_corso import UNITA, cigs, is_in_course
from analisi.tables.schema import COUNT_LIMIT

MESI = 12  # months over which those who join arrive, evenly
WHOLE = 10_000  # a percentage is kept as hundredths of a point, so that products are exact
MULTIPLES = (Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3))
ESITI = {  # what is reached: the hypotheses that can move it
    "raggiunti": [
        "quota_imprese_pct", "gia_raggiunti_pct", "adesione_lavoratori_pct",
        "costo_lavoratore_eur", "costo_gruppo_eur", "lavoratori_gruppo",
    ],
    "imprese_raggiunte": ["quota_imprese_pct", "adesione_imprese_pct", "costo_impresa_eur"],
}  # fmt: skip
TESTI, REALI = ("caso", "punto", "esito", "voce", "provincia"), ("costo_medio_eur", "adesione_pareggio", "basso", "alto")


@dataclass(frozen=True)
class Platea:
    """Who the measure is for: suspended workers and companies of the territory; `province` has those counted, one row per provincia.

    `sospesi_indicati`, `imprese_indicate`: whether the total comes from the parameters, not from the count.
    """

    province: pl.DataFrame
    sospesi: int
    imprese: int
    sospesi_indicati: bool
    imprese_indicate: bool


def platea(dati: Estratti, giorno: date, lavoratori_sospesi: int = 0, imprese: int = 0) -> Platea:
    """Workers suspended in the CIGS in course on a day and their companies; a total other than 0 takes the place of the counted one.

    Raises:
        AnalisiError: a total is negative or too large.
    """
    for name, total in (("lavoratori_sospesi", lavoratori_sospesi), ("imprese", imprese)):
        if not 0 <= total <= COUNT_LIMIT:
            msg = f"--{name} {total}: non è ammesso; serve un numero intero da 1 in su, oppure 0 per contare dagli estratti"
            raise AnalisiError(msg)
    found = counted(dati, giorno)
    totals = (lavoratori_sospesi or found["sospesi"].sum(), imprese or found["imprese"].sum())
    return Platea(found, *totals, bool(lavoratori_sospesi), bool(imprese))


def counted(dati: Estratti, giorno: date) -> pl.DataFrame:
    """One row per provincia of the territory, of the CIGS in course on a day: workers, companies, and how much the lists lack.

    coinvolti: involvements, from the register. sospesi: people of the lists of names, suspended on the day and not yet back, gone or
    retired at the extraction, each once, where the suspension began last; where a unità has no list, its coinvolti (`senza_elenco`).
    elenchi_corti: units whose list, of workers in any state, is shorter than their coinvolti; fuori_elenco: the workers it lacks.
    imprese: each once, where it has most workers involved.
    """
    t, lists = dati.territorio, dati.tabelle["cigs_lavoratori"]
    units = cigs(dati.vol).filter(is_in_course(giorno), pl.col("provincia").is_in(t.sigle))
    rows = pl.DataFrame({"provincia": t.sigle}, schema={"provincia": pl.String})
    for part in (
        units.group_by("provincia").agg(pl.col("lavoratori_coinvolti").sum().alias("coinvolti")),
        units.join(lists, on=UNITA, how="anti").group_by("provincia").agg(pl.col("lavoratori_coinvolti").sum().alias("senza_elenco")),
        _short_lists(lists, units),
        _per_provincia(_people(lists, units, giorno), "id_lavoratore", "elenco"),
        _per_provincia(_companies(units, t.sigle), "codice_fiscale_azienda", "imprese"),
    ):
        rows = rows.join(part, on="provincia", how="left", maintain_order="left")
    rows = rows.with_columns(pl.exclude("provincia").fill_null(0))
    suspended = (pl.col("elenco") + pl.col("senza_elenco")).alias("sospesi")
    return rows.select("provincia", "coinvolti", suspended, "senza_elenco", "elenchi_corti", "fuori_elenco", "imprese")


def suspended(dati: Estratti, giorno: date) -> pl.DataFrame:
    """One row per unità of the CIGS in course on a day: its company, provincia and `sospesi`, each worker in one, as `counted` has them."""
    t, lists = dati.territorio, dati.tabelle["cigs_lavoratori"]
    units = cigs(dati.vol).filter(is_in_course(giorno), pl.col("provincia").is_in(t.sigle))
    people = _people(lists, units, giorno).unique("id_lavoratore", keep="first", maintain_order=True)
    listed = people.group_by(UNITA, maintain_order=True).agg(pl.len().cast(pl.Int64).alias("sospesi"))
    rest = units.join(lists, on=UNITA, how="anti").select(*UNITA, sospesi="lavoratori_coinvolti")
    return units.select(*UNITA, "provincia", impresa="codice_fiscale_azienda").join(
        pl.concat([listed, rest]), on=UNITA, maintain_order="left"
    )


def companies(dati: Estratti, giorno: date) -> pl.DataFrame:
    """One row per company of the CIGS in course on a day: `impresa`, provincia, its workers involved there (`coinvolti`)."""
    sigle = dati.territorio.sigle
    units = cigs(dati.vol).filter(is_in_course(giorno), pl.col("provincia").is_in(sigle))
    rows = _companies(units, sigle).unique("codice_fiscale_azienda", keep="first", maintain_order=True)
    return rows.select("provincia", impresa="codice_fiscale_azienda", coinvolti="lavoratori_coinvolti")


def _short_lists(lists: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """One row per provincia: units whose list is shorter than their workers involved, and how many workers it lacks."""
    listed = lists.group_by(UNITA).agg(pl.col("id_lavoratore").n_unique().cast(pl.Int64).alias("elencati"))
    lacking = units.join(listed, on=UNITA).with_columns((pl.col("lavoratori_coinvolti") - pl.col("elencati")).alias("fuori_elenco"))
    short = lacking.filter(pl.col("fuori_elenco") > 0).group_by("provincia")
    return short.agg(pl.len().cast(pl.Int64).alias("elenchi_corti"), pl.col("fuori_elenco").sum())


def _people(lists: pl.DataFrame, units: pl.DataFrame, giorno: date) -> pl.DataFrame:
    """The workers of the units still suspended on a day, the latest suspension first."""
    rows = lists.rename({"data_inizio_sospensione": "data_inizio", "data_fine_prevista": "data_fine"})
    rows = rows.filter(is_in_course(giorno), pl.col("stato_rapporto") == "SOSPESO").join(units.select(*UNITA, "provincia"), on=UNITA)
    return rows.sort("data_inizio", *UNITA, descending=[True, False, False])


def _companies(units: pl.DataFrame, sigle: Sequence[str]) -> pl.DataFrame:
    """One row per company and provincia, where it has most workers first; equals in the order of the territory."""
    rows = units.group_by("codice_fiscale_azienda", "provincia").agg(pl.col("lavoratori_coinvolti").sum())
    order = pl.col("provincia").replace_strict(sigle, range(len(sigle)), return_dtype=pl.Int64)
    return rows.sort("codice_fiscale_azienda", -pl.col("lavoratori_coinvolti"), order)


def _per_provincia(rows: pl.DataFrame, key: str, name: str) -> pl.DataFrame:
    """How many keys each provincia has, each counted once, in its first row."""
    return rows.unique(key, keep="first", maintain_order=True).group_by("provincia").agg(pl.len().cast(pl.Int64).alias(name))


def affordable(fondi: int, costo_lavoratore: int, costo_gruppo: int, lavoratori_gruppo: int) -> int | None:
    """The largest number of workers whose groups cost no more than `fondi` (euro); null when they cost nothing.

    >>> affordable(50_000, 1_000, 5_000, 15)  # two full groups of 20.000, then 5.000 for a third and 5 workers
    35
    """
    full = costo_gruppo + lavoratori_gruppo * costo_lavoratore
    if not full:
        return None
    groups, rest = divmod(fondi, full)
    more = (rest - costo_gruppo) // costo_lavoratore if costo_lavoratore and rest >= costo_gruppo else 0
    return groups * lavoratori_gruppo + more


def cost(lavoratori: int, costo_lavoratore: int, costo_gruppo: int, lavoratori_gruppo: int) -> int:
    """Euro that so many workers cost, in as few groups as hold them.

    >>> cost(35, 1_000, 5_000, 15)
    50000
    """
    return lavoratori * costo_lavoratore + -(-lavoratori // lavoratori_gruppo) * costo_gruppo


def _share(number: int, percent: float) -> int:
    """Whole part of a percentage of a number, exact."""
    return number * round(percent * 100) // WHOLE


def outcome(sospesi: int, imprese: int, valori: Mapping[str, float]) -> dict[str, int | float | None]:
    """What is reached with one value of each voce: workers, groups, companies, euro; `adesione_pareggio` and shares are 0-1.

    adesione_pareggio: take-up up to which the money suffices for who joins. mese_esaurimento: month (1-12) in which the money ends if
    those who join arrive evenly over a year; null if it suffices. budget_sufficiente: least money, at the same share to companies, that
    reaches all who join; null where no sum does, or nobody joins. Averages of nobody are null.
    """
    prices = tuple(int(valori[name]) for name in ("costo_lavoratore_eur", "costo_gruppo_eur", "lavoratori_gruppo"))
    budget, to_workers = int(valori["budget_eur"]), WHOLE - round(valori["quota_imprese_pct"] * 100)
    fondi = budget * to_workers // WHOLE
    destinatari = _share(sospesi, 100 - valori["gia_raggiunti_pct"])
    aderenti = _share(destinatari, valori["adesione_lavoratori_pct"])
    limit = affordable(fondi, *prices)
    raggiunti = aderenti if limit is None else min(aderenti, limit)
    spesa, need = cost(raggiunti, *prices), cost(aderenti, *prices)
    return {
        "sospesi": sospesi, "destinatari": destinatari, "aderenti": aderenti, "gruppi": -(-raggiunti // prices[2]), "raggiunti": raggiunti,
        "non_raggiunti": aderenti - raggiunti, "fondi_lavoratori_eur": fondi, "spesa_lavoratori_eur": spesa,
        "residuo_lavoratori_eur": fondi - spesa, "costo_medio_eur": spesa / raggiunti if raggiunti else None, "finanziabili": limit,
        "adesione_pareggio": (1.0 if limit is None else min(1.0, limit / destinatari)) if destinatari else None,
        "mese_esaurimento": None if limit is None or aderenti <= limit else MESI * limit // aderenti + 1,
        "budget_sufficiente_eur": None if not aderenti else 0 if not need else -(-need * WHOLE // to_workers) if to_workers else None,
    } | _of_companies(imprese, budget - fondi, valori)  # fmt: skip


def _of_companies(imprese: int, fondi: int, valori: Mapping[str, float]) -> dict[str, int | None]:
    price, share = int(valori["costo_impresa_eur"]), round(valori["quota_imprese_pct"] * 100)
    aderenti = _share(imprese, valori["adesione_imprese_pct"])
    raggiunte = min(aderenti, fondi // price) if price else aderenti
    need = aderenti * price
    return {
        "imprese": imprese, "imprese_aderenti": aderenti, "imprese_raggiunte": raggiunte, "imprese_non_raggiunte": aderenti - raggiunte,
        "fondi_imprese_eur": fondi, "spesa_imprese_eur": raggiunte * price, "residuo_imprese_eur": fondi - raggiunte * price,
        "budget_sufficiente_imprese_eur": None if not aderenti else 0 if not need else (need - 1) * WHOLE // share + 1 if share else None,
    }  # fmt: skip


def _frame(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    types = {name: pl.String if name in TESTI else pl.Float64 if name in REALI else pl.Int64 for name in rows[0]}
    return pl.DataFrame(rows, schema=types)


def results(base: Platea, ipotesi: pl.DataFrame) -> pl.DataFrame:
    """One row per caso (prudente, centrale, favorevole): what `outcome` says of the territory."""
    return _frame([{"caso": caso} | outcome(base.sospesi, base.imprese, case_values(ipotesi, caso)) for caso in CASI])


def by_take_up(base: Platea, ipotesi: pl.DataFrame) -> pl.DataFrame:
    """One row per take-up of workers (`adesione_pct`, from 10 to 100), all else central: what `outcome` says."""
    shares = range(10, 101, 10)
    found = [outcome(base.sospesi, base.imprese, case_values(ipotesi, adesione_lavoratori_pct=share)) for share in shares]
    return _frame([{"adesione_pct": share} | row for share, row in zip(shares, found, strict=True)])


def by_budget(base: Platea, ipotesi: pl.DataFrame, steps: int = 24) -> pl.DataFrame:
    """One row per caso, punto and fondi_eur: workers and companies reached with another sum of money.

    punto: "griglia" (even steps from 0 to a tenth beyond the money, or beyond what suffices for the workers of every case), "multiplo"
    (of the money: `MULTIPLES`), "basta" (the least that reaches all the workers who join; no row where no sum does).
    """
    money = int(case_values(ipotesi)["budget_eur"])
    enough = dict(results(base, ipotesi).select("caso", "budget_sufficiente_eur").iter_rows())
    top = max(money, *(value or 0 for value in enough.values())) * 11 // 10
    rows = []
    for caso in CASI:
        points = [("griglia", fondi) for fondi in sorted({top * n // steps for n in range(steps + 1)})]
        points += [("multiplo", int(money * times)) for times in MULTIPLES] + [("basta", enough[caso])]
        for punto, fondi in points:
            if fondi is not None:
                found = outcome(base.sospesi, base.imprese, case_values(ipotesi, caso, budget_eur=fondi))
                kept = {name: found[name] for name in ("raggiunti", "non_raggiunti", "imprese_raggiunte", "imprese_non_raggiunte")}
                rows.append({"caso": caso, "punto": punto, "fondi_eur": fondi} | kept)
    return _frame(rows)


def tornado(base: Platea, ipotesi: pl.DataFrame) -> pl.DataFrame:
    """One row per esito (raggiunti, imprese_raggiunte) and voce: the outcome with that hypothesis low and high, all others central.

    `ampiezza`: how far apart the two are; the widest first.
    """
    ends, rows = dict(ipotesi.select("voce", pl.struct("basso", "alto")).iter_rows()), []
    for esito, voci in ESITI.items():
        for voce in voci:
            low, high = ends[voce]["basso"], ends[voce]["alto"]
            changes = [{voce: low}, {}, {voce: high}]
            found = [outcome(base.sospesi, base.imprese, case_values(ipotesi, **change))[esito] for change in changes]
            reached = dict(zip(("con_basso", "centrale", "con_alto"), found, strict=True))
            rows.append({"esito": esito, "voce": voce, "basso": low, "alto": high} | reached | {"ampiezza": abs(found[0] - found[2])})
    return _frame(rows).sort(pl.col("esito") == "imprese_raggiunte", -pl.col("ampiezza"), maintain_order=True)


def divide(total: int, weights: Sequence[int]) -> list[int | None]:
    """A whole number in whole parts proportional to weights, which sum to it; null where no weight says how.

    Sainte-Lague's method (Webster's): unlike the largest remainder, a larger total gives no part less, and a total not above another
    gives no part above; so that in every provincia reached <= joining <= suspended. Ties go to the first.

    Source: Balinski and Young, Fair Representation, Yale University Press, 1982.

    >>> divide(10, [6, 3, 1]), divide(1, [1, 1]), divide(3, [0, 0])
    ([6, 3, 1], [1, 0], [None, None])
    """
    whole = sum(weights)
    if not whole:
        return [None if total else 0 for _ in weights]
    parts = [(2 * total * weight + whole) // (2 * whole) for weight in weights]
    while gap := total - sum(parts):
        if gap > 0:
            parts[max(range(len(parts)), key=lambda i: (Fraction(weights[i], 2 * parts[i] + 1), -i))] += 1
        else:
            parts[min((i for i in range(len(parts)) if parts[i]), key=lambda i: (Fraction(weights[i], 2 * parts[i] - 1), -i))] -= 1
    return parts


def territories(base: Platea, risultati: pl.DataFrame, totale: str) -> pl.DataFrame:
    """One row per caso and provincia, then the territory (`totale`): its part of workers, companies and money, as `divide` makes them.

    Workers and money follow the suspended workers, companies the companies. `quota`: share of the suspended (0-1). A total given by the
    parameters is divided as those counted are; null where none is counted.
    """
    found, rows = base.province, []
    followed = {
        "sospesi": ("sospesi", "fondi_eur", "aderenti", "raggiunti"),
        "imprese": ("imprese", "imprese_aderenti", "imprese_raggiunte"),
    }
    for row in risultati.with_columns(fondi_eur=pl.col("fondi_lavoratori_eur") + pl.col("fondi_imprese_eur")).iter_rows(named=True):
        columns = {"provincia": [*found["provincia"], totale]}
        columns |= {name: [*found[name], found[name].sum()] for name in ("coinvolti", "senza_elenco", "elenchi_corti", "fuori_elenco")}
        for weight, names in followed.items():
            columns |= {name: [*divide(row[name], found[weight].to_list()), row[name]] for name in names}
        rows += [{"caso": row["caso"]} | dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    share = pl.when(base.sospesi > 0).then(pl.col("sospesi") / max(base.sospesi, 1)).alias("quota")
    return _frame(rows).with_columns(share, (pl.col("aderenti") - pl.col("raggiunti")).alias("non_raggiunti"))


def adds_up(territori: pl.DataFrame, totale: str) -> bool:
    """Whether in every caso the parts of the provinces sum to the row of the territory, where they are known."""
    names = ("sospesi", "fondi_eur", "aderenti", "raggiunti", "imprese", "imprese_aderenti", "imprese_raggiunte")
    parts = territori.group_by("caso").agg(
        (pl.col(name).filter(pl.col("provincia") != totale).sum() == pl.col(name).filter(pl.col("provincia") == totale).first())
        | pl.col(name).has_nulls()
        for name in names
    )
    return parts.select(pl.all_horizontal(names).all()).item()

"""Outcomes from mandatory communications (COB): who, among the workers of CIGS procedures, is employed again, when and how.

What reads single workers is written once for polars (lazy too), pandas, DuckDB and Spark frames, and returns the same kind: re-employment
is join, filter and first. What is counted comes back as polars. A worker whom the communications do not show is "non trovato", not
unemployed: they hold neither the self-employed, nor work abroad, nor all of the public sector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from analisi.indicators.copertura_misure import RILIEVI
from analisi.indicators.frames import Frame, as_day, as_frame, flag
from analisi.indicators.misure_pal import NON_INDICATO, PERSONA, TOT, known_until
from analisi.indicators.uncertainty import cluster_share
from analisi.sources.motori import collect, settled
from analisi.sources.riferimenti import read_reference
from analisi.workspace import reference

LOOP = ""  # root of a chain of corrections that has none
FINESTRE = (30, 90, 180, 365)  # days from the start, the last included
BASI = {
    "cessati": "chi ha perso il lavoro, dal giorno della cessazione comunicata",
    "sospesi": "tutti i sospesi, dall'inizio della sospensione",
}
CONTRATTI = {"A.01.00": "tempo indeterminato", "A.02.00": "tempo determinato"}
SOMMINISTRAZIONE, ALTRO_CONTRATTO = "somministrazione", "altro contratto"
AGENZIA = "UNISOMM"
WHO = [PERSONA, "cf_azienda", "inizio"]
CONTI = ("osservati", "non_osservabili", "rioccupati", "rientrati", "non_trovati", "di_frontiera")
LAVORO = {"tipo_contratto": "contratto", "modello": "modello", "comune_sede_lavoro": "comune_lavoro"}  # of the new job: as found, as told
USATE = ["id_comunicazione", "tipo_comunicazione", PERSONA, "cf_datore", "cf_utilizzatore", "data_inizio", "data_fine_prevista"]
USATE += ["data_cessazione", "data_invio", "annullata", "rettifica_di", *LAVORO]


def in_force(cob: IntoFrameT, inviate_entro: date | None = None, persone: IntoFrameT | None = None, tipi: Sequence[str] = ()) -> IntoFrameT:
    """One row per communication that counts: the last correction of each chain, unless cancelled.

    A communication that another corrects (`rettifica_di`) is replaced by it, so that of a chain only the end is left; of several
    corrections of one communication, the last sent (at equal days, the last by number). A correction that is cancelled cancels the chain:
    what it had replaced does not come back. One that says to correct itself corrects nothing. Those sent after `inviate_entro`, if one is
    given, are not known yet: they neither count nor correct.

    Args:
        persone, tipi: of which workers (id_lavoratore) and kinds rows are wanted, all if left out; corrections of others still correct.
    """
    known = _known(cob, inviate_entro)
    rows = _counting(known, tipi)
    if persone is None:
        return rows.join(_replaced(known), left_on="id_comunicazione", right_on="_di", how="anti").to_native()
    own = as_frame(settled(rows.join(as_frame(persone).select(PERSONA), on=PERSONA, how="semi")))
    return own.join(_replaced(known, own), left_on="id_comunicazione", right_on="_di", how="anti").to_native()


def _known(cob: IntoFrame, inviate_entro: date | None) -> Frame:
    """The communications sent by a day, if one is given."""
    rows = as_frame(cob)
    if not inviate_entro:
        return rows
    return rows.filter(nw.col("data_invio").is_null() | (nw.col("data_invio") <= as_day(inviate_entro, rows)))


def _counting(known: Frame, tipi: Sequence[str]) -> Frame:
    """Those of these kinds (all, if none is named) that are not cancelled; they count unless they are replaced (`_replaced`)."""
    rows = known.filter(nw.col("annullata").fill_null("N") != "S")
    return rows.filter(nw.col("tipo_comunicazione").is_in(list(tipi))) if tipi else rows


def _replaced(known: Frame, of: Frame | None = None) -> Frame:
    """The numbers (`_di`) of the communications that another replaces: what it corrects, and earlier corrections of the same.

    Args:
        of: the only rows that matter, computed already: other corrections are left out first, unless they correct the same as these.
    """
    number, corrected, sent = nw.col("id_comunicazione"), nw.col("rettifica_di"), nw.coalesce("data_invio", "data_inizio")
    corrections = known.filter(~corrected.is_null()).select(corrected.alias("_di"), number.alias("_id"), sent.alias("_invio"))
    if of is not None:
        touched = [of.select(number.alias("_di")), of.filter(~corrected.is_null()).select(corrected.alias("_di"))]
        corrections = corrections.join(nw.concat(touched, how="vertical"), on="_di", how="semi")
    # few rows of many, read three times below; those that correct themselves go after, so that DuckDB expects fewer rows and builds on them
    corrections = as_frame(settled(corrections)).filter(nw.col("_di") != nw.col("_id"))
    others = corrections.select("_di", nw.col("_id").alias("_altra"), nw.col("_invio").alias("_altro_invio"))
    later = (nw.col("_altro_invio") > nw.col("_invio")) | (
        (nw.col("_altro_invio") == nw.col("_invio")) & (nw.col("_altra") > nw.col("_id"))
    )
    earlier = corrections.join(others, on="_di", how="inner").filter(later).select(nw.col("_id").alias("_di"))
    return nw.concat([corrections.select("_di"), earlier], how="vertical")


def hirings(
    cob: IntoFrameT, durata_minima_giorni: int = 1, inviate_entro: date | None = None, persone: IntoFrameT | None = None
) -> IntoFrameT:
    """One row per hiring in force that lasts at least so many days: id_comunicazione, worker, employer, user company, start, contract.

    At least one day: every hiring.

    A job ends with the first cessation by the same employer from its start on, but before the start of the next hiring by that employer:
    a cessation is of the latest job begun by its day. Without one, a job ends with its planned end, moved by the extensions of the same
    start, unless it was made permanent. First and last day count. A job still open, or without an end, lasts.
    """
    kinds = ["ASSUNZIONE"] if durata_minima_giorni <= 1 else []
    return _lasting(in_force(cob, inviate_entro, persone, kinds), durata_minima_giorni)


def _lasting(valide: IntoFrameT, durata_minima_giorni: int) -> IntoFrameT:
    """`hirings` of communications in force."""
    kind, job = nw.col("tipo_comunicazione"), [PERSONA, "cf_datore", "data_inizio"]
    kept = ["id_comunicazione", *job, "cf_utilizzatore", *(nw.col(name).alias(own) for name, own in LAVORO.items())]
    rows = as_frame(valide)
    hired = rows.filter(kind == "ASSUNZIONE")
    if durata_minima_giorni <= 1:
        return hired.select(kept).to_native()
    ends = rows.filter(kind == "CESSAZIONE").select(PERSONA, "cf_datore", nw.col("data_cessazione").alias("_cessata"))
    pairs = hired.select("id_comunicazione", *job).join(ends, on=[PERSONA, "cf_datore"], how="inner")
    pairs, ended = pairs.filter(nw.col("_cessata") >= nw.col("data_inizio")), [PERSONA, "cf_datore", "_cessata"]
    latest = pairs.group_by(ended).agg(nw.col("data_inizio").max().alias("_ultima"))
    own = pairs.join(latest, on=ended, how="inner").filter(nw.col("data_inizio") == nw.col("_ultima"))
    first = own.group_by("id_comunicazione").agg(nw.col("_cessata").min())
    moved = rows.filter(kind == "PROROGA").group_by(job).agg(nw.col("data_fine_prevista").max().alias("_prorogata"))
    firm = rows.filter(kind == "TRASFORMAZIONE", nw.col("tipo_contratto").str.starts_with("A.01")).select(job).unique()
    hired = hired.join(first, on="id_comunicazione", how="left").join(moved, on=job, how="left")
    hired = hired.join(firm.with_columns(nw.lit("S").alias("_stabile")), on=job, how="left")
    planned = nw.when(nw.col("_stabile").fill_null("N") != "S").then(nw.coalesce("_prorogata", "data_fine_prevista"))
    end = nw.coalesce(nw.col("_cessata"), nw.col("data_cessazione"), planned)
    lasting = end.is_null() | (end >= nw.col("data_inizio").dt.offset_by(f"{durata_minima_giorni - 1}d"))
    return hired.filter(lasting).select(kept).to_native()


def outcomes(base: IntoFrameT, cob: IntoFrameT, data_riferimento: date, durata_minima_giorni: int = 1) -> IntoFrameT:
    """One row per row of `base`: the first job with another employer that starts after `inizio` and by `data_riferimento`, if any.

    The employer is another when neither it nor, for agency work, the user company is the company of the crisis. The day of `inizio`
    itself does not count, nor a communication sent later than `data_riferimento`. Added: data_rioccupazione, contratto, modello and
    comune_lavoro of that job (of several on a day, the first by number), and data_rientro, the first new hiring by the company of the
    crisis. Null where the communications show none.

    Args:
        base: one row per worker: id_lavoratore, cf_azienda (the company of the crisis), inizio (the day from which days are counted);
            other columns follow in the result.
        cob: rows of siul_cob.
    """
    return _first_jobs(base, hirings(cob, durata_minima_giorni, data_riferimento, base), data_riferimento)


def _first_jobs(base: IntoFrameT, assunzioni: IntoFrameT, data_riferimento: date) -> IntoFrameT:
    """`outcomes` from what `hirings` returns."""
    rows, start, same = as_frame(base), nw.col("data_inizio"), _same_company()
    jobs = as_frame(settled(_jobs(rows, as_frame(assunzioni), data_riferimento)))
    first = jobs.filter(~same).unique(WHO, keep="first", order_by=["data_inizio", "id_comunicazione"])
    found = first.select(*WHO, start.alias("data_rioccupazione"), *LAVORO.values())
    back = jobs.filter(same).group_by(WHO).agg(start.min().alias("data_rientro"))
    return rows.join(found, on=WHO, how="left").join(back, on=WHO, how="left").to_native()


def _jobs(base: Frame, assunzioni: Frame, data_riferimento: date) -> Frame:
    """One row per worker of the base and hiring that starts after `inizio` and by `data_riferimento`."""
    people = base.select(WHO).unique(WHO)  # the same person may stand in the base more than once
    start = nw.col("data_inizio")
    return people.join(assunzioni, on=PERSONA, how="inner").filter(start > nw.col("inizio"), start <= as_day(data_riferimento, base))


def _same_company() -> nw.Expr:
    """Whether the job is with the company of the crisis: as employer or, for agency work, as user company."""
    return (nw.col("cf_datore") == nw.col("cf_azienda")) | (nw.col("cf_utilizzatore").fill_null("") == nw.col("cf_azienda"))


def _observed(rows: Frame, data_riferimento: date, giorni: int) -> nw.Expr:
    """Whether the whole window is over by `data_riferimento`."""
    return nw.col("inizio") <= as_day(data_riferimento - timedelta(days=giorni), rows)


def _within(giorno: str, giorni: int) -> nw.Expr:
    """Whether a day is within the window, its last day included."""
    return nw.col(giorno) <= nw.col("inizio").dt.offset_by(f"{giorni}d")


def reemployed(
    lavoratori: IntoFrame, cob: IntoFrame, data_riferimento: date, by: Sequence[str], giorni: int = 180, base: str = "sospesi"
) -> pl.DataFrame:
    """One row per `by`: workers observed for so many days (`osservati`), and how many of them have another job by then (`rioccupati`).

    The figures of `windows`, where nothing else is asked: only hirings within the window are kept, and corrections of those alone are
    looked for.

    Args:
        lavoratori: as in `bases`, with the columns of `by`. base: one of `BASI`.
    """
    needed = [PERSONA, "id_procedura", "cf_azienda", "data_inizio_sospensione", *(["stato_rapporto"] if base == "cessati" else [])]
    listed = as_frame(lavoratori).select(dict.fromkeys([*needed, *by])).to_native()
    rows = as_frame(settled(as_frame(bases(listed, cob, data_riferimento, [base])).select(dict.fromkeys([*WHO, *by]))))
    known, start, seen = _known(cob, data_riferimento), nw.col("data_inizio"), _observed(rows, data_riferimento, giorni)
    hired = _counting(known, ["ASSUNZIONE"])
    hired = hired.select("id_comunicazione", PERSONA, "cf_datore", "cf_utilizzatore", "data_inizio", "rettifica_di")
    jobs = _jobs(rows.filter(seen), hired, data_riferimento).filter(_within("data_inizio", giorni), ~_same_company())
    jobs = as_frame(settled(jobs))
    jobs = jobs.join(_replaced(known, jobs), left_on="id_comunicazione", right_on="_di", how="anti")
    found = rows.join(jobs.group_by(WHO).agg(start.min().alias("data_rioccupazione")), on=WHO, how="left")
    tests = {"osservati": seen, "rioccupati": seen & ~nw.col("data_rioccupazione").is_null()}
    marked = found.select(*by, *(flag(test).alias(name) for name, test in tests.items()))
    return collect(marked.group_by(list(by)).agg(nw.col(*tests).sum())).sort(by)


def windows(esiti: IntoFrame, data_riferimento: date, by: Sequence[str] = (), finestre: Sequence[int] = FINESTRE) -> pl.DataFrame:
    """One row per finestra (days), `by` and id_procedura: workers of that procedure observed for the whole window, and what became of them.

    Observed (`osservati`): inizio + finestra is not after `data_riferimento`; the others are `non_osservabili`. `rioccupati`: their first
    job with another employer starts within the window, its last day included. `rientrati`: not so, but hired again within the window
    by the company of the crisis, or back to work by the lists (`rientro_elenco`, "S"). `non_trovati`: the rest; `di_frontiera`, those
    of them whose home is in a frontier provincia (`frontiera`, "S").

    Args:
        esiti: what `outcomes` returns, of any engine, with id_procedura, rientro_elenco, frontiera and the columns of `by`.
    """
    rows, keys, flags = as_frame(esiti), [*by, "id_procedura"], {}
    for days in finestre:
        seen, hired = _observed(rows, data_riferimento, days), _within("data_rioccupazione", days).fill_null(False)
        back = (_within("data_rientro", days).fill_null(False) | (nw.col("rientro_elenco") == "S")) & ~hired
        lost = seen & ~hired & ~back
        tests = (seen, ~seen, seen & hired, seen & back, lost, lost & (nw.col("frontiera") == "S"))
        flags |= {f"{name}_{days}": test for name, test in zip(CONTI, tests, strict=True)}
    marked = rows.select(*keys, *(flag(test).alias(name) for name, test in flags.items()))
    sums = collect(marked.group_by(keys).agg(nw.col(*flags).sum()))
    parts = [
        sums.select(pl.lit(days, pl.Int64).alias("finestra"), *keys, *(pl.col(f"{name}_{days}").alias(name) for name in CONTI))
        for days in finestre
    ]
    return pl.concat(parts).sort("finestra", *keys)


def shares(conteggi: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per finestra and `by`: the counts of `windows` over all procedures, `quota` re-employed of the observed (0-1), 95% interval.

    The interval takes whole procedures as the units of chance (`cluster_share`): null with one only. The share is null where nobody is
    observed.
    """
    keys, rows = ["finestra", *by], []
    for key, part in conteggi.sort(*keys, "id_procedura").group_by(keys, maintain_order=True):
        quota, low, high = cluster_share(part["rioccupati"], part["osservati"])
        rows.append(
            (
                *key,
                *part.select(pl.exclude(*keys, "id_procedura").sum()).row(0),
                part.filter(pl.col("osservati") > 0).height,
                quota,
                low,
                high,
            )
        )
    schema = {name: conteggi.schema[name] for name in keys} | dict.fromkeys((*CONTI, "procedure"), pl.Int64)
    return pl.DataFrame(rows, schema | dict.fromkeys(("quota", "inf95", "sup95"), pl.Float64), orient="row")


def bases(lavoratori: IntoFrameT, cob: IntoFrameT, data_riferimento: date, quali: Sequence[str] = tuple(BASI)) -> IntoFrameT:
    """One row per base (`BASI`) and worker, with cf_azienda and the day from which days are counted (`inizio`), for `outcomes`.

    "sospesi": every worker, from the first suspension that begins by `data_riferimento`. "cessati": those whom the lists call CESSATO and
    whose end with the company of the crisis is in the communications, from that day (the first from the start of the suspension on).

    Args:
        lavoratori: rows of cigs_lavoratori with cf_azienda, the company of their procedure; other columns follow.
    """
    start = nw.col("data_inizio_sospensione")
    listed = as_frame(lavoratori)
    day = as_day(data_riferimento, listed)
    begun = listed.filter(start <= day)
    names, parts = begun.collect_schema().names(), []
    if "cessati" in quali:
        ends = as_frame(in_force(cob, data_riferimento, lavoratori, ["CESSAZIONE"])).filter(nw.col("data_cessazione") <= day)
        ends = ends.select(PERSONA, nw.col("cf_datore").alias("cf_azienda"), nw.col("data_cessazione").alias("inizio"))
        lost = begun.filter(nw.col("stato_rapporto") == "CESSATO").join(ends, on=[PERSONA, "cf_azienda"], how="inner")
        lost = lost.filter(nw.col("inizio") >= start).unique(PERSONA, keep="first", order_by=["inizio", "id_procedura"])
        parts.append(lost.select(nw.lit("cessati").alias("base"), *names, "inizio"))
    if "sospesi" in quali:
        suspended = begun.unique(PERSONA, keep="first", order_by=["data_inizio_sospensione", "id_procedura"])
        parts.append(suspended.select(nw.lit("sospesi").alias("base"), *names, start.alias("inizio")))
    return nw.concat(parts, how="vertical").to_native()


def border_provinces() -> frozenset[str]:
    """The sigle of the provinces whose residents may work abroad without any communication (data/riferimento/province_frontiera.csv)."""
    return frozenset(read_reference(reference("province_frontiera.csv"), ["sigla"])["sigla"].drop_nulls())


def followed(
    lavoratori: IntoFrameT,
    cob: IntoFrameT,
    data_riferimento: date,
    durata_minima_giorni: int = 1,
    quali: Sequence[str] = tuple(BASI),
) -> IntoFrameT:
    """One row per base and worker: `outcomes` of the bases, with rientro_elenco and frontiera, as `windows` wants them.

    The communications of these workers are taken out of the others once, and the result too is computed once (`settled`).
    """
    kinds = ["ASSUNZIONE", *(["CESSAZIONE"] if "cessati" in quali else [])] if durata_minima_giorni <= 1 else []
    lavoratori = settled(lavoratori)
    own = in_force(as_frame(cob).select(USATE).to_native(), data_riferimento, lavoratori, kinds)
    border = nw.col("sigla_prov_domicilio").fill_null("").is_in(sorted(border_provinces()))
    said = (nw.col("base") == "sospesi") & (nw.col("stato_rapporto") == "RIENTRATO")
    rows = as_frame(bases(lavoratori, own, data_riferimento, quali)).with_columns(
        nw.when(border).then(nw.lit("S")).otherwise(nw.lit("N")).alias("frontiera"),
        nw.when(said).then(nw.lit("S")).otherwise(nw.lit("N")).alias("rientro_elenco"),
    )
    return settled(_first_jobs(settled(rows), _lasting(own, durata_minima_giorni), data_riferimento))


def rates(esiti: IntoFrame, data_riferimento: date, groups: Sequence[str] = (), finestre: Sequence[int] = FINESTRE) -> pl.DataFrame:
    """One row per base, dimensione, voce and finestra: `shares` of all (dimensione and voce "TOT") and by each column of `groups`."""
    rows, parts = as_frame(esiti), []
    for name in (TOT, *groups):
        voce = nw.lit(TOT) if name == TOT else nw.col(name).fill_null(NON_INDICATO)
        found = shares(windows(rows.with_columns(voce.alias("voce")), data_riferimento, ["base", "voce"], finestre), ["base", "voce"])
        parts.append(found.select("base", pl.lit(name).alias("dimensione"), "voce", pl.exclude("base", "voce")))
    return pl.concat(parts).sort("base", pl.col("dimensione").replace_strict([TOT, *groups], range(len(groups) + 1)), "voce", "finestra")


def job_kinds(esiti: IntoFrame, province: dict[str, str]) -> pl.DataFrame:
    """One row per base, dimensione ("contratto", "territorio") and voce: `rioccupati` so far, and their quota (0-1).

    Agency work is its own kind, whatever the contract. The territory says whether the place of work is in the provincia of the unità.

    Args:
        esiti: as `followed` returns them, with provincia. province: sigla by cadastral code of the comune (others are not recognised).
    """
    kinds, hired = ["base", "provincia", *LAVORO.values()], ~nw.col("data_rioccupazione").is_null()
    found = collect(as_frame(esiti).filter(hired).group_by(kinds).agg(nw.len().alias("rioccupati")))
    contract = pl.col("contratto").replace_strict(CONTRATTI, default=ALTRO_CONTRATTO, return_dtype=pl.String)
    place = pl.col("comune_lavoro").replace_strict(province, default=None, return_dtype=pl.String)
    moved = (
        pl.when(place == pl.col("provincia")).then(pl.lit("nello stesso territorio")).when(place.is_not_null()).then(pl.lit("in un altro"))
    )
    kinds = {
        "contratto": pl.when(pl.col("modello") == AGENZIA).then(pl.lit(SOMMINISTRAZIONE)).otherwise(contract),
        "territorio": moved.otherwise(pl.lit("comune non riconosciuto")),
    }
    parts = [
        found.select("base", pl.lit(name).alias("dimensione"), kind.alias("voce"), "rioccupati")
        .group_by("base", "dimensione", "voce")
        .agg(pl.col("rioccupati").sum())
        for name, kind in kinds.items()
    ]
    share = pl.col("rioccupati") / pl.col("rioccupati").sum().over("base", "dimensione")
    return (
        pl.concat(parts)
        .with_columns(share.alias("quota"))
        .sort("base", "dimensione", "rioccupati", "voce", descending=[False, False, True, False])
    )


def comuni() -> dict[str, str]:
    """Sigla of the provincia by cadastral code of the comune, from data/riferimento/comuni_esempio.csv."""
    columns = ["comune_catastale", "sigla"]
    return dict(read_reference(reference("comuni_esempio.csv"), columns).select(columns).iter_rows())


def findings(lavoratori: pl.DataFrame, cob: pl.DataFrame, data_riferimento: date) -> pl.DataFrame:
    """One row per kind of oddity in the communications of these workers: `casi`, and `persone` (null: not counted). Only those found.

    Args:
        lavoratori: as in `bases`. data_riferimento: the day of the report, which the communications may not reach (`known_until`).
    """
    limit = known_until(cob, data_riferimento)
    sent = pl.col("data_invio").is_null() | (pl.col("data_invio") <= limit)
    own = cob.filter(sent).join(lavoratori.select(PERSONA).unique(), on=PERSONA, how="semi")
    corrects, number, cancelled = pl.col("rettifica_di"), pl.col("id_comunicazione"), pl.col("annullata").eq_missing(pl.lit("S"))
    ends = in_force(own).filter(pl.col("tipo_comunicazione") == "CESSAZIONE")  # of any day, as the lists' states are
    ends = ends.select(PERSONA, pl.col("cf_datore").alias("cf_azienda"), "data_cessazione")
    ended = lavoratori.join(ends, on=[PERSONA, "cf_azienda"]).filter(pl.col("data_cessazione") >= pl.col("data_inizio_sospensione"))
    lost = lavoratori.filter(pl.col("stato_rapporto") == "CESSATO", pl.col("data_inizio_sospensione") <= limit)
    replaced = number.is_in(own.filter(corrects != number)["rettifica_di"].implode())
    orphan = corrects.is_not_null() & ~corrects.is_in(cob["id_comunicazione"].implode())
    still = pl.col("stato_rapporto").is_in(["SOSPESO", "RIENTRATO"])
    found = {
        "comunicazioni corrette da un'altra: conta l'ultima": own.filter(replaced),
        "comunicazioni annullate: escluse": own.filter(cancelled),
        "rettifiche annullate: la comunicazione corretta non torna a valere": own.filter(cancelled & corrects.is_not_null()),
        "rettifiche di comunicazioni che l'estratto non ha": own.filter(orphan),
        "catene di rettifiche che si biforcano o tornano su sé stesse: la comunicazione che vale è incerta": tangled(own),
        "cessati per gli elenchi, senza cessazione nelle comunicazioni: fuori dalla base": lost.join(ended, on=PERSONA, how="anti"),
        "cessati per le comunicazioni, sospesi o rientrati per gli elenchi: fuori dalla base": ended.filter(still),
    }
    rows = [(words, part.height, part[PERSONA].n_unique()) for words, part in found.items() if part.height]
    if lavoratori.height and limit < data_riferimento:
        words = f"le comunicazioni arrivano al {limit:%d/%m/%Y}, prima del giorno di riferimento: i giorni successivi non sono osservati"
        rows.append((words, None, None))
    if lavoratori.height and cob["data_estrazione"].max() is None:
        rows.append(("comunicazioni senza giorno di estrazione: fin dove arrivano si desume dall'ultimo invio, se c'è", None, None))
    return pl.DataFrame(rows, RILIEVI, orient="row")


def tangled(cob: pl.DataFrame) -> pl.DataFrame:
    """The communications of chains of corrections that have more than one end, or come back to where they began (`in_force` is unsure)."""
    number, corrects = pl.col("id_comunicazione"), pl.col("rettifica_di")
    above = dict(cob.filter(corrects != number).select(number, corrects).iter_rows())

    def root(code: str) -> str:
        seen: list[str] = []
        while code in above and code not in seen:
            seen.append(code)
            code = above[code]
        return code if code not in above else LOOP

    roots = {code: root(code) for code in {*above, *above.values()}}
    ends = Counter(roots[code] for code in in_force(cob)["id_comunicazione"] if code in roots)
    wrong = {code for code, top in roots.items() if top == LOOP or ends[top] > 1}
    return cob.filter(number.is_in(sorted(wrong)))

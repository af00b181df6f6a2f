"""Indicators on large extracts: ours against hand-written polars and DuckDB SQL on the same Parquet files, with pandas beside.

Run: python benchmarks/scala.py [--righe 1000000 20000000 100000000] [--cartella FOLDER] [--giri 5]. The extracts are made once
(`analisi esempio --scala`) and kept in the folder. Each measure is a process of its own, in turn with the others, so that what else the
machine does touches all alike; told are the median seconds and seconds of processor, each with its ratio to the better of the two by
hand, the peak memory of the process, and the growth of the seconds from the first size.

Tasks: `tavola`, hirings and ends in force by year and provincia; `distinti`, distinct people by year of sending; `rioccupazione`, of those
suspended, who has a job with another employer within 180 days, by provincia. All ways must give the same figures, or the run stops.

What must hold, and exits 1 if it does not (`TOLLERANZA` is the noise of a shared machine): ours, with the engine chosen for the task, takes
no longer than the better by hand; under 2 GB for tavola and rioccupazione, under 4 GB for distinti.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import polars as pl

from analisi.indicators import comunicazioni, esiti
from analisi.indicators.ampi import COMPITI, capoluoghi, engine_for, open_extracts
from analisi.indicators.misure_pal import workers
from analisi.sample.scala import _last_day, write_scale
from analisi.sources.motori import collect
from analisi.tables.delivery import in_force

GIORNI, PANDAS_FINO_A, TOLLERANZA = 180, 2_000_000, 1.05
TETTO_GB = {"tavola": 2, "distinti": 4, "rioccupazione": 2}
REF: date = _last_day()


# Ours


def nostra(compito: str, folder: Path, motore: str) -> pl.DataFrame:
    """What the report does, on one engine."""
    t = open_extracts(str(folder), motore).tables(compito)
    if compito == "tavola":
        return comunicazioni.flows(t["siul_cob"], capoluoghi(), REF)
    if compito == "distinti":
        return comunicazioni.distinct_people(t["siul_cob"], "anno")
    people = workers(t["cigs_lavoratori"], in_force(t["vol_procedure"]))
    return esiti.reemployed(people, t["siul_cob"], REF, ["provincia"], GIORNI)


# By hand: DuckDB

COB_SQL = """n as (select *, coalesce(data_invio, data_inizio) as invio from cob where data_invio is null or data_invio <= $ref),
corr as (select rettifica_di as di, id_comunicazione as id, invio from n
  where rettifica_di is not null and rettifica_di <> id_comunicazione),
altre as (select id from corr qualify row_number() over (partition by di order by invio desc, id desc) > 1),
persi as (select di from corr union all select id from altre)"""
SQL = {
    "tavola": f"""with {COB_SQL},
        r as (select tipo_comunicazione as tipo, comune_sede_lavoro as comune,
                case when tipo_comunicazione = 'CESSAZIONE' then data_cessazione else data_inizio end as giorno
              from n where tipo_comunicazione in ('ASSUNZIONE', 'CESSAZIONE') and coalesce(annullata, 'N') <> 'S'
              and not exists (from persi where di = id_comunicazione)),
        g as (select year(giorno) as anno, comune, tipo, count(*) as righe from r where giorno <= $ref group by all)
        select anno, coalesce(sigla, 'non riconosciuta') as provincia,
          coalesce(sum(righe) filter (tipo = 'ASSUNZIONE'), 0)::bigint as assunzioni,
          coalesce(sum(righe) filter (tipo = 'CESSAZIONE'), 0)::bigint as cessazioni
        from g left join comuni on comune = comune_catastale group by all""",
    "distinti": "select anno, count(distinct id_lavoratore) as persone from cob group by anno",
    "rioccupazione": f"""with {COB_SQL},
        unita as (from vol qualify row_number() over (partition by id_procedura, id_unita order by progressivo_versione desc) = 1),
        w as (select l.id_lavoratore, v.sigla_provincia as provincia, v.codice_fiscale_azienda as azienda,
                l.data_inizio_sospensione as inizio
              from cigs l join unita v on l.id_procedura = v.id_procedura and l.id_unita = v.id_unita
              where v.stato <> 'REVOCATA' and l.data_inizio_sospensione <= $ref
              qualify row_number() over (partition by l.id_lavoratore order by l.data_inizio_sospensione, l.id_procedura) = 1),
        found as (select distinct w.id_lavoratore from n join w on n.id_lavoratore = w.id_lavoratore
              where tipo_comunicazione = 'ASSUNZIONE' and coalesce(annullata, 'N') <> 'S' and data_inizio > inizio
                and data_inizio <= inizio + {GIORNI} and data_inizio <= $ref
                and cf_datore <> azienda and coalesce(cf_utilizzatore, '') <> azienda
                and not exists (from persi where di = id_comunicazione))
        select provincia, count(*) filter (inizio <= $ref - {GIORNI})::bigint as osservati,
          count(f.id_lavoratore) filter (inizio <= $ref - {GIORNI})::bigint as rioccupati
        from w left join found f on w.id_lavoratore = f.id_lavoratore group by all""",
}


def duckdb_a_mano(compito: str, folder: Path) -> pl.DataFrame:
    """DuckDB with its own settings: most of the memory of the machine."""
    import duckdb

    connection = duckdb.connect()
    for name, table in (("cob", "siul_cob"), ("cigs", "cigs_lavoratori"), ("vol", "vol_procedure")):
        connection.execute(f"create view {name} as from read_parquet('{folder}/{table}/**/*.parquet', hive_partitioning=true)")
    connection.execute("create table comuni (comune_catastale varchar, sigla varchar)")
    connection.executemany("insert into comuni values (?, ?)", list(capoluoghi().items()))
    query = SQL[compito]
    return pl.DataFrame(connection.sql(query, params={"ref": REF} if "$ref" in query else None))


# By hand: polars


def polars_a_mano(compito: str, folder: Path) -> pl.DataFrame:
    """The streaming engine of polars."""
    names = ("siul_cob", "cigs_lavoratori", "vol_procedure")
    cob, cigs, vol = (pl.scan_parquet(folder / name / "**/*.parquet", hive_partitioning=True) for name in names)
    if compito == "distinti":
        return cob.group_by("anno").agg(pl.col("id_lavoratore").n_unique().alias("persone")).collect(engine="streaming")
    known = cob.filter(pl.col("data_invio").is_null() | (pl.col("data_invio") <= REF))
    corr = known.filter(pl.col("rettifica_di").is_not_null() & (pl.col("rettifica_di") != pl.col("id_comunicazione")))
    corr = corr.select(di="rettifica_di", id="id_comunicazione", invio=pl.coalesce("data_invio", "data_inizio"))
    last = corr.sort("invio", "id").unique("di", keep="last", maintain_order=True)
    gone = pl.concat([corr.select("di"), corr.join(last, on="id", how="anti").select(di="id")])
    kept = known.filter(pl.col("annullata").fill_null("N") != "S")
    kind = pl.col("tipo_comunicazione")
    if compito == "tavola":
        day = pl.when(kind == "CESSAZIONE").then("data_cessazione").otherwise("data_inizio")
        rows = kept.filter(kind.is_in(["ASSUNZIONE", "CESSAZIONE"])).join(gone, left_on="id_comunicazione", right_on="di", how="anti")
        rows = rows.select(kind, comune="comune_sede_lavoro", giorno=day).filter(pl.col("giorno") <= REF)
        sums = {name: (kind == code).sum() for code, name in (("ASSUNZIONE", "assunzioni"), ("CESSAZIONE", "cessazioni"))}
        found = rows.group_by(pl.col("giorno").dt.year().alias("anno"), "comune").agg(**sums).collect(engine="streaming")
        where = pl.col("comune").replace_strict(capoluoghi(), default="non riconosciuta").alias("provincia")
        return found.group_by("anno", where).agg(pl.col("assunzioni", "cessazioni").sum())
    units = vol.sort("progressivo_versione").unique(["id_procedura", "id_unita"], keep="last", maintain_order=True)
    units = units.filter(pl.col("stato") != "REVOCATA")
    units = units.select("id_procedura", "id_unita", provincia="sigla_provincia", azienda="codice_fiscale_azienda")
    who = cigs.join(units, on=["id_procedura", "id_unita"]).filter(pl.col("data_inizio_sospensione") <= REF)
    who = who.sort("data_inizio_sospensione", "id_procedura").unique("id_lavoratore", keep="first", maintain_order=True)
    who = who.select("id_lavoratore", "provincia", "azienda", inizio="data_inizio_sospensione").collect(engine="streaming").lazy()
    start, end = pl.col("data_inizio"), pl.col("inizio") + pl.duration(days=GIORNI)
    jobs = kept.filter(kind == "ASSUNZIONE").join(who, on="id_lavoratore").filter(
        start > pl.col("inizio"), start <= end, start <= REF,
        pl.col("cf_datore") != pl.col("azienda"), pl.col("cf_utilizzatore").fill_null("") != pl.col("azienda"),
    )  # fmt: skip
    jobs = jobs.join(gone, left_on="id_comunicazione", right_on="di", how="anti").select("id_lavoratore", si=pl.lit(1)).unique()
    seen = who.filter(pl.col("inizio") <= REF - timedelta(days=GIORNI)).join(jobs, on="id_lavoratore", how="left")
    every = who.select("provincia").unique()
    found = seen.group_by("provincia").agg(osservati=pl.len(), rioccupati=pl.col("si").sum())
    return (
        every.join(found, on="provincia", how="left")
        .with_columns(pl.col("osservati", "rioccupati").fill_null(0))
        .collect(engine="streaming")
    )


# The same with our functions on pandas, which has no larger memory


def pandas(compito: str, folder: Path) -> pl.DataFrame:
    """All the rows in memory, the time to read them included."""
    import pandas as pd

    def read(name: str) -> pd.DataFrame:
        rows = pl.read_parquet(folder / name / "**/*.parquet", hive_partitioning=True)
        made = pd.DataFrame(rows.to_dict(as_series=False))
        return made.astype({column: "datetime64[us]" for column, dtype in rows.schema.items() if dtype == pl.Date})

    cob = read("siul_cob")
    if compito == "tavola":
        return comunicazioni.flows(cob, capoluoghi(), REF)
    if compito == "distinti":
        return comunicazioni.distinct_people(cob, "anno")
    people = workers(read("cigs_lavoratori"), in_force(read("vol_procedure")))
    return esiti.reemployed(people, cob, REF, ["provincia"], GIORNI)


MODI: dict[str, Callable[[str, Path], pl.DataFrame]] = {
    "polars a mano": polars_a_mano,
    "duckdb a mano": duckdb_a_mano,
    "nostra, polars": lambda compito, folder: nostra(compito, folder, "polars"),
    "nostra, duckdb": lambda compito, folder: nostra(compito, folder, "duckdb"),
    "pandas": pandas,
}


def one(compito: str, modo: str, folder: Path) -> None:
    """One measure, in this process: seconds, peak memory in GB, and a hash of the figures."""
    begin, used = time.perf_counter(), time.process_time()
    rows = MODI[modo](compito, folder)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - used
    rows = collect(rows).select(sorted(rows.columns))
    digest = hashlib.sha256(rows.sort(rows.columns).write_csv().encode()).hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"secondi": seconds, "cpu": cpu, "gb": peak, "cifre": digest, "righe": rows.height}))


def measure(compito: str, folder: Path, rounds: int, modi: list[str]) -> dict[str, tuple[float, float, float]]:
    """Median seconds, median seconds of processor and peak GB of each way; the figures of all must be the same."""
    found: dict[str, list[dict]] = {modo: [] for modo in modi}
    for number in range(rounds):
        for modo in (modo for modo in modi if modo != "pandas" or not number):  # pandas once
            done = subprocess.run(
                [sys.executable, __file__, "--uno", compito, modo, str(folder)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{compito}, {modo}: {done.stderr.strip()[-1500:]}")
            found[modo].append(json.loads(done.stdout.strip().splitlines()[-1]))
    if len({run["cifre"] for runs in found.values() for run in runs}) > 1:
        told = ", ".join(f"{modo} {runs[0]['cifre'][:8]} ({runs[0]['righe']} righe)" for modo, runs in found.items())
        sys.exit(f"{compito}: le cifre differiscono: {told}")
    return {
        modo: (median(run["secondi"] for run in runs), median(run["cpu"] for run in runs), max(run["gb"] for run in runs))
        for modo, runs in found.items()
    }


def main() -> int:
    """Print the measures of every size and task; 1 when something does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--righe", type=float, nargs="+", default=[1e6])
    parser.add_argument("--cartella", type=Path, default=Path("data/esempio-scala"))
    parser.add_argument("--giri", type=int, default=5)
    parser.add_argument("--compiti", nargs="+", default=list(COMPITI))
    parser.add_argument("--scelte", action="store_true", help="of ours, only the engine chosen for each task")
    parser.add_argument("--senza-pandas", action="store_true")
    parser.add_argument("--uno", nargs=3)
    options = parser.parse_args()
    if options.uno:
        compito, modo, folder = options.uno
        one(compito, modo, Path(folder))
        return 0
    bad, first = [], {}
    print(f"{'compito':14} {'righe':>10} {'modo':16} {'secondi':>8} {'rapporto':>8} {'CPU s':>8} {'rapporto':>8} {'GB':>6} {'crescita':>8}")
    for size in map(int, options.righe):
        folder = (options.cartella / f"{size:.0e}".replace("+0", "")).resolve()
        if not folder.exists():
            begin = time.perf_counter()
            write_scale(folder, size)
            print(f"estratti di {size:,} righe in {time.perf_counter() - begin:.0f} s".replace(",", "."))
        for compito in options.compiti:
            chosen = f"nostra, {engine_for(compito, size)}"
            modi = [modo for modo in MODI if modo != "pandas" or (size <= PANDAS_FINO_A and not options.senza_pandas)]
            modi = [modo for modo in modi if not options.scelte or "nostra" not in modo or modo == chosen]
            result = measure(compito, folder, options.giri, modi)
            by_hand = [result["polars a mano"], result["duckdb a mano"]]
            better, leanest = (min(way[n] for way in by_hand) for n in (0, 1))
            for modo, (seconds, cpu, peak) in result.items():
                way = "nostra" if options.scelte and modo == chosen else modo  # whichever engine it is at this size
                growth = seconds / first.setdefault((compito, way), seconds)
                told = f"{seconds:8.2f} {seconds / better:8.2f} {cpu:8.2f} {cpu / leanest:8.2f} {peak:6.2f} {growth:8.1f}"
                print(f"{compito:14} {size:10} {modo:16} {told}{' <- scelta' if modo == chosen else ''}", flush=True)
            seconds, _, peak = result[chosen]
            if seconds > TOLLERANZA * better:
                bad.append(f"{compito}, {size} righe: {seconds / better:.2f} volte la migliore a mano")
            if peak > TETTO_GB[compito]:
                bad.append(f"{compito}, {size} righe: {peak:.2f} GB")
    print("\n".join(["", "NON REGGE:", *bad] if bad else ["", "regge"]))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

"""From a control's change to the new chart in the workbench, against a group-by of pandas on the rows at each change: medians, in one run.

Run: python benchmarks/esplora.py [ROWS_OF_COB [REPEATS]]. Needs Chromium. Two measures, both in real JupyterLab, end to end: from the
change of a control of the form (by the browser's own event) to the new marks in the page, drawn.

1. The synthetic extracts (`analisi esempio`): at most 0.3 s.
2. Made-up communications, 5 million rows in Parquet, aggregated once when the source is opened (its time is told apart): at most 1 s.

What one would do otherwise is a group-by of pandas on the rows behind at each change, for the same five charts: its sums are compared with
the sums of the cube, like with like, and then, undrawn, with our whole change, which flatters it. pandas has read its columns before.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright
from tests.browser.lab import copy_workspace, errors, lab, lab_page, open_notebook, run_all

from analisi.explore.cube import Scelte, values
from analisi.explore.opening import open_cube
from analisi.sample.files import write_sample
from analisi.tables.catalogo import SIUL_COB

COMUNI = {"A794": "BG", "B157": "BS", "C933": "CO", "D150": "CR", "E507": "LC", "E648": "LO", "E897": "MN", "F205": "MI", "F704": "MB",
          "G388": "PV", "I829": "SO", "L682": "VA"}  # fmt: skip
CONTRACTS = ["A.01.00", "A.02.00", "A.03.08", "A.03.09", "B.01.00", "C.01.00"]
MILLION = 1_000_000
STEPS = [("modo", "Peso % sulla regione"), ("modo", "Valori assoluti"), ("tempo", "Trimestri"), ("tempo", "Anni")]
LIMITS = {"esempio": 0.3, "cob": 1.0}
CHANGE = """async ([name, value]) => {
  const root = document.querySelector(".esplora[data-versione]");
  const version = Number(root.dataset.versione);
  const field = document.querySelector(`.esplora-${name} select`);
  const done = new Promise((resolve, reject) => {
    setTimeout(reject, 30000, "nothing was drawn");
    const watch = new MutationObserver(() => {
      if (Number(root.dataset.versione) <= version) return;
      watch.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
    });
    watch.observe(root, { attributes: true });
  });
  const all = () => [...document.querySelectorAll(".esplora [data-chiave]")];
  const marks = () => all().map((e) => e.getAttribute("d") + e.getAttribute("aria-label")).join();
  const before = marks();
  const begin = performance.now();
  field.selectedIndex = [...field.options].findIndex((o) => o.textContent.replaceAll("\u00a0", " ") === value);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const end = await done;
  return [end - begin, marks() !== before];
}"""


def communications(folder: Path, count: int) -> Path:
    """Synthetic communications: a third terminations, over three years, with the texts that a real extract has."""
    rng = np.random.default_rng(1)

    def any_of(values: list[str]) -> pl.Series:
        return pl.Series(np.array(values)[rng.integers(0, len(values), count)])

    begins = np.datetime64("2023-01-01") + rng.integers(0, 3 * 365, count).astype("timedelta64[D]")
    ends = begins + rng.integers(1, 400, count).astype("timedelta64[D]")
    kind = any_of(["ASSUNZIONE", "ASSUNZIONE", "CESSAZIONE"])
    texts = {
        "begin": pl.Series(begins).cast(pl.Date).dt.to_string("%d/%m/%Y"),
        "end": pl.Series(ends).cast(pl.Date).dt.to_string("%d/%m/%Y"),
    }
    made = {
        "id_comunicazione": "COB-" + pl.Series(np.arange(count)).cast(pl.String).str.zfill(10),
        "tipo_comunicazione": kind,
        "id_lavoratore": pl.Series(rng.integers(0, count // 2, count)).cast(pl.String).str.zfill(32),
        "comune_sede_lavoro": any_of(list(COMUNI)),
        "tipo_contratto": any_of(CONTRACTS),
        "data_inizio": texts["begin"],
        "data_cessazione": pl.DataFrame({"k": kind, "e": texts["end"]}).select(pl.when(pl.col("k") == "CESSAZIONE").then("e")).to_series(),
        "annullata": any_of(["N"] * 99 + ["S"]),
        "natura": pl.Series(["sintetici"]).new_from_index(0, count),
    }
    frame = pl.DataFrame({name: made.get(name, pl.Series([None], dtype=pl.String).new_from_index(0, count)) for name in SIUL_COB.names})
    folder.mkdir(parents=True)
    frame.write_parquet(folder / "siul_cob.parquet")
    return folder / "siul_cob.parquet"


def open_source(page: Page, name: str) -> float:
    """Seconds to open a source in the form, until it is drawn."""
    version = int(page.locator(".esplora[data-versione]").get_attribute("data-versione"))
    field = page.locator(".esplora-fonte input")
    begin = time.perf_counter()
    field.fill(name)
    field.press("Enter")
    page.wait_for_function(f"Number(document.querySelector('.esplora').dataset.versione) > {version}", timeout=300_000)
    return time.perf_counter() - begin


def changes(page: Page, steps: list[tuple[str, str]], repeats: int) -> list[float]:
    """Seconds of each change of a control, after one round that warms up; every change must have changed the marks."""
    found = []
    for number in range(repeats + 1):
        for name, value in steps:
            taken, changed = page.evaluate(CHANGE, [name, value])
            assert changed, f"{name}: {value} changed no mark"
            found += [taken / 1000] * (number > 0)
    return found


def pandas_way(rows: pd.DataFrame, measures: dict[str, Callable[[pd.api.typing.DataFrameGroupBy], object]], repeats: int) -> list[float]:
    """Seconds of the group-bys of the five charts on the rows, at each change."""
    found = []
    last = rows["anno"].max()
    for number in range(repeats + 1):
        begin = time.perf_counter()
        now = rows[rows["anno"] == last]
        for frame, key in ((now, "provincia"), (now, "provincia"), (rows, "anno"), (now, "categoria"), (now, "provincia")):
            for measure in measures.values():
                measure(frame.groupby(key, observed=True))
        found += [time.perf_counter() - begin] * (number > 0)
    return found


def rows_of_register(path: Path) -> pd.DataFrame:
    """The rows of the register in pandas, as an analyst would hold them."""
    vol = pd.read_csv(path, sep=";", encoding="utf-8-sig", dtype=str)
    anno = pd.to_datetime(vol["data_apertura"], dayfirst=True).dt.year
    return pd.DataFrame({"anno": anno, "provincia": vol["sigla_provincia"], "categoria": vol["tipologia_linee_guida"],
                         "id_unita": vol["id_unita"], "lavoratori": vol["lavoratori_coinvolti"].astype(int)})  # fmt: skip


def rows_of_communications(path: Path) -> pd.DataFrame:
    """The communications in pandas: the columns that are needed, texts as categories, which favours it."""
    frame = pl.read_parquet(
        path, columns=["tipo_comunicazione", "comune_sede_lavoro", "tipo_contratto", "data_inizio", "data_cessazione", "annullata"]
    )
    frame = frame.filter(pl.col("annullata") != "S").select(
        pl.coalesce("data_cessazione", "data_inizio").str.slice(6).cast(pl.Int64).alias("anno"),
        pl.col("comune_sede_lavoro").replace_strict(COMUNI).alias("provincia"),
        pl.col("tipo_contratto").alias("categoria"),
        (pl.col("tipo_comunicazione") == "ASSUNZIONE").cast(pl.Int64).alias("assunzioni"),
    )
    made = pd.DataFrame({name: frame[name].to_numpy() for name in ("anno", "assunzioni")})
    return made.assign(**{name: pd.Categorical(frame[name].to_list()) for name in ("provincia", "categoria")})


def cube_way(source: Path, measures: tuple[str, str], repeats: int) -> list[float]:
    """Seconds of the same sums from the cube, as the workbench makes them at each change."""
    cubo, found = open_cube(str(source)), []
    first, second = (Scelte(name, periodi=(cubo.periodi()[-1],)) for name in measures)
    for number in range(repeats + 1):
        begin = time.perf_counter()
        for dimension in ("provincia", "provincia", "periodo", "categoria", "provincia"):
            for scelte in (first, second):
                values(cubo, scelte, [dimension], scelte.where() | ({"periodo": ()} if dimension == "periodo" else {}))
        found += [time.perf_counter() - begin] * (number > 0)
    return found


def told(name: str, ours: list[float], sums: list[float], otherwise: list[float], limit: float) -> bool:
    """Print the medians and their ratios; whether ours is within the limit."""
    mine, cells, theirs = map(statistics.median, (ours, sums, otherwise))
    print(f"{name}")
    print(
        f"  control's change to new marks, in the browser  {mine:6.3f} s  (median of {len(ours)}, slowest {max(ours):.3f}; at most {limit})"
    )
    print(f"  of which the sums of the cells of the cube     {cells:6.3f} s  (median of {len(sums)})")
    print(f"  the same sums by pandas on the rows            {theirs:6.3f} s  (median of {len(otherwise)}), nothing drawn")
    print(f"  ratio of the sums {cells / theirs:.2f}; of our whole change, drawn, to pandas undrawn {mine / theirs:.2f}")
    return mine <= limit


def main() -> None:
    """Print the two measures and fail when one is beyond its limit."""
    count, repeats = [*map(int, sys.argv[1:]), *(5 * MILLION, 5)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        os.environ.setdefault("ANALISI_CACHE", str(Path(folder) / "cache"))
        place = copy_workspace(Path(folder) / "lavoro")
        write_sample(place / "data/esempio")
        path = communications(place / "data/ingresso/cob", count)
        print(f"{count:,} communications, {path.stat().st_size / 1e6:.0f} MB of Parquet; {os.cpu_count()} cores")
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))))
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with lab(place) as url:
            page = lab_page(browser, url, height=1600)
            open_notebook(page, "esplora")
            run_all(page)
            page.wait_for_selector(".esplora[data-versione]")
            print(f"opening of the synthetic extracts  {open_source(page, 'data/esempio'):6.2f} s")
            steps = [("misura", "Unità produttive"), *STEPS, ("misura", "Lavoratori")]
            example = changes(page, steps, repeats)
            print(f"opening of the communications      {open_source(page, 'data/ingresso/cob'):6.2f} s  (read lazily, aggregated once)")
            moves = [("misura", "Cessazioni"), *STEPS, ("misura", "Assunzioni")]
            many = changes(page, moves, repeats)
            faults = [*page.attempts, *page.messages, *errors(page)]
            assert not faults, faults
        browser.close()
        sums = {"unita": lambda g: g["id_unita"].nunique(), "lavoratori": lambda g: g["lavoratori"].sum()}
        events = {"assunzioni": lambda g: g["assunzioni"].sum(), "cessazioni": lambda g: g.size()}
        cubes = [cube_way(place / "data/esempio", ("unita_produttive", "lavoratori"), repeats)]
        cubes.append(cube_way(path.parent, ("assunzioni", "cessazioni"), repeats))
        otherwise = [pandas_way(rows_of_register(place / "data/esempio/vol_procedure.csv"), sums, repeats)]
        otherwise.append(pandas_way(rows_of_communications(path), events, repeats))
        good = told("synthetic extracts", example, cubes[0], otherwise[0], LIMITS["esempio"])
        good &= told(f"{count:,} communications", many, cubes[1], otherwise[1], LIMITS["cob"])
    sys.exit(not good)


if __name__ == "__main__":
    main()

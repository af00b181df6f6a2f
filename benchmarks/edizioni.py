"""How long an edition of 84 reports takes, against what one would do otherwise: ratios in one run, whole processes, interleaved, medians.

Run: python benchmarks/edizioni.py [TURNS [REPORTS_OF_THE_LOOP]]. Synthetic extracts; two notebooks, provinces and quarters.

- the loop: `xargs -P<cores>` over papermill and then nbconvert, as one does in a shell (each report is on its own, so a few tell the time
  of all; the number timed is printed);
- the floor: the cells of the same notebooks run by exec, one after the other, in as many warm plain processes as there are cores, which
  read each folder once, and make the same pages; no papermill, no kernel, no isolation, no manifest;
- one cold report from the command line, against papermill followed by nbconvert;
- an edition in which nothing changed.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
QUARTERS = ["2025-T1", "2025-T2", "2025-T3", "2025-T4"]
EDITION = """
titolo = "Prova di velocità"
periodo = "84"
[[rapporto]]
notebook = "attivazione_pal"
parametri = {{ provincia = "*", trimestre = {quarters}, fonte = "{folder}" }}
[[rapporto]]
notebook = "attivazione_pal"
parametri = {{ trimestre = {quarters}, fonte = "{folder}" }}
[[rapporto]]
notebook = "attivazione_pal"
parametri = {{ provincia = "*", maturita_giorni = [60, 120], fonte = "{folder}" }}
[[rapporto]]
notebook = "annuale"
nome = "annuale-{{criterio_anno}}"
parametri = {{ criterio_anno = ["apertura", "accordo", "inizio", "in_corso"], fonte = "{folder}" }}
[[rapporto]]
notebook = "annuale"
nome = "annuale-{{data_edizione}}"
parametri = {{ data_edizione = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"] }}
"""


def reports(edition: Path) -> list[tuple[str, str, dict[str, object]]]:
    """Name, notebook and parameters of each report of the edition."""
    from analisi.reports.edition import read_edition

    return [(report.nome, str(report.notebook.path), report.parametri) for report in read_edition(str(edition)).rapporti]


def timed(command: list[str], **how: object) -> tuple[float, float, float]:
    """Seconds of wall, seconds of processor (of the whole machine, which has nothing else to do), and the most memory at once (MB)."""
    before, begun = processor(), time.perf_counter()
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **how)
    most = [0.0]

    def watch() -> None:
        while running.poll() is None:
            most[0] = max(most[0], memory(running.pid))
            time.sleep(0.5)

    thread = threading.Thread(target=watch)
    thread.start()
    _, error = running.communicate()
    wall = time.perf_counter() - begun
    thread.join()
    if running.returncode:
        sys.exit(f"{command}: {error.decode()[-2000:]}")
    return wall, processor() - before, most[0]


def processor() -> float:
    """Seconds that the cores have worked."""
    times = psutil.cpu_times()
    return times.user + times.system + getattr(times, "nice", 0.0)


def memory(pid: int) -> float:
    """Memory of a process and its descendants, in MB: proportional, so that shared pages count once (Linux; 0 elsewhere)."""
    total = 0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in family:
        try:
            total += process.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total / 1e6


def loop(jobs: list[tuple[str, str, dict[str, object]]], out: Path) -> list[str]:
    """xargs over one shell line a report."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    lines = []
    for name, notebook, parameters in jobs:
        (out / f"{name}.yaml").write_text(json.dumps(parameters), encoding="utf-8")
        run = f"{BIN}/papermill {notebook} {out}/{name}.ipynb -f {out}/{name}.yaml --no-progress-bar"
        lines.append(f"{run} && {BIN}/jupyter nbconvert --to analisi {out}/{name}.ipynb")
    (out / "lines").write_text("\0".join(lines), encoding="utf-8")
    return ["sh", "-c", f"xargs -0 -P{CORES} -I{{}} sh -c '{{}}' < {out}/lines"]


def floor(edition: Path, out: Path) -> list[str]:
    """As many plain processes as cores, each with its share of the reports."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    share = f"{sys.executable} {__file__} piano {edition} {out}"
    return ["sh", "-c", " & ".join(f"{share} {n}" for n in range(CORES)) + " & wait"]


def plain(edition: Path, out: Path, number: int) -> None:
    """The work of one plain process: cells by exec, pages by the exporter, each folder read once."""
    os.environ |= {"ANALISI_SENZA_ANTEPRIMA": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    import nbformat

    from analisi.indicators import fonti, monitoraggio
    from analisi.reports import provenance
    from analisi.reports.run import _export

    fonti.read_fonte, monitoraggio.read_monitoraggio = cache(fonti.read_fonte), cache(monitoraggio.read_monitoraggio)
    os.environ[provenance.COMMIT] = provenance.commit()
    for name, path, parameters in reports(edition)[number::CORES]:
        book = nbformat.read(path, as_version=4)
        shown: list[object] = []
        names: dict[str, object] = {"display": lambda *blocks, shown=shown: shown.extend(blocks)}
        for cell in (cell for cell in book.cells if cell.cell_type == "code"):
            tree = ast.parse(cell.source)
            last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
            shown.clear()
            exec(compile(tree, "cell", "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters
            shown += [eval(compile(last, "cell", "eval"), names)] if last else []
            blocks = [block._repr_mimebundle_() for block in shown if hasattr(block, "_repr_mimebundle_")]
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("display_data", data=data) for data in blocks], 1
        (out / name).mkdir()
        book.metadata["papermill"] = {"input_path": path, "output_path": name}
        nbformat.write(book, out / name / f"{name}.ipynb")
        _export(name, out / name / f"{name}.ipynb")


def main(turns: int, few: int) -> None:
    """Every way in turn, as many turns as asked."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        analisi = [sys.executable, "-c", "from analisi.cli import main; main()"]
        subprocess.run([*analisi, "esempio", "--uscita", folder / "dati"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        edition = folder / "velocita.toml"
        edition.write_text(EDITION.format(quarters=json.dumps(QUARTERS), folder=folder / "dati"), encoding="utf-8")
        jobs = reports(edition)
        sample = jobs[:: max(1, len(jobs) // few)][:few]
        one = json.dumps({"anno": 2025})
        (folder / "uno.yaml").write_text(one, encoding="utf-8")
        cold = f"{BIN}/papermill notebooks/annuale.ipynb {folder}/uno.ipynb -f {folder}/uno.yaml --no-progress-bar"
        ways = {
            "edition": lambda: [*analisi, "edizione", edition, "--uscita", folder / "e", "--da-capo"],
            "unchanged": lambda: [*analisi, "edizione", edition, "--uscita", folder / "e"],
            "floor": lambda: floor(edition, folder / "piano"),
            "loop": lambda: loop(sample, folder / "giro"),
            "one": lambda: [*analisi, "esegui", "annuale", "--anno", "2025", "--uscita", folder / "uno"],
            "one, stock": lambda: ["sh", "-c", f"{cold} && {BIN}/jupyter nbconvert --to analisi {folder}/uno.ipynb"],
            "help": lambda: [*analisi, "--help"],
        }
        taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        for turn in range(turns):
            for name, command in ways.items():
                taken[name].append(timed(list(map(str, command()))))
                print(f"  turn {turn + 1} {name:<11} {taken[name][-1][0]:7.2f} s wall {taken[name][-1][1]:7.2f} s processor", flush=True)
    wall = {name: statistics.median(t[0] for t in times) for name, times in taken.items()}
    work = {name: statistics.median(t[1] for t in times) for name, times in taken.items()}
    most = max(t[2] for t in taken["edition"])
    each = {"edition": wall["edition"] / len(jobs), "floor": wall["floor"] / len(jobs), "loop": wall["loop"] / len(sample)}
    print(f"\n{len(jobs)} reports ({len(sample)} of them in the loop), {CORES} cores, medians of {turns}")
    for name, seconds in each.items():
        print(
            f"{name:<12} {seconds:6.2f} s a report (wall), processor {work[name] / (len(sample) if name == 'loop' else len(jobs)):5.2f} s"
        )
    print(f"edition against the loop:   {each['loop'] / each['edition']:5.1f} times faster (asked: 12)")
    print(f"edition against the floor:  {each['edition'] / each['floor']:5.2f} times its time (asked: at most 1.5)")
    print(f"processor against a plain script: {work['edition'] / work['floor']:5.2f} times (asked: at most 2)")
    print(f"nothing changed: {wall['unchanged']:.2f} s (asked: under 1)")
    ratio = wall["one, stock"] / wall["one"]
    print(f"one cold report: {wall['one']:.2f} s, papermill and nbconvert {wall['one, stock']:.2f} s: {ratio:.1f} (asked: 2.5)")
    print(f"analisi --help: {wall['help']:.2f} s (asked: under 0.3)")
    print(f"memory of the whole run: {most:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["piano"]:
        plain(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        given = [int(text) for text in sys.argv[1:]]
        main(*given, *(5, 6)[len(given) :])

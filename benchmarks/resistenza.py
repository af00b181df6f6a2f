"""Whether long editions hold: 200 mixed reports three times without a hang, and the memory of 500 in one run.

Run: python benchmarks/resistenza.py. Mixed means: the two real notebooks on synthetic extracts, small ones, and among them some that
fail, die, are killed, or never end. What is expected of each is known; a run that differs, or leaves a process behind, stops the script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil

ROOT = Path(__file__).resolve().parents[1]
ANALISI = [sys.executable, "-c", "from analisi.cli import main; main()"]
CELL = """
from analisi.presentation import blocks
blocks.header(subtitle=f"numero {numero}", owner="Prova", synthetic=True)
"""
FAULTS = {
    "errore": "1 / 0",
    "morte": "import os; os._exit(3)",
    "ucciso": "import os; os.kill(os.getpid(), 9)",
    "eterno": "while True: pass",
}
POLARS = 'import polars as pl\nassert pl.DataFrame({"a": [3, 1, 2] * 1000}).sort("a").group_by("a").len().height == 3'


def notebook(path: Path, *cells: str) -> None:
    """A small report notebook with one parameter."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    book.cells = [nbformat.v4.new_markdown_cell("# Prova\n\nPer prova.")]
    book.cells += [nbformat.v4.new_code_cell("numero: int = 0  # numero", metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(book, path)


def workspace(place: Path) -> None:
    """A workspace with the real notebooks and data beside the small notebooks."""
    (place / "reports").mkdir()
    (place / "data").mkdir()
    (place / "notebooks").mkdir()
    (place / "data" / "riferimento").symlink_to(ROOT / "data" / "riferimento")
    (place / "data" / "pubblicati").symlink_to(ROOT / "data" / "pubblicati")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (place / "notebooks" / path.name).symlink_to(path)
    notebook(place / "notebooks" / "buono.ipynb", CELL, POLARS)
    for name, code in FAULTS.items():
        notebook(place / "notebooks" / f"{name}.ipynb", CELL, code)
    subprocess.run([*ANALISI, "esempio"], check=True, cwd=place, stdout=subprocess.DEVNULL)


def edition(place: Path, name: str, counts: dict[str, int]) -> int:
    """reports/<name>.toml with so many reports of each notebook; how many they are."""
    real = '[[rapporto]]\nnotebook = "attivazione_pal"\nparametri = { provincia = "*", fonte = "data/esempio" }\n'
    parts = ['titolo = "Resistenza"', 'periodo = "1"', "tempo_massimo = 60", f'{real}[[rapporto]]\nnotebook = "annuale"']
    for book, count in counts.items():
        limit = "\ntempo_massimo = 2" if book == "eterno" else ""
        parts.append(f'[[rapporto]]\nnotebook = "{book}"{limit}\nparametri = {{ numero = {list(range(count))} }}')
    (place / "reports" / f"{name}.toml").write_text("\n".join(parts), encoding="utf-8")
    return sum(counts.values()) + 13


def run(place: Path, name: str, total: int, expected: int, limit: float) -> list[float]:
    """One run from nothing; MB of the whole family of processes as it goes. Stops the script if something is not as expected."""
    begun = time.monotonic()
    running = subprocess.Popen(
        [*ANALISI, "edizione", name, "--da-capo"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    sizes: list[float] = []

    def watch() -> None:
        while running.poll() is None:
            sizes.append(memory(running.pid))
            time.sleep(1)

    thread = threading.Thread(target=watch)
    thread.start()
    out, error = running.communicate(timeout=limit)
    thread.join()
    failed = out.count("NON RIUSCITO")
    left = [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(place)]
    seconds = time.monotonic() - begun
    print(f"{name}: {total} reports, {failed} failed (expected {expected}), {seconds:.0f} s, {len(left)} processes left", flush=True)
    if failed != expected or left or running.returncode != (1 if expected else 0):
        sys.exit(f"not as expected: {out[-2000:]}\n{error[-2000:]}")
    return sizes


def memory(pid: int) -> float:
    """Memory of a process and its descendants in MB, shared pages once (Linux)."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if psutil.pid_exists(pid) else []:
        try:
            total += process.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total / 1e6


def main() -> None:
    """Run it all."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        os.environ |= {"ANALISI_CARTELLA": str(place), "ANALISI_CACHE": str(place / "cache")}
        workspace(place)
        faults = {"errore": 8, "morte": 8, "ucciso": 8, "eterno": 3}
        total = edition(place, "misti", {"buono": 160, **faults})
        for _ in range(3):
            run(place, "misti", total, sum(faults.values()), 600)
        total = edition(place, "lunga", {"buono": 487})
        sizes = run(place, "lunga", total, 0, 900)
        steady = sizes[len(sizes) // 4 :]
        half = len(steady) // 2
        first, second = sum(steady[:half]) / half, sum(steady[half:]) / (len(steady) - half)
        print(f"memory of the 500: most {max(sizes):.0f} MB; mean of the middle {first:.0f} MB, of the end {second:.0f} MB")


if __name__ == "__main__":
    main()

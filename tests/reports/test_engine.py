"""The fast engine beside papermill's own: the same notebook, nothing left behind, whatever a cell does."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest

METHODS = ["spawn", "forkserver"] if sys.platform == "linux" else ["spawn"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors of POSIX")

EVERYTHING = [
    "print('perché', '€', '𝄞'); print('errore', file=__import__('sys').stderr); print('coda', end='')",
    "1 + 1",
    "_ + 40, In[2], Out[2]",
    "None",
    "x = 5; x;",
    "from IPython.display import *\ndisplay({'a': 1}); display(HTML('<b>g</b>'), Markdown('*m*'), Latex('$x$'), JSON({'k': [1, None]}))",
    "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'), Javascript('1'), Math('y'))",
    "display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 40, format='png'))",
    "display({'application/x-mio+json': [1, 2], 'text/plain': 'mio'}, raw=True, metadata={'m': 1})",
    "h = display('prima', display_id='uno'); display('altra', display_id='uno')",
    "h.update('dopo'); update_display(HTML('<i>fine</i>'), display_id='uno')",
    "print('a'); clear_output(); print('b'); clear_output(wait=True); print('c'); display(1)",
    ("1 / 0", ["raises-exception"]),
    ("print('mai')", ["skip-execution"]),
    ("def f(n):\n    return f(n - 1) if n else int('x')\n\n\nf(3)", ["raises-exception"]),
    ("def (", ["raises-exception"]),
    ("raise SystemExit(3)", ["raises-exception"]),
    ("class Mio(Exception):\n    def _render_traceback_(self):\n        return ['mio']\n\n\nraise Mio", ["raises-exception"]),
    "%%capture presa\nprint('dentro'); display(2)",
    "presa.stdout, len(presa.outputs)",
    "%pwd\n%env LC_PROVA=1",
    "%%writefile prova_scritta.txt\ncontenuto",
    "!cat prova_scritta.txt; echo fatto; echo male >&2",
    "righe = !printf 'a\\nb\\n'\nrighe",
    "%%bash\necho da bash; exit 0",
    "%%time\npass",
    "import os, subprocess, sys\nsubprocess.run(['echo', 'sottoprocesso'])\nos.system('echo sistema'); os.write(1, b'diretto\\n'); __import__('time').sleep(0.4)",
    "subprocess.run([sys.executable, '-c', 'import sys; print(1); print(2, file=sys.stderr)'], capture_output=True)",
    "import ctypes; ctypes.CDLL(None).puts(b'dal C'); ctypes.CDLL(None).fflush(None); __import__('time').sleep(0.4)",
    "import asyncio\nawait asyncio.sleep(0.01, 'atteso')",
    "fatti = []\n\n\nasync def lavora():\n    for i in range(3):\n        await asyncio.sleep(0.01)\n        fatti.append(i)\n\n\ncompito = asyncio.create_task(lavora())",
    "await asyncio.sleep(0.2); len(fatti)",
    "await compito; fatti, asyncio.get_running_loop().is_running()",
    "import contextvars\nv = contextvars.ContextVar('v', default=0); v.set(7); v.get()",
    "v.get()",
    "import warnings; warnings.warn('attenzione'); warnings.warn('vecchio', DeprecationWarning)",
    "import logging; logging.warning('avviso'); logging.getLogger('x').error('guasto')",
    "import ipywidgets as w\ns = w.IntSlider(value=3, description='n'); s",
    "s.value = 9; o = w.Output(); o",
    "with o:\n    print('nel riquadro'); display(3)\nprint('fuori')",
    "o.clear_output()\nwith o:\n    print('di nuovo')",
    "len(o.outputs)",
    "print('y' * 5_000_000)",
    "import threading\nt = threading.Thread(target=lambda: print('filo')); t.start(); t.join()",
    "from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor\nwith ThreadPoolExecutor(2) as p:\n    print(sum(p.map(lambda n: n * n, range(9))))",
    "with ThreadPoolExecutor(1) as p:\n    list(p.map(print, range(3)))",
    "import math\nwith ProcessPoolExecutor(2) as p:\n    print(list(p.map(math.factorial, range(5))))",
    "def dillo(n):\n    print('figlio', n, flush=True)\n    return n\n\n\nwith ProcessPoolExecutor(1) as p:\n    r = list(p.map(dillo, range(2)))\n__import__('time').sleep(0.5); r",
    ("input('?')", ["raises-exception"]),
    ("__import__('getpass').getpass()", ["raises-exception"]),
    "import polars as pl\npl.DataFrame({'a': [3, 1], 'b': ['x', 'y']}).sort('a')",
    "import pandas as pd; pd.DataFrame({'a': [1, 2]})",
    "import altair as alt; alt.Chart(alt.Data(values=[{'x': 1}])).mark_bar().encode(x='x:Q').to_dict()['mark']",
    "len?",
    "%%html\n<p>html</p>",
    "%alias_magic tempo timeit",
    "%xmode Plain",
    ("1 / 0", ["raises-exception"]),
    "__name__, __import__('sys').modules['__main__'].x, os.path.exists('n.ipynb'), '' in sys.path",
    "os.environ['MPLBACKEND'], os.environ['PAGER'], sys.stdout.isatty()",
    "import signal; signal.getsignal(signal.SIGINT), threading.current_thread().name, threading.active_count() > 0",
    "get_ipython().__class__, get_ipython().execution_count, get_ipython().kernel.implementation",
    "from sys import stdout; stdout.write('scritto\\n'); stdout.writelines(['l1', 'l2'])",
    "exit(keep_kernel=True)",
]


def notebook(path: Path, cells: list) -> Path:
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    for number, cell in enumerate(cells):
        source, tags = cell if isinstance(cell, tuple) else (cell, [])
        book.cells.append(nbformat.v4.new_code_cell(source, id=f"c{number}", metadata={"tags": tags}))
    nbformat.write(book, path)
    return path


def execute(source: Path, target: Path, trace: str = "", **how) -> tuple[str, str, float]:
    """Run a notebook in this process: name and text of its error, and the seconds it took."""
    os.environ["ANALISI_TRACCIA"] = trace
    import papermill

    from analisi.reports import engine

    begun, error = time.monotonic(), ("", "")
    how = {"engine_name": engine.NAME} | how
    if how["engine_name"] is None:
        how["kernel_manager_class"] = "analisi.reports.kernel.QuietKernelManager"
    try:
        papermill.execute_notebook(source, target, kernel_name="python3", progress_bar=False, cwd=source.parent, **how)
    except papermill.PapermillExecutionError as failure:
        error = (failure.ename, failure.evalue)
    return *error, time.monotonic() - begun


def _prepare() -> None:
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # it keeps ipykernel from watching descriptors
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


@pytest.fixture(scope="module")
def worker():
    """A process that runs notebooks, as the workers of an edition do."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare) as pool:
        yield pool
        pool.submit(_close).result()


def _close() -> None:
    from analisi.reports import engine

    engine.close()


@pytest.fixture
def run(worker, tmp_path):
    """Run cells in the worker: the executed notebook, its error, its seconds; then no process of the notebook is left."""

    def go(cells, **how):
        source, target = notebook(tmp_path / "n.ipynb", cells), tmp_path / "eseguito.ipynb"
        ename, evalue, seconds = worker.submit(execute, source, target, **how).result(timeout=120)
        assert left(tmp_path) == []
        return nbformat.read(target, as_version=4), ename, evalue, seconds

    return go


def left(folder: Path) -> list[str]:
    """Processes that work in a folder, once those that are ending have ended."""
    for _ in range(40):
        found = [p.info for p in psutil.process_iter(["pid", "cwd", "name", "status"]) if p.info["cwd"] == str(folder)]
        if not found:
            break
        time.sleep(0.05)
    return found


def normal(book) -> dict:
    """A notebook without what no two runs share: times, random ids, addresses, process numbers."""
    state = book.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    found = {"cells": [_cell(cell) for cell in book.cells], "info": book.metadata.language_info}
    shown = re.findall(r'"model_id": "(\w+)"', json.dumps(found))
    found["state"] = [state[model] for model in shown] + list(state.values())
    text = re.sub(r"[0-9a-f]{32}", "id", json.dumps(found, ensure_ascii=False, sort_keys=True))
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"ipykernel_\d+|(?<=/)\d+\.py", "ipykernel", text)
    found = json.loads(re.sub(r"\d[\d.e+]* [nµμm]?s\b", "t", text))
    return found | {"state": sorted(map(json.dumps, found["state"]))}


def _cell(cell) -> dict:
    cell = json.loads(json.dumps(cell))
    cell["metadata"].pop("papermill", None)
    cell["metadata"]["execution"] = sorted(cell["metadata"].get("execution", {}))
    outputs = []
    for output in cell.get("outputs", []):
        same = outputs and output["output_type"] == "stream" and outputs[-1].get("name") == output["name"]
        if same:
            outputs[-1]["text"] += output["text"]
        else:
            outputs.append(output)
    return cell | {"outputs": outputs, "id": cell["id"] if cell["cell_type"] == "code" else ""}


@pytest.fixture(scope="module")
def stock(worker, tmp_path_factory):
    """Every kind of output as papermill's own engine gives it; on a loaded machine that may lose a reply and wait for ever: then again."""
    folder = tmp_path_factory.mktemp("stock")
    source, target = notebook(folder / "n.ipynb", EVERYTHING), folder / "e.ipynb"
    for last in (False, True):
        try:
            ename, _, _ = worker.submit(execute, source, target, engine_name=None, execution_timeout=90).result()
            break
        except TimeoutError:
            if last:
                raise
    return nbformat.read(target, as_version=4), ename


@pytest.mark.parametrize("method", METHODS)
def test_the_notebook_is_the_one_of_the_stock_engine(run, stock, method):
    book, ename, _, _ = run(EVERYTHING, start_method=method)
    assert book.metadata.papermill.analisi == {"avvio": method, "nota": ""}
    ours, theirs = normal(book), normal(stock[0])
    assert [pair for pair in zip(ours["cells"], theirs["cells"], strict=True) if pair[0] != pair[1]] == []
    assert ours == theirs
    assert ename == stock[1]


DEATHS = {
    "import os; os._exit(3)": ("ProcessoTerminato", "stato 3"),
    "import os; os._exit(0)": ("ProcessoTerminato", "stato 0"),
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": ("ProcessoTerminato", "SIGKILL"),
    "import ctypes; ctypes.string_at(0)": ("ProcessoTerminato", "SIGSEGV"),
    "import os; os.abort()": ("ProcessoTerminato", "SIGABRT"),
    "import subprocess, os; os.system('sleep 1000 &'); subprocess.Popen(['sleep', '1000'], start_new_session=True); os._exit(1)": (
        "ProcessoTerminato",
        "stato 1",
    ),
    "a = []\nwhile True:\n    a.append(bytearray(10**7))": ("MemoryError", ""),
    "while True:\n    pass": ("TempoMassimo", "superato il tempo massimo di 1.5 s"),
    "while True:\n    print('x' * 1000)": ("TempoMassimo", "1.5 s"),
    "while True:\n    try:\n        while True:\n            pass\n    except KeyboardInterrupt:\n        pass": ("TempoMassimo", "1.5 s"),
    "try:\n    import time; time.sleep(1000)\nexcept KeyboardInterrupt:\n    pass": ("TempoMassimo", "1.5 s"),
    "import time; time.sleep(1000)": ("TempoMassimo", "1.5 s"),
    "import asyncio; await asyncio.sleep(1000)": ("TempoMassimo", "1.5 s"),
    "!sleep 1000": ("TempoMassimo", "1.5 s"),
    "import re; re.match('(a+)+$', 'a' * 60 + 'b')": ("TempoMassimo", "1.5 s"),
    "import signal, os; os.kill(os.getpid(), signal.SIGSTOP)": ("TempoMassimo", "1.5 s"),
}


@posix
@pytest.mark.parametrize("cell", DEATHS)
def test_a_cell_that_kills_or_never_ends_leaves_its_error_and_no_process(run, cell):
    cells = ["print('prima')", (f"display('durante')\n{cell}", ["raises-exception"]), "print('dopo')"]
    book, ename, evalue, seconds = run(cells, time_limit=1.5 if DEATHS[cell][0] == "TempoMassimo" else 60, memory_limit=1_500_000_000)
    assert (ename, DEATHS[cell][1] in evalue) == (DEATHS[cell][0], True)
    assert seconds < (100 if "print('x'" in cell else 15)  # a loaded machine takes its time to write what a cell has printed without end
    first, bad, after = [cell for cell in book.cells if cell.cell_type == "code"]
    assert first.outputs[0].text == "prima\n"
    assert bad.outputs[0].data["text/plain"] == "'durante'"
    assert bad.outputs[-1].ename == ename
    if cell.endswith("sleep(1000)") and "except" not in cell and "await" not in cell:
        assert "KeyboardInterrupt" in "".join(bad.outputs[-1].traceback)
    assert after.get("outputs") == ([] if ename != "MemoryError" else after.outputs)


def test_the_time_is_of_the_whole_notebook(run):
    book, ename, evalue, _ = run(["import time; time.sleep(0.8)"] * 3, time_limit=2)
    assert (ename, evalue) == ("TempoMassimo", "superato il tempo massimo di 2 s")
    assert [len(cell.outputs) for cell in book.cells if cell.cell_type == "code"] == [0, 0, 1]


def test_what_a_notebook_leaves_open_is_closed(run, tmp_path):
    run(["import atexit; atexit.register(lambda: open('uscita', 'w').write('ok')); f = open('aperto', 'w'); f.write('testo')"])
    assert (tmp_path / "uscita").read_text() == "ok"
    assert (tmp_path / "aperto").read_text() == "testo"


def test_processes_of_the_notebook_end_with_it(run):
    cells = [
        "import os; os.system('sleep 1000 &'); os.system('setsid sleep 1000 &')",
        "import subprocess; subprocess.Popen(['sleep', '1000'])",
        "!(setsid sleep 1000 > /dev/null &)",
    ]
    cells += ["subprocess.Popen(['sleep', '1000'], start_new_session=True)", "exit()"]
    assert run(cells)[1] == ""


@pytest.mark.parametrize("method", METHODS)
def test_polars_and_fresh_random_numbers_in_every_process(run, method):
    cell = "import polars as pl, numpy as np\n[pl.DataFrame({'a': [2, 1, 2]}).group_by('a').len().sort('a').rows(), np.random.rand(), __import__('random').random()]"
    made = [eval(run([cell], start_method=method)[0].cells[0].outputs[0].data["text/plain"]) for _ in range(2)]
    assert made[0][0] == [(1, 1), (2, 2)]
    assert made[0][1] != made[1][1] and made[0][2] != made[1][2]


def test_folder_and_environment_are_those_of_the_caller(run, tmp_path):
    cells = ["import os, time; print(os.getcwd(), os.environ['PROVA'], time.strftime('%Z', time.gmtime(0) and time.localtime(0)))"]
    book, *_ = run(cells, environment={"PROVA": "1", "TZ": "Asia/Tokyo"})
    assert book.cells[0].outputs[0].text == f"{tmp_path} 1 JST\n"


def test_what_is_read_is_noted(run, tmp_path):
    (tmp_path / "d.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "traccia").mkdir()
    for method in METHODS:
        file = tmp_path / "traccia" / method
        run(["import polars as pl; pl.read_csv('d.csv')"], start_method=method, trace_file=str(file))
        assert str(tmp_path / "d.csv") in file.read_text(encoding="utf-8")
    how = {"engine_name": None, "trace": str(tmp_path / "traccia" / "stock")}
    run(["open('d.csv').read()"], **how)
    assert str(tmp_path / "d.csv") in Path(how["trace"]).read_text(encoding="utf-8")


SCRIPT = """
import logging, os, sys, threading, time
from pathlib import Path
sys.path.insert(0, {root!r})
logging.getLogger("papermill").setLevel(logging.CRITICAL)
from tests.reports.test_engine import execute, notebook
import nbformat, psutil
from analisi.reports import engine
folder = Path({folder!r})
os.chdir(folder)
"""


def script(folder: Path, body: str) -> list[str]:
    """The command of a Python program of its own, without a guard of its main module."""
    (folder / "s.py").write_text(SCRIPT.format(root=str(Path(__file__).parents[2]), folder=str(folder)) + body, encoding="utf-8")
    return [sys.executable, str(folder / "s.py")]


def outcome(folder: Path, body: str, **env: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"} | env
    done = subprocess.run(script(folder, body), capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(folder) == []
    return done.stdout.strip()


@pytest.mark.skipif("forkserver" not in METHODS, reason="no fork server here")
def test_a_fork_server_with_threads_is_not_used(tmp_path):
    (tmp_path / "con_filo.py").write_text("import threading, time; threading.Thread(target=time.sleep, args=(999,), daemon=True).start()")
    body = """
engine.PRELOAD = ["con_filo"]
for _ in range(2):
    print(execute(notebook(folder / "n.ipynb", ["6 * 7"]), folder / "e.ipynb")[:2], nbformat.read(folder / "e.ipynb", 4).metadata.papermill.analisi)
"""
    lines = outcome(tmp_path, body, PYTHONPATH=str(tmp_path)).splitlines()
    note = "avvio «spawn» invece di «forkserver»: il processo da cui nascono gli altri ha altri thread (python)"
    assert lines == [str(("", "")) + " " + str({"avvio": "spawn", "nota": note})] * 2


@pytest.mark.skipif("forkserver" not in METHODS, reason="no fork server here")
def test_a_dead_fork_server_or_spare_is_replaced(tmp_path):
    body = """
def one():
    error = execute(notebook(folder / "n.ipynb", ["6 * 7"]), folder / "e.ipynb")[0]
    print(error + nbformat.read(folder / "e.ipynb", 4).metadata.papermill.analisi["avvio"])
one(), one()
engine._spare._process.kill()
time.sleep(0.2)
one()
server = [p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline())][0]
engine.close()
server.kill()
one(), one()
"""
    lines = outcome(tmp_path, body).split("\n")
    assert lines[:3] + lines[4:] == ["forkserver"] * 4


@pytest.mark.parametrize("method", METHODS)
def test_a_hundred_runs_leave_no_descriptor_and_no_process(tmp_path, method):
    runs = 100 if method == "forkserver" else 12
    body = f"""
source, counts = notebook(folder / "n.ipynb", ["print(1)"]), []
for _ in range({runs}):
    assert execute(source, folder / "e.ipynb", start_method={method!r})[0] == ""
    me = psutil.Process()
    counts.append((me.num_fds(), len(me.children(recursive=True)), threading.active_count()))
print(len(set(counts[3:])), max(counts) == counts[-1])
"""
    assert outcome(tmp_path, body) == "1 True"


@posix
@pytest.mark.parametrize("cell", ["while True:\n    pass", "import re; re.match('(a+)+$', 'a' * 60 + 'b')"])
def test_a_killed_parent_takes_the_notebook_with_it(tmp_path, cell):
    if "re.match" in cell and sys.platform != "linux":
        pytest.skip("a cell that lets no other thread run dies with its parent on Linux only")
    source = f"open('partito', 'w').close()\n{cell}"
    body = f'execute(notebook(folder / "n.ipynb", [{source!r}]), folder / "e.ipynb")'
    parent = subprocess.Popen(script(tmp_path, body), stderr=subprocess.DEVNULL)
    while not (tmp_path / "partito").exists():
        time.sleep(0.05)
        assert parent.poll() is None
    time.sleep(0.2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert left(tmp_path) == []


@pytest.mark.parametrize("first", ["papermill", "analisi.reports.engine"])
def test_papermill_and_the_engine_import_in_any_order(first):
    code = (
        f"import {first}, papermill.engines, analisi.reports.engine as e; assert papermill.engines.papermill_engines.get_engine('analisi')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    entry = (
        "from analisi.reports.kernel import papermill_engine as e; import sys; assert 'papermill' not in sys.modules; e.execute_notebook"
    )
    assert subprocess.run([sys.executable, "-c", entry], check=False).returncode == 0

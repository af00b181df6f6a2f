"""Pages printed to PDF by a browser that is already installed: off the network, and the same bytes each time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from urllib.parse import quote, unquote

from analisi.errors import AnalisiError
from analisi.workspace import masked

VARIABLE = "ANALISI_BROWSER_PDF"
_TIME = 90.0  # seconds a page may take
_TOGETHER = 2
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"{PROGRAMFILES}\Google\Chrome\Application\chrome.exe",
    r"{PROGRAMFILES(X86)}\Google\Chrome\Application\chrome.exe",
    r"{LOCALAPPDATA}\Google\Chrome\Application\chrome.exe",
    r"{PROGRAMFILES(X86)}\Microsoft\Edge\Application\msedge.exe",
    r"{PROGRAMFILES}\Microsoft\Edge\Application\msedge.exe",
)
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-extensions", "--disable-sync", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check",
    "--no-pings", "--metrics-recording-only", "--password-store=basic", "--use-mock-keychain", "--mute-audio", "--lang=it",
    "--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer", "--print-to-pdf-no-header",
)  # fmt: skip
# Stands for the folder of the edition in the links, so that no path of this machine enters the PDF; long enough for any "../".
_BASE = "file:///cartella-dell-edizione/"
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) ?\(D:)(\d{14})([^)]*)\)")


class NotPrinted(AnalisiError):
    """A page did not become a PDF."""

    during_run = True


def find_browser() -> str:
    """The installed browser: the one named in ANALISI_BROWSER_PDF, else Chromium, Chrome or Edge on the PATH or in their usual places.

    Raises:
        AnalisiError: there is none.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        found = shutil.which(str(Path(chosen).expanduser()))
        if found is None:
            msg = f"{VARIABLE}: «{chosen}» non è un programma che si possa avviare"
            raise AnalisiError(msg)
        return found
    places = [re.sub(r"\{(.+?)\}", lambda name: os.environ.get(name[1], "?"), place) for place in _PLACES]
    for candidate in (*_NAMES, *places):
        found = shutil.which(candidate)
        if found is not None:
            return found
    msg = (
        "per i PDF serve un browser, che non è stato trovato: installare Chromium, Google Chrome o Microsoft Edge, "
        f"oppure indicarne il programma in {VARIABLE}; senza --pdf il pacchetto si fa lo stesso, e ogni pagina si stampa dal browser"
    )
    raise AnalisiError(msg)


def print_pages(
    browser: str, folder: Path, pages: Sequence[str], aside: Path, progress: Callable[[int, int, str], None] | None = None
) -> dict[str, bytes]:
    """The PDF of each page by its name beside the page, two pages at a time; `aside` is a folder for what is thrown away.

    Raises:
        NotPrinted: the browser failed, or took too long.
    """
    done: dict[str, bytes] = {}
    pool = ThreadPoolExecutor(_TOGETHER)
    try:
        waited = {pool.submit(_print, browser, folder / page, page, aside): page for page in pages}
        for future in as_completed(waited):
            page = waited[future]
            done[_pdf(page)] = future.result()
            if progress:
                progress(len(done), len(pages), page)
    finally:
        pool.shutdown(cancel_futures=True)
    return done


def _pdf(name: str) -> str:
    """The PDF of a page; any other file is itself."""
    return name.removesuffix(".html") + ".pdf" if name.endswith(".html") else name


def _print(browser: str, source: Path, page: str, aside: Path) -> bytes:
    own = Path(tempfile.mkdtemp(dir=aside))
    copy, result = own / "pagina.html", own / "pagina.pdf"
    copy.write_text(_relinked(source.read_text(encoding="utf-8"), page), encoding="utf-8", newline="\n")
    flags = [*_FLAGS, f"--user-data-dir={own / 'profilo'}", f"--print-to-pdf={result}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # root, as in a container, has no sandbox to use
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run([browser, *flags, copy.as_uri()], timeout=_TIME, check=True, env=os.environ | {"TZ": "UTC"}, **quiet)
        data = result.read_bytes()
    except subprocess.TimeoutExpired as error:
        msg = f"{masked(page)}: la stampa in PDF non è finita in {_TIME:.0f} secondi; riprovare, o fare il pacchetto senza --pdf"
        raise NotPrinted(msg) from error
    except (OSError, subprocess.CalledProcessError) as error:
        msg = f"{masked(page)}: il browser «{Path(browser).name}» non ha stampato la pagina; aggiornarlo, o fare il pacchetto senza --pdf"
        raise NotPrinted(msg) from error
    shutil.rmtree(own, ignore_errors=True)
    return _settled(data, page)


def _relinked(text: str, page: str) -> str:
    """The page with the links to other files of the edition led from a fixed place, those to other pages to their PDF."""
    folder = page.rpartition("/")[0]

    def led(found: re.Match[str]) -> str:
        path = os.path.normpath(f"{folder}/{unquote(found[2])}" if folder else unquote(found[2])).replace(os.sep, "/")
        return f'{found[1]}href="{_BASE}{quote(_pdf(path))}"'

    return re.sub(r'(<a\b(?:\s[^<>]*)?\s)href="(?!#|mailto:)([^"]*)"', led, text)


def _settled(data: bytes, page: str) -> bytes:
    """The PDF with fixed dates, and links relative to its place: each replaced by as many bytes, as a PDF counts them.

    Raises:
        NotPrinted: it is no PDF.
    """
    if not data.startswith(b"%PDF-"):
        msg = f"{masked(page)}: il browser non ha fatto un PDF; aggiornarlo, o fare il pacchetto senza --pdf"
        raise NotPrinted(msg)
    up = "../" * page.count("/")
    data = re.sub(
        re.escape(f"({_BASE}".encode()) + rb"([^)]*)\)", lambda found: (b"(" + up.encode() + found[1] + b")").ljust(len(found[0])), data
    )
    return _DATE.sub(lambda found: found[1] + b"19800101000000" + re.sub(rb"\d", b"0", found[3]) + b")", data)

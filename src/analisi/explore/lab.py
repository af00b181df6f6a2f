"""JupyterLab on the workspace, with the settings of the workspace: what the user has in ~/.jupyter is neither read nor written."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analisi.errors import AnalisiError, suggest
from analisi.workspace import cache_folder, move_to, resolve, root

ADDRESS = "127.0.0.1"
FIRST_PORT, PORTS = 8888, 50
FIRST_NOTEBOOK = "esplora"
PAGES = "ANALISI_PAGINE"  # set for the kernels: where this JupyterLab serves what is in reports/
SETTINGS = Path(__file__).parent / "impostazioni"


def find_notebook(name: str = "") -> Path | None:
    """The notebook to open, by its name in notebooks/ or by path; without a name, esplora.ipynb if it is there.

    Raises:
        AnalisiError: no such notebook, or one outside of the workspace, which JupyterLab does not show.
    """
    folder = root() / "notebooks"
    if not name:
        first = folder / f"{FIRST_NOTEBOOK}.ipynb"
        return first if first.is_file() else None
    direct = resolve(name)
    path = direct if name.endswith(".ipynb") and direct.is_file() else folder / f"{name.removesuffix('.ipynb')}.ipynb"
    if not path.is_file():
        msg = f"notebook «{name}» assente; {suggest(name, sorted(item.stem for item in folder.glob('*.ipynb')))}"
        raise AnalisiError(msg)
    if not path.resolve().is_relative_to(root()):
        msg = f"{path}: è fuori dalla cartella di lavoro ({root()}); copiarlo in notebooks/"
        raise AnalisiError(msg)
    return path.resolve()


def free_port(wanted: int = 0) -> int:
    """The port asked for, or the first free one. Raises: AnalisiError when it is taken, or no port is free."""
    for port in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            if os.name == "posix":  # a port just left is free; on Windows the option would mean the contrary
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    if wanted:
        msg = (
            f"--porta {wanted}: la porta è occupata da un altro programma, o riservata al sistema; sceglierne un'altra, o togliere --porta"
        )
    else:
        msg = f"le porte da {FIRST_PORT} a {FIRST_PORT + PORTS - 1} sono tutte occupate; chiudere altri JupyterLab, o indicare --porta"
    raise AnalisiError(msg)


def open_lab(notebook: Path | None, port: int, *, browser: bool, ready: Callable[[str], None]) -> None:
    """Run JupyterLab until it is stopped; `ready` is told its address, with the token, when it is about to serve.

    Raises:
        AnalisiError: JupyterLab is not installed, or it cannot start.
    """
    move_to(root())
    os.environ.update(_environment(cache_folder() / "lab"))
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        msg = "JupyterLab non è installato in questo ambiente; rifare l'ambiente («make lab», oppure conda), o: pip install jupyterlab"
        raise AnalisiError(msg) from error
    token, page = secrets.token_hex(24), f"/lab/tree/{quote(notebook.relative_to(root()).as_posix())}" if notebook else "/lab"
    try:
        server = LabApp.initialize_server([f"--{name}={value}" for name, value in _options(port, token, page, browser).items()])
    except SystemExit as error:  # its own words, in English, are above
        msg = f"JupyterLab non è partito (porta {port}); il motivo è qui sopra"
        raise AnalisiError(msg) from error
    _serve_pages(server)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(from_signal=True))
    server.io_loop.add_callback(ready, f"http://{ADDRESS}:{server.port}{page}?token={token}")
    server.start()


def _environment(folder: Path) -> dict[str, str]:
    """Where Jupyter keeps its settings, and what its terminals and kernels find first: the commands and the kernel of this environment.

    Raises:
        AnalisiError: the folder cannot be written.
    """
    places = {
        "JUPYTER_CONFIG_DIR": folder,
        "JUPYTERLAB_SETTINGS_DIR": folder / "impostazioni",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "finestre",
    }
    try:
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: non si può scrivere ({error.strerror}); indicare in ANALISI_CACHE una cartella per ciò che si può buttare"
        raise AnalisiError(msg) from error
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {name: str(place) for name, place in places.items()} | {"PATH": os.pathsep.join(path), "JUPYTER_PREFER_ENV_PATH": "1"}


def _options(port: int, token: str, page: str, browser: bool) -> dict[str, Any]:
    """What is asked of JupyterLab: this machine only, a token, nothing from the network, and silence but for errors."""
    import zmq

    return {
        "ServerApp.root_dir": root(),
        "ServerApp.ip": ADDRESS,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.allow_root": True,
        "ServerApp.allow_remote_access": False,
        "ServerApp.open_browser": browser,
        "ServerApp.default_url": page,
        "Application.log_level": "ERROR",
        "IdentityProvider.token": token,
        "LabApp.default_url": page,
        "LabApp.app_settings_dir": SETTINGS,
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "KernelManager.transport_encryption": "auto" if zmq.has("curve") else "disabled",
        "LanguageServerManager.autodetect": False,  # it would start npm, to look for programs that are not there
    }


def _serve_pages(server: Any) -> None:
    """Serve reports/ so that links between pages and downloads work: Jupyter's own address for files refuses both to a confined page."""
    from jupyter_server.base.handlers import AuthenticatedFileHandler

    class Pages(AuthenticatedFileHandler):
        """A published file, to who is logged in; a page stays confined to an origin of its own, away from the server's."""

        @property
        def content_security_policy(self) -> str:
            return f"{super().content_security_policy} allow-downloads"

        def check_xsrf_cookie(self) -> None:
            """A confined page names no referrer: a navigation is enough, as no other site can read what it opens."""
            if self.request.headers.get("Sec-Fetch-Mode") != "navigate":
                super().check_xsrf_cookie()

    address = f"{server.base_url}pagine/"
    server.web_app.add_handlers(".*$", [(f"{address}(.*)", Pages, {"path": str(root() / "reports")})])
    os.environ[PAGES] = address


def page_address(path: Path) -> str:
    """The address, from the root of the server, at which the JupyterLab of this kernel serves a file; empty when none does."""
    from jupyter_core.paths import jupyter_runtime_dir

    path, reports = path.resolve(), (root() / "reports").resolve()
    if PAGES in os.environ and path.is_relative_to(reports):
        return os.environ[PAGES] + quote(path.relative_to(reports).as_posix())
    note = Path(jupyter_runtime_dir()) / f"jpserver-{os.environ.get('JPY_PARENT_PID', '')}.json"
    try:
        server = json.loads(note.read_text(encoding="utf-8"))
        inside = path.relative_to(Path(server["root_dir"]).resolve())
    except (OSError, ValueError, KeyError):
        return ""
    return f"{server['base_url']}files/{quote(inside.as_posix())}"

"""Real JupyterLab on a copy of the workspace, for the browser tests: with token, on the loopback, cut off from the network.

    with lab(copy_workspace(folder)) as url:
        page = lab_page(browser, url)
        open_notebook(page, "esplora")
        run_all(page)
        wait_idle(page)
        assert (page.attempts, page.messages) == ([], [])

The browser resolves no name and aborts every request that is not to the loopback, noting it in `page.attempts`; the server and its kernels
find a dead proxy instead of the network.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from analisi.workspace import WORKSPACE, root

LOCAL = ("127.0.0.1", "localhost")
DEAD = "http://127.0.0.1:9"
FOREIGN = re.compile(r"^(?!data:|blob:|about:)(?!(http|ws)://(127\.0\.0\.1|localhost)[:/])")
SECONDS = 60
QUIET = {  # extensions that would ask who opens Lab to fetch news
    "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True, "@jupyterlab/extensionmanager-extension": True},
}


def copy_workspace(folder: Path) -> Path:
    """A copy of what a workspace holds, without what was made or delivered there: notebooks, editions, published and reference data."""
    source = root()
    for name in ("notebooks", "data/pubblicati", "data/riferimento", "data/mappature"):
        shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("data/ingresso", "reports"):
        (folder / name).mkdir(parents=True)
    for path in (source / "reports").glob("*.toml"):
        shutil.copyfile(path, folder / "reports" / path.name)
    return folder


def _environment(workspace: Path, settings: Path) -> dict[str, str]:
    """The environment of the server: the user's own settings stay out of the test, and the test out of them."""
    package = str(Path(sys.modules["analisi"].__file__).parents[1])
    given = os.environ | {WORKSPACE: str(workspace), "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    homes = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
        "IPYTHONDIR",
    )
    given |= {name: str(settings / name.lower()) for name in homes}
    given |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), DEAD)
    return given | {"no_proxy": ",".join(LOCAL), "NO_PROXY": ",".join(LOCAL), "PYTHONUTF8": "1"}


@contextmanager
def lab(workspace_copy: Path) -> Iterator[str]:
    """Start JupyterLab on a folder; its address, with the token. The server and its kernels end with the block."""
    settings = workspace_copy.parent / f".{workspace_copy.name}-jupyter"
    config = settings / "jupyter_config_dir" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps(QUIET), encoding="utf-8")
    with socket.socket() as free:
        free.bind((LOCAL[0], 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser", "--allow-root"]
    command += [
        f"--ServerApp.ip={LOCAL[0]}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={workspace_copy}",
    ]
    command += [f"--IdentityProvider.token={token}", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = settings / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=_environment(workspace_copy, settings), cwd=workspace_copy
        )
    try:
        origin = f"http://{LOCAL[0]}:{port}"
        _await_server(server, f"{origin}/api/status?token={token}", log)
        yield f"{origin}/lab?token={token}"
    finally:
        server.terminate()  # the server ends its kernels
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_server(server: subprocess.Popen, url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    limit = time.monotonic() + SECONDS
    while time.monotonic() < limit and server.poll() is None:
        try:
            opener.open(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    msg = f"JupyterLab did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def lab_page(browser: Browser, url: str, *, width: int = 1280, height: int = 900) -> Page:
    """A page logged in to the server of `lab`. `.attempts`: requests that would have left the machine; `.messages`: errors of the console."""
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    page = context.new_page()
    page.attempts, page.messages = [], []
    context.route(FOREIGN, lambda route: route.abort())
    context.on("request", lambda request: page.attempts.append(request.url) if FOREIGN.match(request.url) else None)
    page.on("websocket", lambda socket: page.attempts.append(socket.url) if FOREIGN.match(socket.url) else None)
    page.on("console", lambda message: page.messages.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.goto(url)
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    return page


def open_notebook(page: Page, name: str) -> None:
    """Open notebooks/<name>.ipynb alone, with its kernel started."""
    parts = urlsplit(page.url)
    page.goto(f"{parts.scheme}://{parts.netloc}/lab/tree/notebooks/{name.removesuffix('.ipynb')}.ipynb?reset")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    page.wait_for_selector(".jp-NotebookPanel:visible .jp-Cell")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=SECONDS * 1000
    )


def run_all(page: Page) -> None:
    """Run every cell, from the menu's own command, and wait until all are done."""
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    wait_idle(page)


def wait_idle(page: Page) -> None:
    """Wait until the kernel is idle and every code cell that holds something has been run."""
    page.wait_for_function(
        """() => {
        const panel = window.jupyterapp.shell.currentWidget;
        if (panel?.sessionContext?.session?.kernel?.status !== "idle") return false;
        return [...panel.content.model.cells].every((cell) =>
          cell.type !== "code" || !cell.sharedModel.getSource().trim() || cell.executionCount !== null && cell.executionState !== "running");
        }""",
        timeout=SECONDS * 1000,
    )


def errors(page: Page) -> list[str]:
    """The errors that cells of the open notebook ended in."""
    return page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].flatMap((cell) => cell.type !== "code" ? [] :
        cell.sharedModel.getOutputs().filter((o) => o.output_type === "error").map((o) => `${o.ename}: ${o.evalue}`))"""
    )

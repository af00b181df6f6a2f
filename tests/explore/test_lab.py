"""`analisi esplora`: a real JupyterLab with the workspace's own settings, and nothing else touched or asked."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from analisi.errors import AnalisiError
from analisi.explore import lab
from analisi.workspace import root
from tests.conftest import analisi

SPY = """\
import os, socket
_connect = socket.socket.connect
def connect(self, address):
    if isinstance(address, tuple) and str(address[0]) not in ("127.0.0.1", "::1", "localhost"):
        with open(os.environ["SPIA"], "a") as file:
            print(address, file=file)
    return _connect(self, address)
socket.socket.connect = connect
_find = socket.getaddrinfo
def getaddrinfo(host, *args, **kwargs):
    if host not in (None, "", "127.0.0.1", "::1", "localhost"):
        with open(os.environ["SPIA"], "a") as file:
            print(host, file=file)
    return _find(host, *args, **kwargs)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """JupyterLab started by the command in a home of its own, spied upon: the address told, home, cache, what left, and how it ends."""
    place = tmp_path_factory.mktemp("lab")
    for name in ("casa", "spia"):
        (place / name).mkdir()
    (place / "spia" / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    path = os.pathsep.join([str(place / "spia"), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    env |= {"HOME": str(place / "casa"), "ANALISI_CACHE": str(place / "cache"), "SPIA": str(place / "uscite"), "PYTHONPATH": path}
    words = [sys.executable, "-m", "analisi.cli", "esplora", "annuale", "--senza-browser"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env | {"ANALISI_CARTELLA": str(root())}, text=True)
    first = server.stdout.readline()
    facts = {"address": first.removeprefix("JupyterLab: ").strip(), "server": server, "place": place}
    try:
        yield facts
    finally:
        server.kill()
        server.communicate()


def ask(opened, path: str, *, token: bool = True, method: str = "GET", headers: dict[str, str] | None = None):
    """What the server answers: status, and body."""
    where = urlsplit(opened["address"])
    known = {"Authorization": f"token {parse_qs(where.query)['token'][0]}"} if token else {}
    request = urllib.request.Request(f"http://{where.netloc}{path}", method=method, headers=known | (headers or {}))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_it_tells_the_address_with_a_token_of_the_notebook_on_this_machine_only(opened):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/annuale\.ipynb\?token=[0-9a-f]{48}", opened["address"])
    listening = [c.laddr.ip for c in psutil.Process(opened["server"].pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}


def test_without_the_token_nothing_is_given(opened):
    assert ask(opened, "/api/contents", token=False)[0] == 403
    assert ask(opened, "/api/contents")[0] == 200


def test_the_settings_of_the_workspace_are_served(opened):
    def settings(name: str) -> dict:
        return json.loads(ask(opened, f"/lab/api/settings/{name}")[1])["schema"]["properties"]

    notices = settings("@jupyterlab/apputils-extension:notification")
    assert (notices["fetchNews"]["default"], notices["checkForUpdates"]["default"]) == ("false", False)
    assert settings("@jupyterlab/apputils-extension:themes")["theme"]["default"] == "JupyterLab Light"
    assert settings("@jupyterlab/translation-extension:plugin")["locale"]["default"] == "it_IT"
    assert settings("@jupyterlab/docmanager-extension:plugin")["autosave"]["default"] is True


def test_every_setting_named_is_one_that_jupyterlab_has(opened):
    for name, values in json.loads((lab.SETTINGS / "overrides.json").read_text(encoding="utf-8")).items():
        schema = json.loads(ask(opened, f"/lab/api/settings/{name}")[1])["schema"]
        assert set(values) <= set(schema["properties"]), name


def test_news_updates_and_extensions_are_off_on_the_server_too(opened):
    assert json.loads(ask(opened, "/lab/api/news")[1]) == {"news": []}
    assert json.loads(ask(opened, "/lab/api/update")[1]) == {"notification": None}
    page = ask(opened, "/lab")[1]
    config = json.loads(re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.S)[1])
    assert "@jupyterlab/apputils-extension:announcements" in config["disabledExtensions"]
    assert (config["news"], config["extensionManager"]["can_install"]) == ({"disabled": True}, False)


def test_a_setting_changed_in_jupyterlab_is_kept_in_the_cache_of_the_workspace(opened):
    where = urlsplit(opened["address"])
    name = "@jupyterlab/apputils-extension:themes"
    request = urllib.request.Request(
        f"http://{where.netloc}/lab/api/settings/{name}", method="PUT", data=b'{"raw": "{\\"theme\\": \\"JupyterLab Dark\\"}"}',
        headers={"Authorization": f"token {parse_qs(where.query)['token'][0]}"},
    )  # fmt: skip
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
    kept = list((opened["place"] / "cache" / "lab").rglob("themes.jupyterlab-settings"))
    assert ["Dark" in path.read_text(encoding="utf-8") for path in kept] == [True]


def test_published_pages_are_served_confined_to_who_is_logged_in(opened):
    address = "/pagine/annuale.toml"  # a file of reports/, whatever it is
    assert "[[rapporto]]" not in ask(opened, address, token=False)[1]  # the login page
    assert "[[rapporto]]" in ask(opened, address)[1]
    assert ask(opened, "/pagine/../pyproject.toml")[0] in (403, 404)
    where = urlsplit(opened["address"])
    request = urllib.request.Request(f"http://{where.netloc}{address}?token={parse_qs(where.query)['token'][0]}")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        assert re.search(r"sandbox allow-scripts allow-downloads$", answer.headers["Content-Security-Policy"])


def test_a_taken_port_is_told_before_anything_starts(opened):
    port = urlsplit(opened["address"]).port
    done = analisi("esplora", "--porta", port, "--senza-browser")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--porta {port}: la porta è occupata" in done.stderr


def test_ctrl_c_closes_it_and_leaves_the_home_as_it_was(opened):
    """The last test: it stops the server."""
    server, place = opened["server"], opened["place"]
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "JupyterLab chiuso."
    assert not (place / "casa" / ".jupyter").exists()
    assert not (place / "casa" / ".npm").exists()
    assert not (place / "uscite").exists(), (place / "uscite").read_text()


def test_a_missing_notebook_is_told_with_the_nearest_name():
    done = analisi("esplora", "anuale", "--senza-browser")
    assert (done.returncode, "forse intendevi «annuale»?" in done.stderr) == (2, True)


def test_a_notebook_outside_of_the_workspace_is_refused(tmp_path):
    (tmp_path / "n.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(AnalisiError, match="fuori dalla cartella di lavoro"):
        lab.find_notebook(str(tmp_path / "n.ipynb"))


def test_a_missing_jupyterlab_is_told_in_italian(tmp_path):
    (tmp_path / "jupyterlab.py").write_text("raise ImportError", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = analisi("esplora", "--senza-browser", env={"PYTHONPATH": path})
    assert (done.returncode, "JupyterLab non è installato" in done.stderr) == (2, True)


def test_the_address_of_a_page_needs_a_server(monkeypatch, tmp_path):
    page = root() / "reports" / "a b" / "x.html"
    monkeypatch.delenv(lab.PAGES, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    assert lab.page_address(page) == ""
    (tmp_path / "jpserver-7.json").write_text(json.dumps({"root_dir": str(root()), "base_url": "/u/"}), encoding="utf-8")
    assert lab.page_address(page) == "/u/files/reports/a%20b/x.html"  # a JupyterLab started by other means
    assert lab.page_address(tmp_path / "x.html") == ""
    monkeypatch.setenv(lab.PAGES, "/pagine/")
    assert lab.page_address(page) == "/pagine/a%20b/x.html"

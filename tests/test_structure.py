"""What keeps the repository in one piece: the direction of imports, one list of dependencies, documents that stay true."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from analisi.cli import app
from analisi.presentation import dizionario as dizionario_dati
from analisi.reports.contract import notebooks
from analisi.tables import dizionario

FLOW = [
    "errors",
    "workspace",
    "silence",
    "trace",
    "sources",
    "vocabulary",
    "tables",
    "vintages",
    "sample",
    "indicators",
    "disclosure",
    "presentation",
    "reports",
    "explore",
    "cli",
]


def rooms(path: Path, package: Path) -> tuple[str, set[str]]:
    """The room of a module and the rooms it imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        found |= {name.split(".")[1] for name in names if name and name.startswith("analisi.")}
    return path.relative_to(package).parts[0].removesuffix(".py"), found


def of_the_product() -> list[str]:
    """The report notebooks that come with the product: not the analyst's own, which `analisi nuovo` marks."""
    return [path.stem for path in notebooks() if "analisi" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]]


def test_imports_go_one_way(workspace):
    package = workspace / "src/analisi"
    upward = []
    for path in package.rglob("*.py"):
        if path.name == "__init__.py" and path.parent == package:
            continue
        room, imported = rooms(path, package)
        upward += [f"{path.relative_to(package)} imports {name}" for name in imported if FLOW.index(name) > FLOW.index(room)]
    assert upward == []


def test_no_year_is_written_in_the_package(workspace):
    named = [
        path.name
        for path in (workspace / "src").rglob("*")
        if path.name != "catalogo.py"  # the examples of its columns are dates
        and path.suffix in (".py", ".j2", ".js", ".css")
        and re.search(r"\b20[1-9]\d\b", path.read_text(encoding="utf-8"))
    ]
    assert named == []


def test_conda_environment_agrees_with_the_package(workspace):
    project = tomllib.loads((workspace / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = (workspace / "environment.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^  - ([a-z0-9-]+>=.*)$", environment, re.M)
    by_conda = [item for item in project["dependencies"] if not item.startswith("duckdb")]  # pip brings it with the package
    assert sorted(listed) == sorted([f"python{project['requires-python']}", *by_conda])


def test_lock_pins_every_dependency_with_hashes_and_names_no_host(workspace):
    lock = (workspace / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((workspace / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[><=]", item)[0] for item in project["dependencies"] + project["optional-dependencies"]["dev"]}
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.M))
    assert wanted - pinned == set()
    assert "://" not in lock
    assert lock.count("--hash=") > len(pinned)


def test_the_lock_of_spark_adds_to_the_other_and_changes_none_of_it(workspace):
    texts = [(workspace / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-spark.lock")]
    base, more = (dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.M)) for text in texts)
    assert "pyspark" in more
    assert {name: version for name, version in more.items() if base.get(name, version) != version} == {}
    assert "://" not in texts[1]


def test_every_command_is_in_both_readmes(workspace):
    for name in ("README.md", "README.it.md"):
        text = (workspace / name).read_text(encoding="utf-8")
        assert [command for command in app.commands if f"analisi {command}" not in text] == []


def test_every_report_notebook_is_in_the_readme(workspace):
    text = (workspace / "README.md").read_text(encoding="utf-8")
    assert [name for name in of_the_product() if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", ["README.md", "README.it.md", "docs/metodo.md", "docs/dizionario.md", "docs/decisioni.md", "CHANGELOG.md"])
def test_links_between_documents_lead_somewhere(workspace, name):
    path = workspace / name
    links = re.findall(r"\]\((?!http|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_dictionary_is_the_one_the_tables_make(workspace):
    text = (workspace / "docs/dizionario.md").read_text(encoding="utf-8")
    assert dizionario.text() in text, "run: make dizionario"
    assert dizionario_dati.text() in text, "run: make dizionario"


def test_every_report_declares_its_data_files():
    assert sorted(dizionario_dati.REPORTS) == of_the_product()


def test_every_published_figure_has_its_source(workspace):
    folder = workspace / "data/pubblicati"
    listed = (folder / "fonti.csv").read_text(encoding="utf-8")
    assert [path.name for path in folder.glob("*.csv") if path.name != "fonti.csv" and f"\n{path.name}," not in listed] == []

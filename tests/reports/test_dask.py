"""An edition made on a cluster of two machines, which here are two processes on the loopback address."""

import re
import subprocess
import sys

import pytest

from analisi.reports.verify import verify
from tests.conftest import analisi
from tests.reports.conftest import pages_of


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler with two workers, each a process of its own."""
    address = tmp_path / "address.json"
    common = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    running = [subprocess.Popen([*command, "--scheduler-file", address], **common)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", address, "--nthreads", "1", "--no-dashboard"]
    running += [subprocess.Popen([*worker, "--local-directory", tmp_path / f"w{n}"], **common) for n in range(2)]
    from distributed import Client

    with Client(scheduler_file=str(address), timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address
    for process in running:
        process.terminate()
    for process in running:
        process.wait(30)


def test_a_cluster_gives_the_same_bytes_as_this_machine(desk, cluster):
    local = analisi("edizione", "prova", "--uscita", desk / "qui", cwd=desk)
    assert local.returncode == 0, local.stderr
    remote = analisi("edizione", "prova", "--uscita", desk / "cluster", "--dask", cluster, cwd=desk)
    assert remote.returncode == 0, remote.stderr
    assert pages_of(desk / "qui") == pages_of(desk / "cluster")
    assert verify(desk / "cluster") == []


def test_a_cluster_that_does_not_answer_is_told(desk):
    done = analisi("edizione", "prova", "--dask", "tcp://127.0.0.1:9", cwd=desk)
    assert done.returncode == 2
    assert re.search("il cluster non risponde", done.stderr)

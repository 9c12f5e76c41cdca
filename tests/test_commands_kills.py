"""`htstats compress` is killed, or loses its cluster: nothing is lost, and --resume goes on."""

import contextlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

import htstats
from htstats.cli import main

# The environment of a process that is not started in the checkout.
ELSEWHERE = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(htstats.__file__))}


def begin_compression(folder, where):
    """The command as a process of its own, once it has begun to write."""
    argv = ["compress", "model.safetensors", "-o", "m.htz", "--resume", *where]
    process = subprocess.Popen(
        [sys.executable, "-m", "htstats", *argv],
        cwd=folder,
        stdout=subprocess.PIPE,
        env={**ELSEWHERE, "TMPDIR": str(folder / "scratch")},
    )
    wait_for_bytes(process, folder / "m.htz.partial", 0)
    return process


def wait_for_bytes(process, path, size):
    """Until the file has so many bytes, however long a busy machine takes, or the process ends."""
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size >= size:
                return
        time.sleep(0.0005)


@pytest.mark.slow
@pytest.mark.parametrize(("where", "times"), [([], 30), (["--dask", "local:2"], 5)])
def test_kill_9_and_resume(tmp_path, where, times):
    """The command, all of it: the old file or the new one, and no process stays behind."""
    psutil = pytest.importorskip("psutil")
    rng = np.random.default_rng(0)
    heavy = {f"w{i}": rng.standard_t(2.5, (700, 1000)).astype("f4") for i in range(9)}
    save_file(heavy, tmp_path / "model.safetensors")
    out, partial = tmp_path / "m.htz", tmp_path / "m.htz.partial"
    (tmp_path / "scratch").mkdir()
    begin_compression(tmp_path, where).communicate()
    new, old = out.read_bytes(), b"old"
    killed = resumed = 0
    out.write_bytes(old)
    for _ in range(times):
        resumed += partial.exists()
        begun = partial.stat().st_size if partial.exists() else 0
        process = begin_compression(tmp_path, where)
        wait_for_bytes(process, partial, rng.uniform(begun, 1.1 * len(new)))
        family = [psutil.Process(process.pid)] if process.poll() is None else []
        with contextlib.suppress(psutil.NoSuchProcess):
            family += family[0].children(recursive=True) if family else []
        process.kill()
        process.communicate()
        assert psutil.wait_procs(family, timeout=60)[1] == []
        killed += process.returncode != 0
        assert out.read_bytes() in (old, new)
        files = {"model.safetensors", "m.htz", "m.htz.partial", "scratch"}
        assert set(os.listdir(tmp_path)) <= files
        out.write_bytes(old)
    assert killed
    assert resumed
    process = begin_compression(tmp_path, where)
    process.communicate()
    assert process.returncode == 0
    assert out.read_bytes() == new
    assert not partial.exists()


MACHINE = """
import asyncio, sys
from distributed import Scheduler, Worker
async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        async with Worker(scheduler.address, nthreads=1, dashboard=False):
            print(scheduler.address, flush=True)
            await asyncio.sleep(600)
asyncio.run(main())
"""


def lose_cluster(folder, extra):
    """Exit status, output and address of a compression whose cluster was killed amid its work."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    scheduler = subprocess.Popen([sys.executable, "-c", MACHINE], **options)
    where = scheduler.stdout.readline().strip()
    argv = ["compress", "model.safetensors", "-o", "m.htz", "--dask", where, *extra]
    process = subprocess.Popen(
        [sys.executable, "-m", "htstats", *argv], cwd=folder, env=ELSEWHERE, **options
    )
    wait_for_bytes(process, folder / "m.htz.partial", 1_500_000)
    scheduler.kill()
    said = process.communicate()
    scheduler.communicate()
    return process.returncode, said, where


@pytest.mark.slow
def test_a_cluster_that_goes_away(tmp_path, monkeypatch):
    """One line, no output. With --resume finished matrices stay, and the rest follows here."""
    pytest.importorskip("distributed")
    rng = np.random.default_rng(0)
    heavy = {f"w{i}": rng.standard_t(2.5, (1000, 1000)).astype("f4") for i in range(12)}
    save_file(heavy, tmp_path / "model.safetensors")
    partial, before = tmp_path / "m.htz.partial", ["model.safetensors"]

    for extra, left in [([], before), (["--resume"], ["m.htz.partial", *before])]:
        status, said, where = lose_cluster(tmp_path, extra)
        while status == 0:  # it was through before a busy machine let this test kill anything
            os.remove(tmp_path / "m.htz")
            status, said, where = lose_cluster(tmp_path, extra)
        assert status == 2, said
        assert said[0] == ""
        assert said[1].startswith(f"htstats: the cluster {where} has gone: ")
        assert said[1].count("\n") == 1
        assert sorted(os.listdir(tmp_path)) == left
    with open(partial, "rb") as file:
        begun = file.read()
    monkeypatch.chdir(tmp_path)
    assert main(["compress", "model.safetensors", "-o", "m.htz", "--resume"]) == 0
    with open("m.htz", "rb") as file:
        assert file.read(1_000_000) == begun[:1_000_000]

"""Batch prediction killed at random moments: a small edition of benchmarks/batch_killed.py."""

import random
from pathlib import Path

import pytest
from storage_server import serving

from benchmarks.batch_killed import a_batch, check, killed_run, undisturbed


@pytest.mark.slow
def test_whoever_is_killed_every_record_is_there_once_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    batch = a_batch(tmp_path, images=1000)
    expected, rng = undisturbed(batch, tmp_path / "whole"), random.Random(1)
    with serving(share_of_faults=0.05, seed=1, bucket="bucket") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
        for output in (str(tmp_path / "killed"), "gs://bucket/killed"):
            assert killed_run(batch, output, kills=3, workers=2, rng=rng)
            check(batch, output, expected)
    assert server.faults.total() > 0

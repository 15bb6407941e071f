"""Killed at any moment, started again: the same bits, on a disk that is full for a while too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from geartrain import callbacks
from geartrain.errors import GeartrainWarning
from geartrain.resume import Checkpoints
from geartrain.resume.folder import RunFolder
from tests.resume.test_refusals import fit

PROMISE = "a training killed at random moments: started again, it ends in the same bits"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def killed(count, seed):
    command = [sys.executable, "-m", "tests.resume.kills", str(count), str(seed)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_fork
def test_kills_at_any_moment(count_cases):
    found = killed(6, 0)
    assert found["other"] == 0 and found["killed"] >= 6, found
    count_cases(PROMISE, found["killed"])


@needs_fork
@pytest.mark.nightly
def test_very_many_kills_at_any_moment(count_cases):
    found = killed(1000, 1)
    assert found["other"] == 0 and found["killed"] >= 1000, found
    count_cases(PROMISE, found["killed"])


class FullDisk(callbacks.Callback):
    """Lets no file become longer than a few bytes, from one epoch to another."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def on_epoch_begin(self, epoch, logs=None):
        resource = pytest.importorskip("resource")
        if epoch in (self.first, self.last):
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            limit = 100 if epoch == self.first else most
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))

    def get_state(self):
        return {}


def test_training_goes_on_where_a_disk_is_full_and_writes_once_it_is_free(tmp_path):
    whole = fit(None, epochs=6)
    disk = FullDisk(first=2, last=4)
    with pytest.warns(GeartrainWarning, match=r"could not be written; training goes on.*Make room"):
        model = fit(Checkpoints(tmp_path, steps=5, seconds=1e9), epochs=6, callbacks=[disk])
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])
    assert RunFolder(tmp_path).steps() == [25, 30]
    assert not [one for one in tmp_path.iterdir() if ".part" in one.name]


def test_what_cannot_be_written_at_the_end_is_an_error_and_the_model_is_trained(tmp_path):
    disk = FullDisk(first=1, last=9)
    try:
        with pytest.raises(OSError, match=r"cannot write .*best.safetensors.*Nothing was left"):
            fit(Checkpoints(tmp_path, seconds=1e9), epochs=2, callbacks=[disk])
    finally:
        disk.on_epoch_begin(9)
    assert RunFolder(tmp_path).steps() == []

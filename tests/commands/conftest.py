"""What the tests of several commands use."""

from __future__ import annotations

import pytest


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data set is on this machine, and nothing can be downloaded."""
    for name in ("GEARTRAIN_DATA", "GEARTRAIN_CACHE", "KERAS_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))

    def refuse(url, limit, context=None):
        raise ConnectionError(f"{url}: no network")

    monkeypatch.setattr("geartrain.datasets.download.fetch", refuse)

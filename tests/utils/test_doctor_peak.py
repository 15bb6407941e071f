"""`geartrain doctor --peak`: what it prints, and without llvmlite."""

import re
import sys

import pytest

from geartrain.cli import main
from geartrain.utils import doctor

LINE = r"  float32 +[\d,]+ GFLOP/s with \d+ threads?"


@pytest.fixture(autouse=True)
def no_other_sections(monkeypatch):
    monkeypatch.setattr(doctor, "report", dict)


def test_the_peak_is_measured_when_asked(capsys):
    pytest.importorskip("llvmlite", reason="the peak is measured by native code")
    assert main(["doctor"]) == 0
    assert "Peak" not in capsys.readouterr().out
    assert main(["doctor", "--peak"]) == 0
    title, *lines, last = capsys.readouterr().out.splitlines()
    assert title == "Peak"
    assert re.fullmatch(LINE, lines[0])
    assert lines[0].endswith(" 1 thread")
    assert last == "0 problems found."


def test_without_llvmlite_it_says_so(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "llvmlite"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    (finding,) = doctor.peak()
    assert finding.subject == "float32"
    assert finding.text.startswith("not measured")
    assert "Install llvmlite." in finding.problem

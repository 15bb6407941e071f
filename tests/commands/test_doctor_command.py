"""`geartrain doctor`: what it reports, and the problems that it finds."""

from __future__ import annotations

import re

import numpy as np

import geartrain
from geartrain import datasets
from geartrain.cli import main
from geartrain.utils import doctor


def test_doctor_reports_a_sound_machine(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GEARTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GEARTRAIN_DATA", raising=False)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert f"  geartrain      {geartrain.__version__}, in " in printed
    assert f"  numpy          {np.__version__}, " in printed
    assert re.search(r"^  llvmlite +[\d.]+, LLVM \d+\.\d+", printed, re.MULTILINE)
    assert re.search(r"^  threads +\d+, from ", printed, re.MULTILINE)
    assert re.search(r"^  digits +\S.*sample \(the package\)$", printed, re.MULTILINE)
    assert re.search(r"^  gradients +exact to \de-\d\d$", printed, re.MULTILINE)
    assert re.search(r"^  training +loss \d\.\d\d to \d\.\d\d in 8 epochs$", printed, re.MULTILINE)
    assert printed.endswith("\n0 problems found.\n")


def problems():
    found = [finding for findings in doctor.report().values() for finding in findings]
    return {finding.subject: finding.problem for finding in found if finding.problem}


def test_doctor_finds_folders_that_do_not_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("GEARTRAIN_DATA", str(tmp_path / "gone"))
    assert "There is no such folder" in problems()["GEARTRAIN_DATA"]


def test_doctor_finds_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GEARTRAIN_CACHE", str(tmp_path / "file" / "cache"))
    assert "Set GEARTRAIN_CACHE to a folder that can be written" in problems()["cache"]


def test_doctor_finds_a_wrong_number_of_threads(monkeypatch):
    monkeypatch.setenv("GEARTRAIN_THREADS", "lots")
    assert "Received: 'lots'" in problems()["threads"]


def test_doctor_finds_wrong_numbers(monkeypatch):
    monkeypatch.setattr(doctor, "_gradient_error", lambda: ("exact to 1e-01", False))
    assert "The numbers are wrong" in problems()["gradients"]


def test_doctor_reports_a_check_that_fails(monkeypatch, capsys):
    def broken():
        raise ArithmeticError("no numbers today")

    monkeypatch.setattr(doctor, "_loss_ratio", broken)
    assert problems()["training"] == "ArithmeticError: no numbers today"
    assert main(["doctor"]) == 1
    assert "PROBLEM: ArithmeticError" in capsys.readouterr().out


def test_doctor_lists_where_it_looked(nowhere):
    lines = [str(finding) for finding in doctor.report()["Data sets"]]
    assert "mnist          not on this machine; it is downloaded when asked for" in lines
    assert {line.split()[0] for line in lines} >= set(datasets.NAMES)
    assert any("GEARTRAIN_DATA" in line and "no files" in line for line in lines)

"""The quotas of control groups, read from files like those of the kernel."""

from __future__ import annotations

import pytest

from geartrain.runtime.processors import cgroup_limit


def v1(folder, quota="250000", period="100000"):
    return {
        f"{folder}/cpu.cfs_quota_us": quota + "\n",
        f"{folder}/cpu.cfs_period_us": period + "\n",
    }


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "damaged\n"}, None),
        ("0::/\n", {"cpu.max": "0 100000\n"}, None),
        ("", {}, None),
        # a service in a slice: each level limits
        ("0::/a.slice/b.service\n", {"a.slice/b.service/cpu.max": "300000 100000"}, 3),
        (
            "0::/a.slice/b.service\n",
            {"a.slice/b.service/cpu.max": "400000 100000", "a.slice/cpu.max": "200000 100000"},
            2,
        ),
        ("0::/a.slice/b.service\n", {"a.slice/other/cpu.max": "100000 100000"}, None),
        ("0::/../outside\n", {"cpu.max": "200000 100000"}, 2),
        # version 1, alone and beside version 2
        ("4:cpu,cpuacct:/\n", v1("cpu"), 3),
        ("4:cpu,cpuacct:/\n", v1("cpu,cpuacct"), 3),
        ("4:cpu,cpuacct:/job\n", v1("cpu,cpuacct/job", "50000"), 1),
        ("4:cpu,cpuacct:/\n", v1("cpu", "-1"), None),
        ("4:cpu,cpuacct:/\n", v1("cpu", "100000", "0"), None),
        ("4:cpu:/job\n3:memory:/x\n0::/\n", {**v1("cpu/job"), **v1("memory/x", "1")}, 3),
        (None, v1("cpu", "200000"), 2),
    ],
)
def test_the_limit_of_a_control_group(tmp_path, own, files, expected):
    root = tmp_path / "cgroup"
    root.mkdir()
    if own is not None:
        (tmp_path / "own").write_text(own, encoding="ascii")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="ascii")
    assert cgroup_limit(root, tmp_path / "own") == expected

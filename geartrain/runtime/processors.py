"""How many processors a control group may use: containers and services are limited by their quota.

A process is in a group whose parents limit it too. Version 2 of control groups writes quota and
period into one file, version 1 into two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cgroup_limit(root: Path = ROOT, own: Path = OWN) -> int | None:
    """How many processors the control group may use, rounded up; None without a limit.

    Args:
        root: where control groups are mounted.
        own: the file that names the groups of this process.
    """
    quotas = [quota for folder in _folders(root, own) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _folders(root: Path, own: Path) -> Iterator[Path]:
    """The folders of this process's groups and of their parents, of both versions."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    found = {root: None, root / "cpu": None, root / "cpu,cpuacct": None}
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / controllers
        folder = top / path.strip("/")
        if ".." in folder.parts:  # a group outside this container's
            continue
        while folder != top:
            found[folder] = None
            folder = folder.parent
    yield from found


def _quota(folder: Path) -> int | None:
    """The processors that one group may use."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
    if not quota.isdecimal() or not period.isdecimal() or int(quota) == 0 or int(period) == 0:
        return None
    return max(1, -(-int(quota) // int(period)))

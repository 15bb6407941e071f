"""The processes that compute together: one alone, or several over MPI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

REMEDY = "Install it with MPI itself: pip install 'geartrain[mpi]'."


class Ranks:
    """One process alone; a subclass has others beside it.

    Attributes:
        rank: the number of this one.
        size: how many there are.
    """

    rank, size = 0, 1

    def broadcast(self, value: Any) -> Any:
        """What rank 0 gave, for all."""
        return value

    def all_values(self, value: Any) -> list[Any]:
        """What each gave, for all."""
        return [value]

    def all_gather(self, own: np.ndarray, counts: Sequence[int]) -> np.ndarray:
        """The bytes of all ranks, of which each has so many, in order."""
        return own

    def all_to_all(
        self, own: np.ndarray, counts: Sequence[int], arriving: Sequence[int]
    ) -> np.ndarray:
        """From each rank the bytes that it has for this one.

        Args:
            own: the bytes for rank 0, for rank 1, ...
            counts: how many there are for each.
            arriving: how many come from each.
        """
        return own

    def wait(self) -> None:
        """Wait until all have come here."""

    def abort(self) -> None:
        """End all ranks at once."""


class MpiRanks(Ranks):
    """Processes that MPI's launcher has started.

    Raises ImportError, with the remedy, without mpi4py.
    """

    def __init__(self) -> None:
        # MPICH waits actively; others may need the processor meanwhile
        os.environ.setdefault("MPIR_CVAR_POLLS_BEFORE_YIELD", "1")
        try:
            from mpi4py import MPI
        except ImportError as error:  # the package, or MPI's own library
            raise ImportError(
                "keras.distribution: several ranks need the package mpi4py and an MPI library. "
                f"Received: {error}. {REMEDY}"
            ) from error
        self._mpi: Any = MPI
        self._all: Any = MPI.COMM_WORLD
        self.rank, self.size = self._all.Get_rank(), self._all.Get_size()

    def broadcast(self, value: Any) -> Any:
        """What rank 0 gave, for all."""
        found = self._all.bcast(value, 0)
        return found if self.rank else value

    def all_values(self, value: Any) -> list[Any]:
        """What each gave, for all."""
        return list(self._all.allgather(value))

    def all_gather(self, own: np.ndarray, counts: Sequence[int]) -> np.ndarray:
        """The bytes of all ranks, of which each has so many, in order."""
        found = np.empty(sum(counts), np.uint8)
        self._all.Allgatherv([own, self._mpi.BYTE], [found, list(counts), None, self._mpi.BYTE])
        return found

    def all_to_all(
        self, own: np.ndarray, counts: Sequence[int], arriving: Sequence[int]
    ) -> np.ndarray:
        """From each rank the bytes that it has for this one."""
        found = np.empty(sum(arriving), np.uint8)
        self._all.Alltoallv(
            [own, list(counts), None, self._mpi.BYTE],
            [found, list(arriving), None, self._mpi.BYTE],
        )
        return found

    def wait(self) -> None:
        """Wait until all have come here."""
        self._all.Barrier()

    def abort(self) -> None:
        """End all ranks at once."""
        self._all.Abort(1)

"""Cumulative kernels on a team of threads: phases, barriers, the processor's modes."""

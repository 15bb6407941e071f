"""Kernels, a file for each kind: from a fusion group to the functions that compute it."""

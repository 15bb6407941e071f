"""Kernels of contractions: sums of products."""

"""Graphs of tensor operations: nodes, differentiation, evaluation."""

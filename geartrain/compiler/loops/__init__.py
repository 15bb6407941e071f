"""The loop IR: kernels as data, which are shown, run by an interpreter, and written as code."""

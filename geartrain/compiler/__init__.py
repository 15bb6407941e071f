"""From graphs to machine code: rooms, of which each imports from those before it alone.

`codegen` writes LLVM IR as text; `targets` knows machines; `analysis` reads graphs; `kernels` (and
`kernels/matmul`) writes the functions of each kind of kernel; `launch` runs them on a team of
threads; `passes` turn a graph into kernels, and `pipeline` puts these together.
"""

"""From graphs to machine code: a row of small passes.

`fuse` decides which values live in memory, `lower` turns views into index arithmetic, `kernels`
write loops as LLVM IR, `schedule` puts them in order for several threads, `memory` gives every
value its place, `emit` makes machine code.
"""

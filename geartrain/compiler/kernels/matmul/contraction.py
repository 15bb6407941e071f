"""The kernel of products: blocks of results kept in registers, with an epilogue at the store.

A contraction sums products over some axes. Its result is cut into tiles of a skinny rows by two
vectors, whose sums stay in registers while the summed axes are walked: each step loads two vectors
of the second operand, and repeats one number of the first for each row. Operands are read where
they are, through any view that is plain index arithmetic (so a convolution needs no copies of its
windows); only a second operand whose columns are not neighbours in memory is packed first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.values import NARROW
from geartrain.compiler.kernels.kernel import (
    Kernel,
    at_least,
    check_supported,
    multiversion,
)
from geartrain.compiler.kernels.matmul.gemm import Gemm
from geartrain.compiler.kernels.matmul.packed_gemm import packed_kernels
from geartrain.compiler.kernels.matmul.packed_layout import Packed
from geartrain.compiler.kernels.matmul.skinny import SkinnyGemm
from geartrain.compiler.kernels.matmul.tiling import MANY_ROWS, Cut, operand_of
from geartrain.compiler.kernels.reduce import join_parts, reduce_kernels
from geartrain.compiler.targets.target import Target
from geartrain.graph.contraction import spec_of
from geartrain.graph.shapes import holds_dim


def contraction_kernels(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a product and its epilogue: packing, if need be, and the product.

    What is repeated on one thread is not done in parts, and a matrix that stays the same is packed.
    """
    check_supported(fused)
    given = (fused, slots, target)
    cut = _cut(fused)
    if cut is None:
        return reduce_kernels(name, *given, new_slot, repeated)  # no rows or columns
    skinny = SkinnyGemm.of(name, *given, cut)
    if skinny.fits() and not repeated:
        return skinny.kernels(new_slot)
    if cut.narrow:
        return packed_kernels(Packed(name, *given, new_slot, cut), repeated)
    plan = Gemm.of(name, *given, cut)
    use_split = 0 if repeated else plan.prefers_bf16x6()
    if use_split != 0:
        plan.name = f"{name}_few"
        plan.shorten()
        split = packed_kernels(Packed(name, *given, new_slot, cut))
        return multiversion(split, _in_registers(plan, new_slot), use_split)
    if plan.crowds_for_many_rows() and not repeated:
        many = Gemm.of(f"{name}_many", *given, cut)
        many.packed_slot = new_slot()
        packed = [many.pack(), many.product()]
        return multiversion(packed, [plan.product()], at_least(plan.row_count, MANY_ROWS))
    return _in_registers(plan, new_slot, repeated)


def _in_registers(plan: Gemm, new_slot: Callable[[], int], repeated: bool = False) -> list[Kernel]:
    """The kernels of a product whose second operand may have to be packed."""
    kernels = []
    second = plan.b.memory
    stays = repeated and second.op is None and not holds_dim(second.extents)
    across = plan.b.stride(plan.column) != 1
    if plan.reads_panels():
        plan.packed_slot = plan.slots[second]
    elif across or stays or plan.crowds_the_cache() or plan.needs_masks():
        plan.packed_slot = new_slot()
        kernels.append(plan.pack())
    if plan.in_parts() and not repeated:
        given = (plan.name, plan.fused, plan.slots, plan.target)
        plan.cut(new_slot())
        return [*kernels, plan.product(), join_parts(*given, plan.parts_slot, plan.parts)]
    return [*kernels, plan.product()]


def plan_of(fused: FusionGroup, slots: Mapping[object, int], target: Target) -> Gemm | None:
    """How a product is cut into tiles, also if both operands are packed; None if there are none."""
    cut = _cut(fused)
    if cut is None or SkinnyGemm.of("", fused, slots, target, cut).fits():
        return None
    return Gemm.of("", fused, slots, target, cut)


def _cut(fused: FusionGroup) -> Cut | None:
    """Which operand gives the rows, and which the columns; None if there are not both."""
    core = fused.core
    assert core is not None
    spec, (first, second) = spec_of(core), core.sources
    last = spec.out[-1:]
    if last and last in spec.rows:
        spec, first, second = spec.swapped, second, first
    sizes = spec.sizes(first.extents, second.extents)
    tiled = last in spec.columns and sizes[last] != 1
    rows = [label for label in spec.out if label in spec.rows and sizes[label] != 1]
    if not tiled or not rows:
        return None
    memory = set(fused.reads)
    a = operand_of(first, spec.left, sizes, memory)
    b = operand_of(second, spec.right, sizes, memory)
    return Cut(sizes, spec.out, rows, a, b, core.dtype in NARROW)

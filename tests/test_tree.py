"""Nested structures: paths, comparison, walks. What is expected is what Keras gives."""

from __future__ import annotations

from collections import namedtuple

import pytest

from geartrain import Input, config, dtype_policies, layers, tree, utils

Pair = namedtuple("Pair", "x y")
NESTED = {"b": [1, (2, None)], "a": Pair(3, {"c": 4})}


def test_paths_lead_to_the_leaves():
    found = tree.flatten_with_path(NESTED)
    assert found == [
        (("a", 0), 3), (("a", 1, "c"), 4), (("b", 0), 1), (("b", 1, 0), 2), (("b", 1, 1), None),
    ]  # fmt: skip
    assert [leaf for _, leaf in found] == tree.flatten(NESTED)
    for path, leaf in found:
        part = NESTED
        for step in path:
            part = part[step]
        assert part is leaf


def test_walks_from_above_and_from_below():
    seen: list = []
    tree.traverse(seen.append, [(1, 2), [3], {"a": 4}])
    assert seen == [[(1, 2), [3], {"a": 4}], (1, 2), 1, 2, [3], 3, {"a": 4}, 4]
    seen.clear()
    tree.traverse(seen.append, [(1, 2), [3], {"a": 4}], top_down=False)
    assert seen == [1, 2, (1, 2), 3, [3], 4, {"a": 4}, [(1, 2), [3], {"a": 4}]]
    dropped = tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, NESTED)
    assert dropped == {"b": [1, (None, None)], "a": Pair(3, {"c": 4})}
    assert tree.lists_to_tuples(NESTED) == {"b": (1, (2, None)), "a": Pair(3, {"c": 4})}


def test_structures_are_compared():
    tree.assert_same_structure(NESTED, tree.map_structure(str, NESTED))
    tree.assert_same_paths([0, (1,)], (0, [1]))
    for other in ([1, (2, 3)], {"b": [1, (2, 3)]}, {"a": 0, "b": [1, [2, 3]]}):
        with pytest.raises(ValueError, match="assert_same_structure: expected structures nested"):
            tree.assert_same_structure({"a": 0, "b": [1, (2, 3)]}, other)
    with pytest.raises(ValueError, match=r"only in the first \[\"\('a',\)\"\], only in the second"):
        tree.assert_same_paths({"a": 1}, {"b": 1})


def test_functions_of_parts():
    assert tree.map_structure_up_to([0, 0], lambda x, y: [x, y], [1, (2,)], [3, 4]) == [
        [1, 3], [(2,), 4],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="map_structure: expected at least one structure"):
        tree.map_structure(len)
    with pytest.raises(ValueError, match="nested as the shallow one"):
        tree.map_structure_up_to([0, 0], len, [[1]])
    shapes = {"x": (None, 3), "y": [(2,), [3, 4]]}
    assert tree.map_shape_structure(tuple, shapes) == {"x": (None, 3), "y": [(2,), (3, 4)]}
    with pytest.raises(ValueError, match=r"expected shapes, nested in any way. Received: 'three'"):
        tree.map_shape_structure(tuple, ["three"])
    with pytest.raises(TypeError, match=r"traverse: expected a function\. Received: 3"):
        tree.traverse(3, [])


def test_source_inputs_and_policies():
    x, y = Input((3,)), Input((3,))
    total = layers.Add()([layers.Dense(3)(x), y])
    assert utils.get_source_inputs(total) == [x, y]
    assert utils.get_source_inputs(x) == [x]
    assert dtype_policies.get("mixed_bfloat16").compute_dtype == "bfloat16"
    assert dtype_policies.get({"class_name": "DTypePolicy", "config": {"name": "float16"}}) == (
        dtype_policies.DTypePolicy("float16")
    )
    config.set_dtype_policy("mixed_bfloat16")
    try:
        assert config.dtype_policy() == dtype_policies.get(None)
        assert config.dtype_policy().name == "mixed_bfloat16"
    finally:
        config.set_dtype_policy("float32")
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
    config.enable_traceback_filtering()
    assert config.is_traceback_filtering_enabled()

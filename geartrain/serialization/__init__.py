"""Objects as plain data and back, in the encoding of Keras's files.

An object is written as

    {"module": "keras.layers", "class_name": "Dense", "config": {...}, "registered_name": null}

with `build_config` (the shapes it was built for) and `compile_config` where it has them. A function
has the class name "function" and its name as config; arrays, slices, `...` and bytes have names in
underscores. Everything else is JSON as it stands.

Reading is safe whatever the data are: a name is looked up in a closed list of classes (the families
below, each in a package of Geartrain's own that is imported when it is first asked for), then among
the classes and functions that the program itself made known. Nothing is imported by a name from the
data, no attribute is looked up by one, and code is refused in any position. An error tells the
place: `layers[2].config.kernel_initializer: ...`.

Configs are those of Keras 3.15.1, key for key (`tests/test_configs.py` compares them). Where Keras
forgets an argument, such as `delta` of `Huber`, `axis` of `CosineSimilarity`, `dtype` of a loss or
`gain` of `Identity`, it is written too if it is not the default: Keras reads it all the same.
"""

from __future__ import annotations

from geartrain.serialization.names import (
    CODE_REMEDY,
    OWN_REMEDY,
    class_of,
    families_of,
    function_of,
    is_own,
    name_of_class,
)
from geartrain.serialization.places import at, count_work, place, refused, telling
from geartrain.serialization.reading import (
    check_form,
    check_path,
    check_safe_mode,
    deserialize,
    deserialize_each,
    reading,
)
from geartrain.serialization.writing import serialize, with_objects

__all__ = [
    "CODE_REMEDY",
    "OWN_REMEDY",
    "at",
    "check_form",
    "check_path",
    "check_safe_mode",
    "class_of",
    "count_work",
    "deserialize",
    "deserialize_each",
    "families_of",
    "function_of",
    "is_own",
    "name_of_class",
    "place",
    "reading",
    "refused",
    "serialize",
    "telling",
    "with_objects",
]

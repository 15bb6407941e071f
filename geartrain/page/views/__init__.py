"""What each view of the page asks for: `(method, name)` -> a function of the subject and arguments.

Arguments arrive as text, of a POST as JSON. What a function returns becomes JSON; a ValueError,
TypeError or LookupError becomes a message on the page. Functions run while no weight changes, but
for those that are marked by `@alone`, which take a while and see to that themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.page.views import backprop, data, descent, draw, gears, geometry, network, train

VIEWS: dict[str, dict[tuple[str, str], Callable[..., Any]]] = {
    "data": data.ASKED,
    "network": network.ASKED,
    "train": train.ASKED,
    "draw": draw.ASKED,
    "geometry": geometry.ASKED,
    "descent": descent.ASKED,
    "backprop": backprop.ASKED,
    "gears": gears.ASKED,
}

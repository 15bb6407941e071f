"""How `geartrain launch` starts ranks, watches them, and ends them."""

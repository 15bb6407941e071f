"""One module a group of recorded numbers; each has a function `record() -> Recording`."""

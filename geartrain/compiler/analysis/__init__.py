"""What can be said of a graph before any code is written: fusion groups, index maps, costs."""

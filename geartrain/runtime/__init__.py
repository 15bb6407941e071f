"""Running graphs: variables, tracing, differentiation of functions, compiled functions."""

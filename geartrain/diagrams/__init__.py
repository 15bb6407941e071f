"""Pictures of models: boxes for layers, lines for tensors, by Graphviz or by ourselves."""

"""TensorFlow's names over Geartrain."""

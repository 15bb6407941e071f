"""Layers of images: in other sizes and colors, and changed at random in training."""

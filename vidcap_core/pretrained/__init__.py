"""Pretrained weights: where they lie, and how they are loaded."""

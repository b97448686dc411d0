"""Datasets: annotations joined with cached streams, frames and sound, clip by clip."""

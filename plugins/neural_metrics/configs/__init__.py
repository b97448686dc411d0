"""Configs of this plugin: each `NAME.py` here runs as `neural_metrics/NAME`."""

"""Configs of this plugin: each `NAME.py` here runs as `vlm/NAME`."""

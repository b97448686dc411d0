"""Configs of this plugin: each `NAME.py` here runs as `spectrum/NAME`; `_NAME.py` are bases."""

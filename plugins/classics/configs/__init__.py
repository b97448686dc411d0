"""Configs of this plugin: each `NAME.py` here runs as `classics/NAME`; `_NAME.py` are bases."""

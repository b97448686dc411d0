"""Configs of this plugin: each `NAME.py` here runs as `mffcl/NAME`; `_NAME.py` are bases."""

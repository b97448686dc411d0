"""Configs of this plugin: each `NAME.py` here runs as `pdvc/NAME`; `_NAME.py` are bases."""

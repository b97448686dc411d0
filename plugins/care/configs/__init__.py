"""Configs of this plugin: each `NAME.py` here runs as `care/NAME`; `_NAME.py` are bases."""

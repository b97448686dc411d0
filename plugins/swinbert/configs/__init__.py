"""Configs of this plugin: each `NAME.py` here runs as `swinbert/NAME`; `_NAME.py` are bases."""

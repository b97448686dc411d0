"""Configs of this plugin: each `NAME.py` here runs as `default_model/NAME`; `_NAME.py` are bases."""

"""Configs of this plugin: each `NAME.py` here runs as `srvc_la/NAME`; `_NAME.py` are bases."""

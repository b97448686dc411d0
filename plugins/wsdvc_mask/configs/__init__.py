"""Configs of this plugin: each `NAME.py` here runs as `wsdvc_mask/NAME`; `_NAME.py` are bases."""

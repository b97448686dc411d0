"""Configs: files, schema, checks."""

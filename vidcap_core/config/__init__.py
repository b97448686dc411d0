"""Configs: files, schema, the recipe, checks before a run."""

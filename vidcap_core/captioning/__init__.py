"""Captions of files: which files, reading ahead, batches, spans of long videos, a folder of results."""

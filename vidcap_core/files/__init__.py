"""Hashes of files, and reading ahead."""

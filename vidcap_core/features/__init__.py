"""Stored features: the store of streams, and making one from videos or from files of others."""

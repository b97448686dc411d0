"""Files that are whole or not there, the cache, and locks between processes."""

"""Files that are whole or not there, locks, the cache, reading ahead."""

"""Files that are whole or not there, locks, hashes, the cache, reading ahead."""

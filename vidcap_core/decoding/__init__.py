"""Words from a head, and how they are chosen."""

"""The captioner: encoders, head and losses as one thing, and how its inputs become a batch."""

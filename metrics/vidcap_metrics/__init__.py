"""Scores with signatures: of captions, of events, of emotion."""

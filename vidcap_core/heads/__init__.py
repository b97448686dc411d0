"""The core's own heads, and what heads share."""

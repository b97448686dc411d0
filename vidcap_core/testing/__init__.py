"""For authors of plugins: tiny data, and a kit that checks what a plugin promises."""

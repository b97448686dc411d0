"""What is installed: plugins, components, cards."""

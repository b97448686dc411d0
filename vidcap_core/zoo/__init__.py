"""What is installed: plugins, components, cards; and what this machine has."""

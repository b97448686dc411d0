"""What a config will need of a machine, before there is one: memory, arithmetic, data, time and disk."""

"""What the parts of the zoo are: abstract bases and records, no implementation."""

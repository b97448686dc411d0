"""The command line: one small module a command; it parses and prints, and what is heavy is imported when it runs."""

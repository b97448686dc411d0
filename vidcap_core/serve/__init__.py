"""`vidcap serve`: a page and a REST interface that caption videos, each in a process that may die."""

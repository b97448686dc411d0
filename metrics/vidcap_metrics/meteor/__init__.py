"""METEOR 1.5 for English (Denkowski & Lavie, 2014) in Python, with the numbers of its Java program."""

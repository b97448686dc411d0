"""Captioning at scale: one pipeline, engines that run it, rows of clips in shards, a job that goes on."""

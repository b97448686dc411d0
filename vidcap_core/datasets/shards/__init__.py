"""Samples in shards: tar files of WebDataset and Parquet, read one after the other."""

from vidcap_core.datasets.shards.dataset import Shards as Shards

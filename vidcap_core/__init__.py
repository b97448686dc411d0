"""vidcap: a model zoo for video captioning in which a paper is a package."""

__version__ = "0.1.0"

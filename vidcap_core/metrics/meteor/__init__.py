"""METEOR 1.5 for English (Denkowski & Lavie, 2014) in Python, with the numbers of its Java program."""

from vidcap_core.metrics.meteor.engine import MeteorEngine, Prepared
from vidcap_core.metrics.meteor.metric import Meteor
from vidcap_core.metrics.meteor.score import SegmentStats

__all__ = ["Meteor", "MeteorEngine", "Prepared", "SegmentStats"]

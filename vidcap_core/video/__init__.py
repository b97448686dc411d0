"""Video files: what is in them, their frames at wanted moments, their sound."""

from vidcap_core.video.audio import read_audio
from vidcap_core.video.decoder import Frames, read_frames
from vidcap_core.video.probe import VideoInfo, probe

__all__ = ["Frames", "VideoInfo", "probe", "read_audio", "read_frames"]

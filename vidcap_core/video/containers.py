"""Which formats of files are opened at all: a list of what may pass, as FFmpeg knows many that read other files.

Playlists (HLS, DASH, concat scripts), descriptions of streams (SDP) and raw camera files that go on in a neighbour
(MLV) are none of these.
"""

from __future__ import annotations

FILMS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "mpegvideo", "flv", "asf", "ogg"),
    *("mxf", "nut", "ivf", "dv", "rm", "wtv", "yuv4mpegpipe"),
    *("m4v", "mjpeg", "h264", "hevc", "vvc", "obu", "av1", "gif", "apng"),
)
SOUND = ("wav", "w64", "mp3", "aac", "flac", "aiff", "caf", "au", "ac3", "eac3", "amr")
PASS = ",".join((*FILMS, *SOUND))
"""For FFmpeg, which has found out by then what a file is, whatever its name says."""

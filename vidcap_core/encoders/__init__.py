"""Encoders: frames, sound or text become a stream; each can say exactly how."""

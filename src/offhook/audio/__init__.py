"""Audio as bytes: codecs, resampling, frames, loss, mixing, WAV.

Between rooms audio is ``pcm: bytes``: signed 16-bit little-endian samples, one channel. One frame is 20 ms. Nothing
here touches a socket, a clock or a log.
"""

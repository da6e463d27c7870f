"""Audio as bytes: codecs, resampling, frames, loss, mixing, WAV."""

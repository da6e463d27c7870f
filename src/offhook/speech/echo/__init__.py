"""The agent's own words, coming back on the line: found in what is heard, and taken out of it.

A telephone, a loudspeaker or a hybrid somewhere returns a part of what was sent, later and weaker. It is speech, so
voice activity, word evidence and a recogniser take it for the caller. :class:`EchoGuard` knows what was sent:

1. **Where.** The first 60 ms of a sound that comes while an echo is possible are held, and compared with all that was
   sent in the second before (normalised cross-correlation of the pre-emphasised signals). To decide that somebody
   speaks takes longer than that: a caller who interrupts is noticed no later, and gets through whole.
2. **How.** A short filter at that delay predicts the echo. It is fitted by least squares, and refined while only echo
   is heard.
3. **What is left.** A piece that the prediction explains is replaced by the line's own noise. From one that it does
   not explain, because the caller talks as well, the prediction is subtracted.

A delay that changes shows as a sound that is not explained: it is looked for again, within the same 60 ms.

Pure: pcm and times go in, pcm comes out. While nothing was sent that could come back, a piece passes untouched, at the
cost of a comparison.
"""

from __future__ import annotations

from offhook.speech.echo.guard import EchoGuard
from offhook.speech.echo.heard import Heard
from offhook.speech.echo.search import LONGEST_MS

__all__ = ["LONGEST_MS", "EchoGuard", "Heard"]

"""Whether words are a yes or a no: pure."""

from __future__ import annotations

import re

__all__ = ["consent"]

_YES = {
    "yes", "yeah", "yep", "yup", "sure", "ok", "okay", "correct", "right", "absolutely", "definitely", "please",
    "certainly", "fine", "good", "great", "perfect", "exactly", "ja", "oui", "si", "sí", "genau", "gerne", "claro",
}  # fmt: skip
_NO = {
    "no", "nope", "nah", "not", "don't", "dont", "never", "wrong", "stop", "cancel", "wait", "incorrect", "neither",
    "nein", "nicht", "non", "pas", "nunca", "falsch",
}  # fmt: skip
_YES_SAID = (r"go ahead", r"do it", r"do that", r"of course", r"sounds good", r"that works", r"please do", r"book it")
_NO_SAID = (r"no,? thank", r"hold on", r"rather not", r"leave it", r"forget it", r"changed my mind", r"do not")
_STILL_YES = (r"no problem", r"no worries", r"why not", r"not a problem", r"can't wait", r"no objections?")
"""What has a no in it and is a yes."""
_BUT = re.compile(r"\b(but|except|only|instead|actually|unless|aber|mais|pero)\b")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def consent(words: str) -> bool | None:
    """Whether a caller agrees with what they were asked; ``None``: neither.

    A no counts before a yes, and what is attached to a yes ("yes, but at eight") makes it neither: nothing is done
    that the caller has not plainly agreed to. English, and the plain words of German, French and Spanish.
    """
    text = words.lower().replace("’", "'").strip()  # noqa: RUF001
    rest = text
    still = False
    for said in _STILL_YES:
        rest, times = re.subn(rf"\b{said}\b", " ", rest)
        still = still or times > 0
    found = set(_WORD.findall(rest))
    if found & _NO or any(re.search(rf"\b{said}", rest) for said in _NO_SAID):
        return False
    agrees = still or bool(found & _YES) or any(re.search(rf"\b{said}\b", rest) for said in _YES_SAID)
    return True if agrees and not _BUT.search(rest) else None

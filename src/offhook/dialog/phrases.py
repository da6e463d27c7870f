"""How alike two phrases are, for speech that was recognised with mistakes. English, pure, no models.

Three ideas: words carry different weight ("sunday" much, "the" nearly none), words that look or sound alike count
as the same in part ("win" for "when"), and a phrase is like another when each is covered by the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from offhook.errors import EngineMissing
from offhook.installing import install

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["PhraseIndex", "skeleton", "stem", "words"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLERS = _words(
    "a ah alright an eh er erm hello hey hi hm hmm just oh ok okay please so thank thanks the uh um well yeah"
)
_FRAME = _words(
    "about am and any are as at be been being but by can could did do does for from get give got had has have i "
    "if in is it know let like may me might my need of on or our ours shall should some tell than that their them "
    "then there these they this those to us want wanted was we were will wish with wonder would you your"
)
_LIGHT = _words(
    "anything ask come find go going good help how long look make many mean much question say something speak "
    "talk thing time what when where which who whom whose why"
)
_FILLER_WEIGHT = 0.03
_FRAME_WEIGHT = 0.08
_LIGHT_WEIGHT = 0.4
_ENDINGS = (
    ("'s", ""),
    ("n't", " not"),
    ("'d", " would"),
    ("'m", " am"),
    ("'re", " are"),
    ("'ll", " will"),
    ("'ve", " have"),
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SAME_SOUND = (("wh", "w"), ("ph", "f"), ("kn", "n"), ("ck", "k"), ("ght", "t"), ("c", "k"), ("z", "s"), ("q", "k"))


def stem(word: str) -> str:
    """The word without the commonest endings, if enough is left."""
    for ending, least in (("ings", 4), ("ing", 4), ("ies", 3), ("ed", 4), ("es", 4), ("s", 3)):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= least:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def words(text: str) -> list[str]:
    """The words of a phrase: lower case, contractions spelled out, stems."""
    text = text.lower().replace("\u2019", "'").replace("can't", "can not").replace("won't", "will not")
    for ending, spelled in _ENDINGS:
        text = re.sub(rf"{ending}\b", spelled, text)
    return [stem(word) for word in _WORD.findall(text.replace("-", ""))]


def skeleton(word: str) -> str:
    """The consonants, roughly as they sound: "when" and "win" are both "wn"."""
    for spelled, sound in _SAME_SOUND:
        word = word.replace(spelled, sound)
    bones = word[:1] + re.sub(r"[aeiouyhw]", "", word[1:])
    return re.sub(r"(.)\1+", r"\1", bones)


class PhraseIndex:
    """Phrases to compare with.

    Args:
        phrases: each with the number of the group that it belongs to.

    Raises:
        EngineMissing: rapidfuzz is not installed.
    """

    def __init__(self, phrases: Sequence[tuple[int, str]]) -> None:
        try:
            from rapidfuzz import fuzz, process
        except ImportError:
            raise EngineMissing(
                "expected rapidfuzz to compare phrases, found no such package", fix=install("local")
            ) from None
        self._cdist = process.cdist
        self._ratio = fuzz.ratio
        tokens = [words(text) for _, text in phrases]
        self._vocabulary = sorted({word for phrase in tokens for word in phrase})
        self._bones = np.array([skeleton(word) for word in self._vocabulary])
        place = {word: at for at, word in enumerate(self._vocabulary)}
        self._groups = [group for group, _ in phrases]
        self._places = [np.array([place[word] for word in phrase], np.intp) for phrase in tokens]
        self._weights = np.array([_weight(word) for word in self._vocabulary])
        self._joined = [_join(phrase) for phrase in tokens]

    def scores(self, text: str) -> list[tuple[int, float]]:
        """For each phrase its group, and how alike it is to ``text``, in 0..1."""
        heard = words(text)
        if not heard or not self._vocabulary:
            return [(group, 0.0) for group in self._groups]
        alike = self._alike(heard)
        weights = np.array([_weight(word) for word in heard])
        joined = _join(heard)
        return [
            (group, self._score(alike[:, places], weights, self._weights[places], joined, phrase))
            for group, places, phrase in zip(self._groups, self._places, self._joined, strict=True)
        ]

    def _alike(self, heard: list[str]) -> npt.NDArray[np.float64]:
        ratio = self._cdist(heard, self._vocabulary, scorer=self._ratio).astype(np.float64) / 100.0
        alike = np.clip((ratio - 0.6) / 0.4, 0.0, 1.0)
        skeletons = [skeleton(word) for word in heard]
        bones, firm = np.array(skeletons), np.array([len(bone) > 1 for bone in skeletons])
        sounds = (bones[:, None] == self._bones[None, :]) & (ratio > 0.5) & firm[:, None]
        return np.where(sounds, np.maximum(alike, 0.6), alike)

    def _score(
        self,
        alike: npt.NDArray[np.float64],
        heard: npt.NDArray[np.float64],
        wanted: npt.NDArray[np.float64],
        joined: str,
        phrase: str,
    ) -> float:
        if not alike.size:
            return 0.0
        covered = float(alike.max(axis=0) @ wanted / wanted.sum())
        relevant = float(alike.max(axis=1) @ heard / heard.sum())
        both: float = covered**0.6 * relevant**0.4
        # Words that were run together or torn apart: only to help, never to condemn.
        letters = max(0.0, float(self._ratio(joined, phrase)) / 50.0 - 1.0)
        return max(both, 0.5 * both + 0.5 * letters)


def _join(phrase: list[str]) -> str:
    return "".join(word for word in phrase if word not in _FILLERS)


def _weight(word: str) -> float:
    if word in _FILLERS:
        return _FILLER_WEIGHT
    if word in _FRAME:
        return _FRAME_WEIGHT
    return _LIGHT_WEIGHT if word in _LIGHT else 1.0

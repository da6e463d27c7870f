"""What is said without wanting the floor: a listener's "mm-hm" and "okay", and the "hello?" of who picks up a phone."""

from __future__ import annotations

import re

from offhook.speech.text.languages import primary

__all__ = ["BACKCHANNELS", "HELLOS", "is_backchannel", "is_hello"]


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split(","))


BACKCHANNELS: dict[str, frozenset[str]] = {
    "en": _phrases(
        "ah, aha, alright, all right, exactly, fine, good, got it, great, ha, hm, hmm, huh, i see, mhm, mhmm, mm, "
        "mm hm, mm hmm, mmhm, mmhmm, mmm, nice, of course, oh, ok, okay, really, right, sure, true, uh, uh huh, uhhuh, "
        "um, um hum, umhum, wow, yeah, yep, yes, yup"
    ),
    "de": _phrases(
        "ach, ach so, ah, ah ja, aha, alles klar, genau, gut, hm, hmm, ja, jo, klar, mhm, mm, mm hm, mmhm, na gut, oh, "
        "ok, okay, richtig, so, stimmt, verstehe"
    ),
    "es": _phrases(
        "ah, aja, ajá, bien, bueno, claro, de acuerdo, eh, exacto, hm, mhm, mm, mmm, oh, ok, okay, por supuesto, si, "
        "sí, vale, ya, ya veo"
    ),
    "fr": _phrases(
        "ah, ah bon, ah oui, bien, bien sûr, bon, d accord, euh, exact, hm, hmm, je vois, mhm, mm, oh, ok, okay, "
        "ouais, oui, voilà"
    ),
}
"""For each language (ISO 639-1) the words and phrases of a listener, in lower case and without punctuation."""

HELLOS: dict[str, frozenset[str]] = {
    "en": _phrases("hello, hey, hi, hiya, good morning, good afternoon, good evening, speaking, yes, yeah"),
    "de": _phrases("hallo, guten morgen, guten tag, guten abend, ja, ja bitte, bitte, moin, servus, grüezi"),
    "es": _phrases("hola, aló, alo, bueno, diga, dígame, buenos días, buenas tardes, buenas noches, sí, si"),
    "fr": _phrases("allô, allo, bonjour, bonsoir, oui, salut"),
}
"""For each language (ISO 639-1) what is said when a phone is picked up, in lower case and without punctuation."""

_LONGEST_WORDS = 4
_NOT_A_WORD = re.compile(r"[\W_]+")


def is_backchannel(text: str, language: str = "en") -> bool:
    """Whether ``text`` is nothing but a listener's noises: one to four words, all of them in the language's list.

    An empty text is not a back-channel, and a language without a list has none.
    """
    return _nothing_but(text, BACKCHANNELS.get(primary(language), frozenset()))


def is_hello(text: str, language: str = "en") -> bool:
    """Whether ``text`` is nothing but what is said when a phone is picked up: as :func:`is_backchannel`."""
    return _nothing_but(text, HELLOS.get(primary(language), frozenset()))


def _nothing_but(text: str, phrases: frozenset[str]) -> bool:
    words = _NOT_A_WORD.sub(" ", text.lower()).split()
    if not 0 < len(words) <= _LONGEST_WORDS:
        return False
    at = 0
    while at < len(words):
        for length in (2, 1):
            if " ".join(words[at : at + length]) in phrases:
                at += length
                break
        else:
            return False
    return True

"""What has to be known of a language to tell where its sentences and clauses end. English first; a language that is not
here has the rules that hold for all."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ABBREVIATIONS", "BEFORE_NUMBERS", "MAY_BE_LAST", "Words", "primary", "words_of"]

ABBREVIATIONS = frozenset(
    {
        *("mr", "mrs", "ms", "mx", "dr", "prof", "rev", "gen", "sgt", "capt", "lt", "cmdr", "gov", "messrs", "mt"),
        *("vs", "cf", "ca", "approx", "e.g", "i.e", "dept", "incl", "excl", "mme", "mlle", "sra", "srta"),
        *("bzw", "z.b", "d.h", "u.a", "ggf", "evtl", "dott", "p.ej", "bijv", "mvr", "dhr"),
    }
)
"""Words that end with a full stop and go on; in small letters, without the last stop."""
BEFORE_NUMBERS = frozenset({"no", "nos", "nr", "fig", "vol", "ext", "tel", "pp", "art", "ch", "sec"})
"""As those, before a number; otherwise they are words like any other."""
MAY_BE_LAST = frozenset(
    {
        *("etc", "a.m", "p.m", "st", "ave", "rd", "blvd", "sq", "inc", "ltd", "co", "corp", "jr", "sr", "est", "usw"),
        *("ph.d", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue"),
        *("tues", "wed", "thu", "thurs", "fri", "hr", "hrs", "mins", "secs", "oz", "lb", "lbs", "min", "max"),
    }
)
"""Words that end with a full stop, in the middle of a sentence or at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language that tell something of a sentence. All in small letters."""

    conjunctions: frozenset[str] = frozenset()
    """A long sentence may be cut before them."""
    starters: frozenset[str] = frozenset()
    """Words that begin a sentence so often that a capital there is no name: what is before them has ended."""
    dotted_ordinals: bool = False
    """Whether "3." is "third"."""


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ORDINALS_ONLY = Words(dotted_ordinals=True)
_WORDS = {
    "en": Words(
        conjunctions=_of(
            "and but or nor so yet because which while although though whereas unless until since if when"
        ),
        starters=_of(
            "a an and are as at but by can could did do does for from here hello he how however i if i'll i'm i've in "
            "is it it's its let let's my no not now of on or our please shall she should so sorry thank thanks that "
            "that's the their then there there's these they this those to was we we'll we're we've welcome were what "
            "when where which who why will with would yes you you'll you're your"
        ),
    ),
    "de": Words(
        conjunctions=_of("und aber oder denn weil dass obwohl während wenn sondern damit falls sobald"),
        starters=_of(
            "das der die ein eine es ich wir sie ihr wenn bitte danke haben möchten können soll ja nein wie was"
        ),
        dotted_ordinals=True,
    ),
    "fr": Words(
        conjunctions=_of("et mais ou donc car parce puisque lorsque quand qui afin pendant"),
        starters=_of("je vous nous il elle le la les un une est-ce c'est si merci voulez avez pouvez oui non"),
    ),
    "es": Words(
        conjunctions=_of("y e o u pero sino porque aunque cuando mientras pues"),
        starters=_of("el la los las un una yo usted nosotros si gracias puede quiere es no sí"),
    ),
    "it": Words(
        conjunctions=_of("e o ma perché quindi mentre quando anche se oppure"),
        starters=_of("il la lo i gli le un una io lei noi se grazie può vuole è no sì"),
    ),
    "nl": Words(
        conjunctions=_of("en maar of want omdat hoewel terwijl als zodat"),
        starters=_of("de het een ik u wij we als dank wilt kunt is nee ja"),
    ),
    "pt": Words(
        conjunctions=_of("e ou mas porque embora quando enquanto pois"),
        starters=_of("o a os as um uma eu você nós se obrigado pode quer é não sim"),
    ),
    **dict.fromkeys(
        ("cs", "da", "et", "fi", "hr", "hu", "is", "lv", "nb", "no", "pl", "sk", "sl", "sr"), _ORDINALS_ONLY
    ),
}
_NONE = Words()


def primary(language: str) -> str:
    """``en`` of ``en-GB``, in small letters."""
    return language.replace("_", "-").partition("-")[0].lower()


def words_of(language: str) -> Words:
    """The words of a language, by its BCP 47 tag; none are known of most."""
    return _WORDS.get(primary(language), _NONE)

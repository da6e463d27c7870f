r"""The marks of Markdown and HTML, as patterns of what is complete and of what may become it.

A pattern named ``…_BEGUN`` matches up to the end of the text (``\Z``) what more text could complete; with it whoever
reads a text in pieces knows when to wait. All are of bounded length: no text is held back for long.
"""

from __future__ import annotations

import re

__all__ = [
    "ADDRESS",
    "ADDRESS_END",
    "ARROW",
    "BREAKS",
    "BULLETS",
    "CELLS",
    "CITATION",
    "DASHES",
    "DECLARATION",
    "DEFINITION",
    "DEFINITION_BEGUN",
    "EMOTICON",
    "EMOTICON_BEGUN",
    "ENTITY",
    "ENTITY_BEGUN",
    "FENCE",
    "FENCE_BEGUN",
    "FENCE_EDGE",
    "HASHES",
    "HIDDEN",
    "HOST",
    "IMAGE",
    "IMAGE_BEGUN",
    "LETTERS",
    "LONGEST_ADDRESS",
    "LONGEST_DIRECTION",
    "LONGEST_NAME",
    "MAILBOX",
    "MAILBOX_REST",
    "NOTE",
    "NOTE_BEGUN",
    "NUMBERED_LINK",
    "ORDERED",
    "ORDERED_BEGUN",
    "PLAIN",
    "REFERENCE",
    "REFERENCE_BEGUN",
    "RULER",
    "SCHEMES",
    "SOURCE",
    "SOURCE_BEGUN",
    "STAGE_WORDS",
    "TAG",
    "TAG_BEGUN",
    "TASK",
    "TASK_BEGUN",
]

PLAIN = re.compile(r"[^\W_\u2460-\u24ff\u2776-\u2793\U00010000-\U0010ffff]+")
"""Letters and digits as they are said."""
STAGE_WORDS = frozenset(
    {
        *("applause", "beep", "beeps", "breathes", "chuckle", "chuckles", "chuckling", "clears", "coughs", "exhales"),
        *("gasps", "giggles", "giggling", "grins", "hums", "inhales", "laugh", "laughing", "laughs", "laughter"),
        *("music", "nodding", "nods", "pause", "pauses", "pausing", "shrugs", "sigh", "sighing", "sighs", "silence"),
        *("smile", "smiles", "smiling", "thinking", "thinks", "typing", "waves", "whispering", "whispers", "winks"),
    }
)
"""English words that begin a stage direction."""
LONGEST_DIRECTION = 60
LONGEST_NAME = 64
LETTERS = re.compile(r"[A-Za-z]*")

# -- where a line begins ---------------------------------------------------------------------------------------------

RULER = re.compile(r"[-*_=|:+ \t]{1,200}")
BULLETS = frozenset("-*+\u2022\u2023\u2043\u25e6\u25aa\u25cf\u25cb\u2013\u2014")
HASHES = re.compile(r"#{1,6}")
ORDERED = re.compile(r"([0-9]{1,3})[.)][ \t]")
ORDERED_BEGUN = re.compile(r"[0-9]{1,3}[.)]?\Z")
TASK = re.compile(r"\[[ xX]\][ \t]")
TASK_BEGUN = re.compile(r"\[(?:[ xX]\]?)?\Z")
DEFINITION = re.compile(r"\[[^\]\n]{1,100}\]:[ \t]")
DEFINITION_BEGUN = re.compile(r"\[(?:[^\]\n]{0,100}|[^\]\n]{1,100}\]:?)\Z")
FENCE = re.compile(r"(`{3,10}|~{3,10})[^`~\n]{0,100}(?=\n)")
FENCE_BEGUN = re.compile(r"(?:`{1,10}|~{1,10}|(?:`{3,10}|~{3,10})[^`~\n]{0,100})\Z")
FENCE_EDGE = re.compile(r"[ \t>]*(`+|~+|)")

# -- links, notes, images --------------------------------------------------------------------------------------------

SCHEMES = ("https://", "http://", "ftp://", "www.", "mailto:", "tel:")
ADDRESS = re.compile(r"[^\s<>\"|`*\\\]{}\u3000-\u303f\uff00-\uffef]*")
ADDRESS_END = ".,;:!?'"
LONGEST_ADDRESS = 2000
HOST = re.compile(r"(?:[^/?#]*@)?(?:www\.)?([^/?#:]*)", re.IGNORECASE)
IMAGE = re.compile(r"\[[^\]\n]{0,300}\]")
IMAGE_BEGUN = re.compile(r"\[[^\]\n]{0,300}\Z")
NOTE = re.compile(r"\[\^[^\]\n]{1,40}\]")
CITATION = re.compile(r"\[[0-9]{1,3}(?:[-\u2013,; ]{1,2}[0-9]{1,3}){0,9}\]")
NOTE_BEGUN = re.compile(r"\[(?:\^[^\]\n]{0,40}|[-0-9\u2013,; ]{0,50}\]?)\Z")
NUMBERED_LINK = re.compile(r"\[[0-9]{1,3}\](?=\()")
SOURCE = re.compile(r"\u3010[^\u3011\n]{0,80}\u2020[^\u3011\n]{0,80}\u3011")
SOURCE_BEGUN = re.compile(r"\u3010[^\u3011\n]{0,161}\Z")
REFERENCE = re.compile(r"\[[^\]\n]{0,60}\]")
REFERENCE_BEGUN = re.compile(r"\[[^\]\n]{0,60}\Z")

# -- HTML ------------------------------------------------------------------------------------------------------------

TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]{0,30})(?:\s[^<>]{0,250}|/)?>")
MAILBOX = re.compile(r"<([A-Za-z0-9.][^\s<>@]{0,63}@[^\s<>@]{1,190})>")
DECLARATION = re.compile(r"<[!?][A-Za-z][^<>]{0,250}>")
TAG_BEGUN = re.compile(r"<(?:[/!?A-Za-z0-9.][^<>]{0,280})?\Z")
HIDDEN = frozenset({"reasoning", "script", "style", "think", "thinking"})
"""Elements that are not for people."""
BREAKS = frozenset(
    {
        *("address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "speak", "table", "tr", "ul"),
    }
)
"""Elements where a line begins and ends."""
CELLS = frozenset({"td", "th"})
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
ENTITY_BEGUN = re.compile(r"&#?\w{0,32}\Z", re.ASCII)

# -- other marks -----------------------------------------------------------------------------------------------------

EMOTICON = re.compile(r"[:;=][-']?[()DPpOo/\\|*3\[\]]")
EMOTICON_BEGUN = re.compile(r"[:;=](?:[-']?[()DPpOo/\\|*3\[\]]?)\Z")
ARROW = re.compile(r"[-=]{1,3}>|<-{1,3}")
DASHES = re.compile(r"-{2,}")
MAILBOX_REST = re.compile(r"[\w.+-]{0,64}")

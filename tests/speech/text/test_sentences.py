"""Where a text is cut, so that its beginning can be spoken while the rest is still being thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text import Cutting
from offhook.speech.text.sentences import Sentences, split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable

SCRIPTS = {
    "latin": 'We open at nine. Dr. Hill, e.g. at 3.30 p.m., says "come in." Then (at 5 p.m.) we close! Is it? Yes…',
    "long": "we are open on monday, tuesday, wednesday and thursday, and also on friday, " * 4,
    "chinese": "你好。今天我们九点开门，下午五点关门！「好的。」谢谢？再见",
    "japanese": "はい、九時に開きます。「お待ちください。」と言いました！ありがとうございます",
    "hindi": "नमस्ते। आप कैसे हैं? हम नौ बजे खुलते हैं।धन्यवाद",
    "arabic": "مرحبا. كيف حالك؟ نفتح في التاسعة، ونغلق في الخامسة۔ شكرا",
    "urdu": "سلام۔ آپ کیسے ہیں؟ ہم نو بجے کھلتے ہیں۔شکریہ",
    "thai": "สวัสดีครับ เราเปิดเก้าโมงเช้าและปิดห้าโมงเย็นทุกวันจันทร์ถึงวันศุกร์ ขอบคุณครับ" * 4,
    "khmer": "សួស្តី។យើងបើកម៉ោងប្រាំបួន៕អរគុណ",
    "greek": "Πού είστε; Ανοίγουμε στις εννέα· ελάτε. Ευχαριστώ",
    "armenian": "Բարեւ։Ինչպես ես։ Լավ",
    "amharic": "ሰላም።እንዴት ነህ። ደህና",
    "burmese": "မင်္ဂလာပါ။နေကောင်းလား။",
    "russian": "Мы открываемся в девять. Приходите! Хорошо?",
    "hebrew": "שלום. מה שלומך? תודה",
    "korean": "안녕하세요. 아홉 시에 열어요! 네",
}


def cut(pieces: Iterable[str], *, language: str = "en") -> list[str]:
    """The sentences of a text in pieces."""
    sentences = Sentences(language=language)
    return [sentence for piece in pieces for sentence in sentences.push(piece)] + sentences.flush()


def due_ms(sentences: Sentences) -> float | None:
    """When there is something to be given out."""
    return sentences.due_ms


def letters(sentences: Iterable[str]) -> str:
    """What of them is heard."""
    return "".join(character for sentence in sentences for character in sentence if character.isalnum())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("We open at nine. And on Saturday at ten!", ["We open at nine.", "And on Saturday at ten!"]),
        ("Dr. Hill is in. Ask Mr. J. Doe.", ["Dr. Hill is in.", "Ask Mr. J. Doe."]),
        ("It costs 9.50 at 9 a.m. on weekdays.", ["It costs 9.50 at 9 a.m. on weekdays."]),
        ('He said "come in." Then he left', ['He said "come in."', "Then he left"]),
        ('"Are you there?" she asked. Yes.', ['"Are you there?" she asked.', "Yes."]),
        ("One line\nanother line", ["One line", "another line"]),
        ("Well... yes. So", ["Well... yes.", "So"]),
        ("1. First. 2. Second.", ["1. First.", "2. Second."]),
        ("Take one.Or take two.We open at 9.We close", ["Take one.", "Or take two.", "We open at 9.", "We close"]),
        ("你好。今天好！「好的。」谢谢", ["你好。", "今天好！", "「好的。」", "谢谢"]),
        ("नमस्ते।अच्छा। ठीक", ["नमस्ते।", "अच्छा।", "ठीक"]),
        ("كيف حالك؟بخير۔شكريا", ["كيف حالك؟", "بخير۔", "شكريا"]),
        ("Πού είστε; Εδώ. Ναι", ["Πού είστε;", "Εδώ.", "Ναι"]),
        (" … ", []),
        ("… \n so", ["… \nso"]),
        ("", []),
    ],
)
def test_text_is_cut_where_sentences_end(text: str, sentences: list[str]) -> None:
    """In every script, not at abbreviations, initials and decimals; what has no word is not spoken."""
    assert split_sentences(text) == sentences


@given(st.sampled_from(sorted(SCRIPTS)), st.sampled_from(["en", "de", "th"]), st.data())
def test_in_every_script_pieces_make_no_difference(script: str, language: str, data: st.DataObject) -> None:
    """For any text and any way of cutting it the same sentences come out, and no word is lost."""
    text = SCRIPTS[script]
    whole = cut([text], language=language)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert cut(pieces, language=language) == cut(text, language=language) == whole
    assert letters(whole) == letters([text])


PIECES = st.sampled_from(
    [
        *(" ", "\n", "  ", ". ", "? ", "! ", "...", "… ", ", ", "; ", " — ", '" ', ") ", "(", "“", "'", ".", "?"),
        *("We", "and ", " but", "a", "Dr", "p.m.", "e.g.", "U.S.", "B.", "No.", "9", "3.30", "1.", " 2.", "10", "etc."),
        *("offhook.dev", "你", "好。", "、", "」", "ก", "เ", "\u0e48", "ក្", "।", "؟", "ε;", "word " * 9, "x" * 30, "A"),
    ]
)


@given(st.lists(PIECES, max_size=60), st.sampled_from(["en", "de"]))
def test_of_any_text_the_same_sentences_come_out(pieces: list[str], language: str) -> None:
    """In pieces, letter by letter, and at once."""
    text = "".join(pieces)
    assert cut(pieces, language=language) == cut(text, language=language) == cut([text], language=language)


@given(st.lists(st.tuples(PIECES, st.sampled_from([0, 20, 100, 600])), max_size=60))
def test_time_adds_cuts_and_moves_none(pieces: list[tuple[str, int]]) -> None:
    """What was given out before its time and after it is the sentence that the text alone makes."""
    whole = cut(piece for piece, _ in pieces)
    sentences, now_ms, parts = Sentences(), 0.0, []
    for piece, pause_ms in pieces:
        parts += sentences.push(piece, now_ms)
        now_ms += pause_ms
        parts += sentences.tick(now_ms)
    parts += sentences.flush()
    for sentence in whole:
        heard = ""
        while len(heard) < len(letters([sentence])):
            heard += letters([parts.pop(0)])
        assert heard == letters([sentence])
    assert parts == []


# -- sentences that do not end ---------------------------------------------------------------------------------------


def test_a_long_sentence_is_cut_where_a_clause_ends() -> None:
    """The first one sooner: the caller waits for it."""
    clause = "one two three four five six, "
    assert split_sentences(clause * 9) == [
        (clause * 2).strip(),
        (clause * 5).strip(),
        (clause * 2).strip(),
    ]


@pytest.mark.parametrize("mark", [",", ";", ":", " —", ',"', "،"])
def test_any_mark_of_a_clause_is_one(mark: str) -> None:
    """With the quotes that close behind it."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert split_sentences(f"{words}{mark} and on it goes") == [f"{words}{mark}", "and on it goes"]


def test_a_date_is_not_cut() -> None:
    """Its comma ends no clause."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert cut(f"{words} May 3, 2026 and so on") == [f"{words} May 3, 2026", "and so on"]
    assert cut(f"{words} May 3, ") == [f"{words} May 3,"]
    assert cut(f"{words} May 3, is") == [f"{words} May 3,", "is"]


def test_a_conjunction_begins_a_clause() -> None:
    """In a language whose conjunctions are known."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert split_sentences(f"{words} and more of it") == [words, "and more of it"]
    assert split_sentences(f"{words} und mehr", language="de") == [words, "und mehr"]
    assert split_sentences(f"{words} and more", language="xx") == [f"{words} and more"]


def test_a_sentence_without_clauses_is_cut_where_a_word_ends() -> None:
    """After forty words."""
    assert split_sentences("word " * 90) == ["word " * 39 + "word"] * 2 + ["word " * 9 + "word"]


def test_a_word_without_end_is_cut() -> None:
    """It is none."""
    sentences = split_sentences("x" * 1000)
    assert "".join(sentences) == "x" * 1000
    assert max(map(len, sentences)) < 400


def test_the_length_of_scripts_without_spaces_is_counted_in_characters() -> None:
    """They are cut at the end of a clause, or of a syllable."""
    clause = "我们的店铺在每个工作日的早上九点开门，"
    assert split_sentences(clause * 7) == [clause * 2, clause * 3, clause * 2]
    assert split_sentences(f"{clause * 2} {clause}") == [clause * 2, clause]
    assert split_sentences("我" * 200) == ["我" * 80, "我" * 80, "我" * 40]
    assert split_sentences("你我，」" * 30)[0] == "你我，」" * 12
    assert split_sentences("你我，" * 30)[0] == "你我，" * 12
    thai = split_sentences("เก่ง" * 200)
    assert "".join(thai) == "เก่ง" * 200
    assert {sentence[0] for sentence in thai} <= {"เ", "ง"}
    assert len(split_sentences("ภาษาไทย " * 40)) > 2


def test_stops_without_end_are_read_in_pieces() -> None:
    """They end one sentence, and make no other."""
    assert cut(["so" + "." * 100, "x"]) == ["so" + "." * 40, "." * 60 + "x"]


def test_how_long_a_sentence_may_be_can_be_set() -> None:
    """In words."""
    cutting = Cutting(first_words=2, words=3, most_words=4)
    assert split_sentences("a b, c d e, f g h i j k", cutting) == ["a b,", "c d e,", "f g h i", "j k"]


# -- what time allows ------------------------------------------------------------------------------------------------


def test_a_sentence_is_complete_when_something_follows_it() -> None:
    """Before that, "9." may become "9.50"."""
    sentences = Sentences()
    assert sentences.push("It costs 9.") == []
    assert sentences.push("50. Anything") == ["It costs 9.50."]
    assert sentences.flush() == ["Anything"]


def test_a_sentence_that_has_its_stop_is_given_out_soon() -> None:
    """Who yields sentences is heard sentence by sentence, however long the next one takes."""
    sentences = Sentences()
    assert sentences.push("A repair costs forty dollars.", 1000) == []
    assert due_ms(sentences) == 1100
    assert sentences.tick(1099) == []
    assert sentences.tick(1100) == ["A repair costs forty dollars."]
    assert due_ms(sentences) is None
    assert sentences.tick(9000) == []
    assert sentences.push("A new tube", 9000) == []
    assert sentences.flush() == ["A new tube"]


@pytest.mark.parametrize(
    ("there", "spoken"),
    [
        ("We are open from", "We are open from"),
        ("We close at 5 p.m.", "We close at 5 p.m."),
        ("Well...", "Well..."),
        ("We open at 9.", "We open at 9."),
        ("And now it costs 4", "And now it costs"),
        ("And now it costs $", "And now it costs"),
        ("You should ask Dr.", "You should ask"),
        ("But see this (yes)", "But see this (yes)"),
        ("我们九点", "我们九点"),
        ("We open at 5 p.m. We", "We open at 5 p.m."),
    ],
)
def test_what_is_there_is_spoken_if_nothing_comes(there: str, spoken: str) -> None:
    """But for a number or a title at its end: what it is tells the next word."""
    sentences = Sentences()
    assert sentences.push(there, 0) == []
    assert due_ms(sentences) == 600
    assert sentences.tick(600) == [spoken]
    assert due_ms(sentences) is None


def test_a_few_words_are_waited_with_for_longer() -> None:
    """They say nothing by themselves, unless they are a clause."""
    sentences = Sentences()
    sentences.push("On Sunday", 0)
    assert sentences.due_ms == 1200
    sentences = Sentences()
    sentences.push("Well,", 0)
    assert sentences.due_ms == 600


@pytest.mark.parametrize("there", ["", " ", "…", "4", "$", "Dr."])
def test_what_is_no_word_is_not_spoken_if_nothing_comes(there: str) -> None:
    """It is at the end of the text, if at all."""
    sentences = Sentences()
    sentences.push(there, 0)
    assert sentences.due_ms is None
    assert sentences.tick(10_000) == []


def test_what_was_given_out_early_is_not_given_again() -> None:
    """Though it was in the middle of a sentence, or of a word."""
    sentences = Sentences()
    sentences.push("Go to offhook.", 0)
    assert sentences.tick(100) == ["Go to offhook."]
    assert sentences.push("dev now. Then", 200) == ["dev now."]
    assert sentences.tick(1400) == ["Then"]
    assert sentences.push(".", 1500) == []
    assert sentences.flush() == []


def test_where_a_sentence_could_be_cut_before_a_conjunction_it_is_waited_for() -> None:
    """What was given out would belong to the next sentence."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    sentences = Sentences()
    sentences.push(f"{words} an", 0)
    assert sentences.tick(600) == [words]
    assert sentences.push("d so. On", 700) == ["and so."]


def test_after_a_flush_the_text_begins_anew() -> None:
    """What was cut off in one reply is not said in the next."""
    sentences = Sentences()
    sentences.push("One two")
    assert sentences.flush() == ["One two"]
    assert sentences.flush() == []
    assert sentences.push("Three. Four") == ["Three."]

"""Looking for an echo in what is heard."""

from __future__ import annotations

import numpy as np
import pytest

from offhook.speech.echo.search import EchoSearch, most_alike
from offhook.speech.echo.sent import Sent

END = 20_000


def noise(seed: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.random.default_rng(seed).normal(0, 1000, size).astype(np.int16)


def searching(lag: int | None) -> EchoSearch:
    """What was heard until END is what was sent ``lag`` samples before; ``None``: something else."""
    words = noise(1, END)
    sent = Sent()
    sent.add(words.tobytes(), 0, keep_from=0)
    search = EchoSearch(sent)
    heard = noise(2, END) if lag is None else words[: END - lag] // 4
    for at in range(12, 0, -1):
        end = len(heard) - 160 * (at - 1)
        search.recent.append(heard[end - 160 : end].tobytes())
    return search


@pytest.mark.parametrize("lag", [0, 1600, 8799])
def test_an_echo_is_found_at_its_delay_in_three_pieces(lag: int) -> None:
    """Wherever it lies up to the longest."""
    path = searching(lag).look(2, 3, end=END, noise=1.0, path=None)
    assert path is not None
    assert path.lag == pytest.approx(lag, abs=1)
    assert np.linalg.norm(path.taps) == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("count", [3, 6, 12, 25])
def test_what_was_not_sent_is_not_found(count: int) -> None:
    """However long it is looked for."""
    assert searching(None).look(count - 1, count, end=END, noise=1.0, path=None) is None


@pytest.mark.parametrize("count", [1, 2, 4, 13, 26])
def test_it_is_looked_for_now_and_then(count: int) -> None:
    """Not with every piece: it costs a correlation."""
    assert searching(1600).look(count - 1, count, end=END, noise=1.0, path=None) is None


def test_an_echo_at_the_known_delay_makes_its_path_fit_again() -> None:
    """The path stays the same one, unless the delay has moved."""
    search = searching(1600)
    path = search.look(2, 3, end=END, noise=1.0, path=None)
    assert path is not None
    assert search.look(5, 6, end=END, noise=1.0, path=path) is path
    moved = searching(2000).look(5, 6, end=END, noise=1.0, path=path)
    assert moved is not None
    assert moved.lag == pytest.approx(2000, abs=1)


def test_likeness_is_measured_at_the_best_delay() -> None:
    """With how strong the echo is there."""
    sent = noise(3, 3000).astype(np.float32)
    lag, alike, gain = most_alike(-0.5 * sent[1000:1480], sent, 2520)
    assert lag == 2520 - 1000
    assert alike == pytest.approx(1, abs=0.01)
    assert gain == pytest.approx(0.5, rel=0.01)

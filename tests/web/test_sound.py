"""Sound on the page: resampling, and what is played when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Site, Tab

TONES = """
    const { Resampler } = await import("/static/resampler.js");
    const [from, to, block, frequencies] = args;
    const resampled = (input) => {
      const resampler = new Resampler(from, to);
      const output = [];
      for (let at = 0; at < input.length; at += block) output.push(...resampler.push(input.subarray(at, at + block)));
      return output;
    };
    return frequencies.map((frequency) => {
      const angle = (2 * Math.PI * frequency) / from;
      const input = Float32Array.from({ length: from / 2 }, (_, i) => 0.5 * Math.sin(angle * i));
      const output = resampled(input);
      // What is left when the best sine of this frequency is taken away, and how loud that sine is: dB of the input.
      const middle = output.slice(output.length / 4, (output.length * 3) / 4);
      let [ss, cc, sc, ys, yc] = [0, 0, 0, 0, 0];
      const w = (2 * Math.PI * frequency) / to;
      middle.forEach((y, i) => {
        const [s, c] = [Math.sin(w * i), Math.cos(w * i)];
        ss += s * s; cc += c * c; sc += s * c; ys += y * s; yc += y * c;
      });
      const d = ss * cc - sc * sc;
      const [a, b] = [(ys * cc - yc * sc) / d, (yc * ss - ys * sc) / d];
      let [rest, all] = [0, 0];
      middle.forEach((y, i) => {
        rest += (y - a * Math.sin(w * i) - b * Math.cos(w * i)) ** 2;
        all += y * y;
      });
      const db = (energy) => 10 * Math.log10(energy / middle.length / 0.125 + 1e-20);
      return { samples: output.length, gain: 20 * Math.log10(Math.hypot(a, b) / 0.5), noise: db(rest), all: db(all) };
    });
"""


@pytest.mark.parametrize(
    ("rate_in", "rate_out", "block"),
    [(48_000, 16_000, 128), (16_000, 48_000, 320), (44_100, 16_000, 128), (16_000, 44_100, 320)],
)
async def test_the_resampler_keeps_speech_and_adds_nothing(
    tab: Tab, site: Site, rate_in: int, rate_out: int, block: int
) -> None:
    """Flat within 0.1 dB up to 6.5 kHz, noise and images 60 dB down, and no sample too many or too few."""
    tones = await tab.run(site, TONES, rate_in, rate_out, block, [100, 1000, 3400, 6500])
    for tone in tones:
        assert tone["samples"] == rate_out / 2
        assert abs(tone["gain"]) < 0.1
        assert tone["noise"] < -60


@pytest.mark.parametrize("rate_in", [44_100, 48_000, 96_000])
async def test_what_is_above_the_lines_band_does_not_alias_into_it(tab: Tab, site: Site, rate_in: int) -> None:
    """From 8.2 kHz on 50 dB down, where it would fall into what is heard 60 dB."""
    edge, *far = await tab.run(site, TONES, rate_in, 16_000, 128, [8200, 9000, 12_000, 15_000, 20_000])
    assert edge["all"] < -50
    assert max(tone["all"] for tone in far) < -60


async def test_blocks_of_any_size_give_the_same_samples(tab: Tab, site: Site) -> None:
    """No click where two blocks meet."""
    difference = await tab.run(
        site,
        """
        const { Resampler } = await import("/static/resampler.js");
        const input = Float32Array.from({ length: 9600 }, (_, i) => Math.sin(i * i * 1e-4));
        const whole = [...new Resampler(48000, 16000).push(input)];
        const resampler = new Resampler(48000, 16000);
        const pieces = [];
        for (let at = 0, size = 1; at < input.length; at += size, size = (size % 200) + 1)
          pieces.push(...resampler.push(input.subarray(at, at + size)));
        return Math.max(whole.length - pieces.length, ...whole.map((sample, i) => Math.abs(sample - pieces[i])));
        """,
    )
    assert difference == 0


PLAYOUT = """
    // Frames of 20 ms come at the times given: a tone that pauses every other second. 30 s of it are played.
    const { Playout } = await import("/static/playout.js");
    const arrivals = args[0];
    const playout = new Playout(48000);
    const block = new Float32Array(128);
    let [next, at, last, step] = [0, 0, 0, 0];
    const waited = [];
    for (let played = 0; played < 30 * 375; played++) {
      const now = (played * 128) / 48;
      while (next < arrivals.length && arrivals[next] <= now) {
        const loud = Math.floor(next / 50) % 2 === 0;
        const tone = () => 0.3 * Math.sin((2 * Math.PI * 200 * at++) / 48000);
        playout.push(Float32Array.from({ length: 960 }, () => (loud ? tone() : 0)));
        next++;
      }
      playout.pull(block);
      waited.push(playout.waitingMs);
      for (const sample of block) { step = Math.max(step, Math.abs(sample - last)); last = sample; }
    }
    return { gaps: playout.gaps, step, start: Math.max(...waited.slice(0, 375)), most: Math.max(...waited),
             settled: Math.max(...waited.slice(-5 * 375)) };
"""
NO_CLICK = 0.012
"""The tone itself steps by 0.008 between samples."""


async def test_an_even_line_is_played_with_little_delay(tab: Tab, site: Site) -> None:
    """It starts 60 ms behind, and comes closer while nobody speaks."""
    played = await tab.run(site, PLAYOUT, [20 * i for i in range(1500)])
    assert played["gaps"] == 0
    assert played["start"] <= 60
    assert played["settled"] <= 45
    assert played["step"] < NO_CLICK


async def test_an_uneven_line_is_played_without_gaps(tab: Tab, site: Site) -> None:
    """30 ms of jitter are what it starts with room for."""
    played = await tab.run(site, PLAYOUT, [20 * i + i * 7919 % 30 for i in range(1500)])
    assert played["gaps"] == 0
    assert played["settled"] <= 80
    assert played["step"] < NO_CLICK


async def test_a_line_that_stalls_is_caught_up_with(tab: Tab, site: Site) -> None:
    """Half a second that comes all at once is not played late for the rest of the call, and nothing clicks."""
    played = await tab.run(site, PLAYOUT, [5500 if 250 <= i < 275 else 20 * i for i in range(1500)])
    assert played["gaps"] == 1
    assert played["most"] <= 270
    assert played["settled"] <= 80
    assert played["step"] < NO_CLICK


async def test_what_the_exchange_sends_comes_out_of_the_audio_thread(tab: Tab, site: Site) -> None:
    """Frames posted to the ear are heard."""
    loudest = await tab.run(
        site,
        """
        const context = new AudioContext();
        await context.audioWorklet.addModule("/static/audio-worklet.js");
        const ear = new AudioWorkletNode(context, "phone-ear", { numberOfInputs: 0, outputChannelCount: [1] });
        const meter = new AnalyserNode(context);
        ear.connect(meter).connect(context.destination);
        await context.resume();
        const heard = new Float32Array(meter.fftSize);
        let [loudest, at] = [0, 0];
        for (let frame = 0; frame < 500 && loudest < 0.2; frame++) {
          const pcm = Int16Array.from({ length: 320 }, () => 10000 * Math.sin((2 * Math.PI * 400 * at++) / 16000));
          ear.port.postMessage(pcm.buffer, [pcm.buffer]);
          await new Promise((resolve) => setTimeout(resolve, 10));
          meter.getFloatTimeDomainData(heard);
          loudest = Math.max(...heard.map(Math.abs));
        }
        await context.close();
        return loudest;
        """,
    )
    assert 0.2 < loudest < 0.4

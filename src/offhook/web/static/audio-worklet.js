// Runs on the audio thread: the microphone at the context's rate becomes 20 ms frames at 16 kHz, and back.

const LINE_RATE = 16000;
const FRAME = LINE_RATE / 50;
const TAPS = 32;
const PHASES = 128;

// Windowed-sinc resampling between any two rates; keeps the last TAPS samples, so it adds TAPS / 2 samples of delay.
class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const cutoff = Math.min(1, to / from) * 0.92;
    this.table = new Float32Array((PHASES + 1) * TAPS);
    for (let phase = 0; phase <= PHASES; phase++) {
      for (let tap = 0; tap < TAPS; tap++) {
        const x = tap - TAPS / 2 + 1 - phase / PHASES;
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cutoff) / (Math.PI * x * cutoff);
        const window = 0.5 + 0.5 * Math.cos((2 * Math.PI * x) / TAPS);
        this.table[phase * TAPS + tap] = Math.abs(x) > TAPS / 2 ? 0 : cutoff * sinc * window;
      }
    }
    this.history = new Float32Array(TAPS);
    this.position = 0; // of the next output sample, in input samples past the end of the history
  }

  // Calls emit(sample) for each output sample that input makes possible.
  push(input, emit) {
    const all = new Float32Array(TAPS + input.length);
    all.set(this.history);
    all.set(input, TAPS);
    let position = this.position;
    while (position < input.length) {
      const whole = Math.floor(position);
      const row = Math.round((position - whole) * PHASES) * TAPS;
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap++) sum += all[whole + 1 + tap] * this.table[row + tap];
      emit(sum);
      position += this.step;
    }
    this.position = position - input.length;
    this.history.set(all.subarray(input.length, input.length + TAPS));
  }
}

class PhoneMouth extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, LINE_RATE);
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
  }

  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    this.resampler.push(channel, (sample) => {
      this.frame[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.filled === FRAME) {
        this.port.postMessage(this.frame.slice().buffer);
        this.filled = 0;
      }
    });
    return true;
  }
}

// Plays frames as they come. It starts 60 ms behind, so that an uneven network is not heard, and never falls more
// than 200 ms behind.
class PhoneEar extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(LINE_RATE, sampleRate);
    this.queue = [];
    this.playing = false;
    this.start = 0.06 * sampleRate;
    this.most = 0.2 * sampleRate;
    this.port.onmessage = (event) => {
      const frame = Float32Array.from(new Int16Array(event.data), (sample) => sample / 32768);
      this.resampler.push(frame, (sample) => this.queue.push(sample));
      if (this.queue.length > this.most) this.queue.splice(0, this.queue.length - this.start);
    };
  }

  process(_inputs, outputs) {
    const channel = outputs[0][0];
    if (!this.playing && this.queue.length >= this.start) this.playing = true;
    if (this.playing && this.queue.length < channel.length) this.playing = false;
    if (this.playing) channel.set(this.queue.splice(0, channel.length));
    return true;
  }
}

registerProcessor("phone-mouth", PhoneMouth);
registerProcessor("phone-ear", PhoneEar);

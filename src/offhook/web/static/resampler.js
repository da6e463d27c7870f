// Resampling between any two whole rates, without hold-back: a windowed sinc as one row of weights for each phase.

const ZEROS = 24; // zero crossings on each side, at the lower rate: 1.5 ms of delay at 16 kHz
const CUTOFF = 0.46; // of the lower rate: flat to 0.42, down by 50 dB at 0.5 and by 60 soon after
const BETA = 6; // of the Kaiser window: 63 dB

export class Resampler {
  constructor(from, to) {
    const common = gcd(from, to);
    this.up = to / common;
    this.down = from / common;
    const low = Math.min(from, to);
    const half = Math.ceil((ZEROS * from) / low);
    this.taps = 2 * half;
    this.table = weights(this.up, half, (CUTOFF * low) / from);
    this.phase = 0;
    this.input = new Float32Array(this.taps + 4096);
    this.filled = this.taps - 1; // silence came before
    this.output = new Float32Array(0);
  }

  // Takes samples and returns all that follows from them, in a view that holds until the next push.
  push(samples) {
    this.reserve(samples.length);
    const { input, table, taps, up, down } = this;
    input.set(samples, this.filled);
    const filled = this.filled + samples.length;
    let start = 0;
    let phase = this.phase;
    let count = 0;
    while (start + taps <= filled) {
      const row = phase * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += input[start + tap] * table[row + tap];
      this.output[count++] = sum;
      phase += down;
      start += Math.floor(phase / up);
      phase %= up;
    }
    this.phase = phase;
    this.filled = filled - start;
    input.copyWithin(0, start, filled);
    return this.output.subarray(0, count);
  }

  reserve(count) {
    if (this.filled + count > this.input.length) {
      const grown = new Float32Array(this.filled + count);
      grown.set(this.input.subarray(0, this.filled));
      this.input = grown;
    }
    const most = Math.ceil(((count + 1) * this.up) / this.down) + 1;
    if (most > this.output.length) this.output = new Float32Array(most);
  }
}

function weights(phases, half, cutoff) {
  const taps = 2 * half;
  const table = new Float32Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    const row = new Float64Array(taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const x = tap - half + 1 - phase / phases;
      row[tap] = sinc(2 * cutoff * x) * kaiser(x / half);
      sum += row[tap];
    }
    for (let tap = 0; tap < taps; tap++) table[phase * taps + tap] = row[tap] / sum;
  }
  return table;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

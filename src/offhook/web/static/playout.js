// What was received and not yet played. It holds as little back as the line's unevenness allows.

const START_S = 0.06; // to hold before the first sample is played
const LEAST_TARGET_S = 0.04;
const MOST_TARGET_S = 0.16;
const STEP_S = 0.02;
const MOST_S = 0.25; // never further behind than this: a page that slept goes on with the present
const WINDOW_S = 2; // over which it is measured how much was held in vain
const CALM_S = 10; // without a gap, after which less is held back
const FADE_S = 0.003; // so that nothing clicks
const SILENCE = 0.003; // -50 dBFS

export class Playout {
  constructor(rate) {
    this.rate = rate;
    this.ring = new Float32Array(rate);
    this.read = 0;
    this.waiting = 0; // samples from read on
    this.playing = false;
    this.target = START_S;
    this.fade = Math.round(FADE_S * rate);
    this.fadeIn = 0; // samples of it that are left
    this.crossFade = 0;
    this.crossFrom = 0;
    this.least = Infinity; // that waited at any time in the window
    this.windowLeft = WINDOW_S * rate;
    this.calmLeft = CALM_S * rate;
    this.gaps = 0;
    this.dropped = 0; // samples
  }

  get waitingMs() {
    return (1000 * this.waiting) / this.rate;
  }

  // Takes samples that were received.
  push(samples) {
    if (this.playing && this.windowLeft <= 0) {
      if (!this.isHeldInVain(samples.length)) this.measureAnew();
      else if (isSilent(samples)) {
        this.least -= samples.length;
        this.dropped += samples.length;
        return;
      }
    }
    const { ring } = this;
    const write = (this.read + this.waiting) % ring.length;
    const first = Math.min(samples.length, ring.length - write);
    ring.set(samples.subarray(0, first), write);
    ring.set(samples.subarray(first), 0);
    this.waiting += samples.length;
    if (this.waiting > MOST_S * this.rate) this.catchUp();
  }

  // Fills output with what is to be played now.
  pull(output) {
    if (!this.playing) {
      output.fill(0);
      if (this.waiting < this.target * this.rate) return;
      this.playing = true;
      this.fadeIn = this.fade;
      this.measureAnew();
    }
    const { ring } = this;
    this.least = Math.min(this.least, this.waiting - output.length);
    const runsDry = this.waiting < output.length + this.fade;
    const count = Math.min(this.waiting, output.length);
    for (let i = 0; i < count; i++) {
      let sample = ring[(this.read + i) % ring.length];
      if (this.crossFade > 0) {
        const share = this.crossFade-- / this.fade;
        sample += share * (ring[this.crossFrom++ % ring.length] - sample);
      }
      if (this.fadeIn > 0) sample *= 1 - this.fadeIn-- / this.fade;
      if (runsDry) sample *= 1 - (i + 1) / count;
      output[i] = sample;
    }
    output.fill(0, count);
    this.read = (this.read + count) % ring.length;
    this.waiting -= count;
    if (runsDry) this.runDry();
    else this.pass(output.length);
  }

  // The line was less even than was hoped: hold more back.
  runDry() {
    this.gaps += 1;
    this.playing = false;
    this.crossFade = 0;
    this.read = (this.read + this.waiting) % this.ring.length;
    this.waiting = 0;
    this.target = Math.min(MOST_TARGET_S, this.target + STEP_S);
    this.calmLeft = CALM_S * this.rate;
  }

  // Too much has come at once: the oldest of it is not played.
  catchUp() {
    const skipped = this.waiting - Math.round(this.target * this.rate);
    if (this.playing) {
      this.crossFrom = this.read;
      this.crossFade = this.fade;
    }
    this.read = (this.read + skipped) % this.ring.length;
    this.waiting -= skipped;
    this.dropped += skipped;
    this.measureAnew();
  }

  // Whether so much waited for the whole of a window that a frame less would have done.
  isHeldInVain(frame) {
    return this.least - frame >= Math.max(0.01, this.target - LEAST_TARGET_S) * this.rate;
  }

  measureAnew() {
    this.least = Infinity;
    this.windowLeft = WINDOW_S * this.rate;
  }

  pass(count) {
    this.windowLeft -= count;
    this.calmLeft -= count;
    if (this.calmLeft <= 0) {
      this.calmLeft = CALM_S * this.rate;
      this.target = Math.max(LEAST_TARGET_S, this.target - STEP_S / 2);
    }
  }
}

function isSilent(samples) {
  for (const sample of samples) if (Math.abs(sample) > SILENCE) return false;
  return true;
}

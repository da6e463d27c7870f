// Runs on the audio thread: the microphone, at whatever rate the machine has, becomes 20 ms frames at 16 kHz, and back.

import { Playout } from "./playout.js";
import { Resampler } from "./resampler.js";

const LINE_RATE = 16000;
const FRAME = LINE_RATE / 50;

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
    for (const sample of this.resampler.push(channel)) {
      this.frame[this.filled++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
      if (this.filled === FRAME) {
        this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
        this.frame = new Int16Array(FRAME);
        this.filled = 0;
      }
    }
    return true;
  }
}

class PhoneEar extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(LINE_RATE, sampleRate);
    this.playout = new Playout(sampleRate);
    this.frame = new Float32Array(FRAME);
    this.port.onmessage = (message) => this.receive(new Int16Array(message.data));
  }

  receive(pcm) {
    const frame = pcm.length === FRAME ? this.frame : new Float32Array(pcm.length);
    for (let i = 0; i < pcm.length; i++) frame[i] = pcm[i] / 32768;
    this.playout.push(this.resampler.push(frame));
  }

  process(_inputs, outputs) {
    this.playout.pull(outputs[0][0]);
    return true;
  }
}

registerProcessor("phone-mouth", PhoneMouth);
registerProcessor("phone-ear", PhoneEar);

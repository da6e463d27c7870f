// Microphone and loudspeaker of one call. There may be no microphone: then the caller types.

const WORKLET = new URL("audio-worklet.js", import.meta.url);
const FLOOR_DB = -60;

export class Sound {
  // Opens both. onFrame takes 20 ms of pcm at 16 kHz; onLost is called when the microphone goes. Rejects only if nothing
  // can be played.
  static async open(onFrame, onLost) {
    const sound = new Sound();
    sound.context = new AudioContext({ latencyHint: "interactive" });
    try {
      await sound.openLoudspeaker();
    } catch (error) {
      sound.close();
      throw error;
    }
    try {
      await sound.openMicrophone(onFrame, onLost);
    } catch (error) {
      sound.refusal = error;
    }
    return sound;
  }

  async openLoudspeaker() {
    await this.context.audioWorklet.addModule(WORKLET);
    this.ear = new AudioWorkletNode(this.context, "phone-ear", { numberOfInputs: 0, outputChannelCount: [1] });
    this.ear.connect(this.context.destination);
    await this.context.resume();
  }

  async openMicrophone(onFrame, onLost) {
    this.microphone = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    this.mouth = new AudioWorkletNode(this.context, "phone-mouth", { numberOfOutputs: 0 });
    this.mouth.port.onmessage = ({ data }) => onFrame(data);
    this.context.createMediaStreamSource(this.microphone).connect(this.mouth);
    for (const track of this.microphone.getTracks()) {
      track.onended = () => {
        this.microphone = null;
        onLost();
      };
    }
  }

  play(frame) {
    this.ear.port.postMessage(frame, [frame]);
  }

  set muted(muted) {
    for (const track of this.microphone?.getTracks() ?? []) track.enabled = !muted;
  }

  close() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    if (this.mouth) this.mouth.port.onmessage = null;
    this.context.close();
  }
}

// How loud a frame is: 0 for -60 dBFS and below, 1 for full scale.
export function level(frame) {
  const samples = new Int16Array(frame);
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length / 32768 ** 2 + 1e-12);
  return Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
}

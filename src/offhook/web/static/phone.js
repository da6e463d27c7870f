// The browser phone: one WebSocket carries audio (binary, 20 ms at 16 kHz each way) and events (JSON).

import { Conversation } from "./conversation.js";

const byId = (id) => document.getElementById(id);
const callButton = byId("call");
const hangUpButton = byId("hang-up");
const keypad = [...document.querySelectorAll("[data-digit]")];
const conversation = new Conversation(byId("log"), {
  empty: byId("empty"), facts: byId("facts"), turns: byId("turn-count"), median: byId("median"),
  interruptions: byId("interruptions"),
});

let call = null;

function show(title, detail = "") {
  byId("state").querySelector("strong").textContent = title;
  byId("state").querySelector("span").textContent = detail;
}

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

function setBusy(busy) {
  callButton.hidden = busy;
  hangUpButton.hidden = !busy;
  byId("number").disabled = busy;
  byId("codec").disabled = busy;
  for (const key of keypad) key.disabled = !busy;
  (busy ? hangUpButton : callButton).focus();
}

class Call {
  constructor() {
    this.answeredAt = 0;
    this.over = false;
  }

  async start(to, codec) {
    this.microphone = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    this.audio = new AudioContext({ latencyHint: "interactive" });
    await this.audio.audioWorklet.addModule("/static/audio-worklet.js");
    this.mouth = new AudioWorkletNode(this.audio, "phone-mouth", { numberOfOutputs: 0 });
    this.ear = new AudioWorkletNode(this.audio, "phone-ear", { numberOfInputs: 0, outputChannelCount: [1] });
    this.audio.createMediaStreamSource(this.microphone).connect(this.mouth);
    this.ear.connect(this.audio.destination);
    await this.audio.resume();

    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/phone`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.send({ type: "call", to, codec });
    this.socket.onmessage = (message) => this.receive(message.data);
    this.socket.onclose = () => this.end("the exchange closed the line");
    this.mouth.port.onmessage = (message) => {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(message.data);
      showLevel(new Int16Array(message.data));
    };
    this.clock = setInterval(() => this.tick(), 500);
  }

  send(value) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(value));
  }

  receive(data) {
    if (data instanceof ArrayBuffer) {
      this.ear.port.postMessage(data, [data]);
      return;
    }
    const event = JSON.parse(data);
    if (event.type === "phone.ringing") show("Ringing …");
    else if (event.type === "phone.connected") {
      this.answeredAt = Date.now();
      show("Connected", "0:00");
    } else if (event.type === "phone.ended") this.end(event.cause);
    else if (event.type === "phone.refused") {
      problem(event.message);
      this.end("not placed");
    } else conversation.add(event);
  }

  tick() {
    if (!this.answeredAt) return;
    const seconds = Math.floor((Date.now() - this.answeredAt) / 1000);
    show("Connected", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }

  end(cause) {
    if (this.over) return;
    this.over = true;
    clearInterval(this.clock);
    this.send({ type: "hang_up" });
    // The last events (the unheard words of the last sentence) arrive after the hang-up.
    setTimeout(() => this.socket?.close(), 1500);
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.audio?.close();
    byId("level").value = 0;
    show("On hook", cause.replaceAll("_", " "));
    setBusy(false);
    call = null;
  }
}

function showLevel(frame) {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  const dbfs = 10 * Math.log10(sum / frame.length / 32768 ** 2 + 1e-9);
  byId("level").value = Math.max(0, Math.min(1, (dbfs + 60) / 60));
}

callButton.addEventListener("click", async () => {
  problem("");
  conversation.reset();
  setBusy(true);
  show("Calling …");
  call = new Call();
  try {
    await call.start(byId("number").value, byId("codec").value);
  } catch (error) {
    problem(error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone. Allow it in the address bar, then press Call."
      : `The microphone could not be opened (${error.name}).`);
    call?.end("no microphone");
  }
});
hangUpButton.addEventListener("click", () => call?.end("you hung up"));
for (const key of keypad) key.addEventListener("click", () => call?.send({ type: "press", digit: key.dataset.digit }));
document.addEventListener("keydown", (event) => {
  if (call && /^[0-9*#]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    call.send({ type: "press", digit: event.key });
  }
});

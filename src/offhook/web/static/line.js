// The line to the exchange: one WebSocket for as long as the page is open. Text is JSON, binary is audio.

const AGAIN_MS = 1000;

export class Line extends EventTarget {
  constructor(url) {
    super();
    this.url = url;
    this.state = "";
    this.connect();
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.tell("up");
    this.socket.onclose = () => {
      this.tell("down");
      setTimeout(() => this.connect(), AGAIN_MS);
    };
    this.socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.dispatchEvent(new MessageEvent("audio", { data }));
      else this.dispatchEvent(new MessageEvent("event", { data: JSON.parse(data) }));
    };
  }

  // Once for each change: a screen reader says it every time.
  tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event(state));
  }

  send(command) {
    if (this.isOpen) this.socket.send(JSON.stringify(command));
  }

  sendAudio(frame) {
    if (this.isOpen) this.socket.send(frame);
  }
}

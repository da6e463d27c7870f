// The line to the exchange: one WebSocket for as long as the page is open. Text is JSON, binary is audio.

const AGAIN_MS = 1000;

export class Line extends EventTarget {
  constructor(url) {
    super();
    this.url = url;
    this.connect();
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.dispatchEvent(new Event("up"));
    this.socket.onclose = () => {
      this.dispatchEvent(new Event("down"));
      setTimeout(() => this.connect(), AGAIN_MS);
    };
    this.socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.dispatchEvent(new MessageEvent("audio", { data }));
      else this.dispatchEvent(new MessageEvent("event", { data: JSON.parse(data) }));
    };
  }

  send(command) {
    if (this.isOpen) this.socket.send(JSON.stringify(command));
  }

  sendAudio(frame) {
    if (this.isOpen) this.socket.send(frame);
  }
}

// What was said, in order. Each event changes one row; nothing is decided here that the events do not say.

const UNSURE = 0.5;

export class Conversation {
  constructor(list, parts) {
    this.list = list;
    this.parts = parts;
    this.reset();
  }

  reset() {
    this.list.replaceChildren();
    this.parts.empty.hidden = false;
    this.parts.facts.hidden = true;
    this.speaking = null; // the row of what the agent is saying
    this.speechEndMs = null; // when the caller last stopped, until the agent is heard
    this.waiting = null; // the row of the agent that still lacks its milliseconds
    this.answers = [];
    this.turns = 0;
    this.interruptions = 0;
    this.count();
  }

  add(event) {
    const handler = HANDLERS[event.type];
    if (handler) handler(this, event);
  }

  row(kind, who, content, number = "") {
    const row = document.createElement("li");
    row.className = kind;
    for (const [name, value] of [["who", who], ["what", content], ["number", number]]) {
      const cell = document.createElement("span");
      cell.className = name;
      cell.append(value);
      row.append(cell);
    }
    this.parts.empty.hidden = true;
    this.list.append(row);
    row.scrollIntoView({ block: "nearest" });
    return row;
  }

  note(text) {
    this.row("note", "", text);
  }

  heard(row, ms) {
    row.querySelector(".number").textContent = `heard after ${Math.round(ms)} ms`;
    this.answers.push(ms);
    this.count();
  }

  count() {
    const sorted = [...this.answers].sort((a, b) => a - b);
    this.parts.facts.hidden = this.turns === 0;
    this.parts.turns.textContent = this.turns;
    this.parts.interruptions.textContent = this.interruptions;
    this.parts.median.textContent = sorted.length ? `${Math.round(sorted[Math.floor((sorted.length - 1) / 2)])} ms` : "–";
  }
}

function unheard(text, heard) {
  const whole = document.createElement("span");
  const rest = document.createElement("s");
  whole.append(heard);
  rest.append(text.slice(heard.length));
  const explained = document.createElement("span");
  explained.className = "visually-hidden";
  explained.textContent = " (not heard: ";
  rest.prepend(explained);
  whole.append(rest);
  return whole;
}

const HANDLERS = {
  "turn.heard"(self, event) {
    const words = document.createElement("span");
    words.textContent = event.text;
    if (event.confidence < UNSURE) words.className = "unsure";
    self.row("caller", "You", words, `${Math.round(event.confidence * 100)} % sure`);
    self.turns += 1;
    self.speechEndMs = event.speech_ended_at_ms;
    self.count();
  },
  "agent.speech_began"(self, event) {
    self.speaking = self.row("agent", "Agent", event.text);
    self.waiting = self.speechEndMs === null ? null : self.speaking;
  },
  "caller.hears_speech"(self, event) {
    if (self.waiting && self.speechEndMs !== null) self.heard(self.waiting, event.at_ms - self.speechEndMs);
    self.waiting = null;
    self.speechEndMs = null;
  },
  "agent.speech_ended"(self, event) {
    if (self.speaking) {
      const what = self.speaking.querySelector(".what");
      what.replaceChildren(event.interrupted ? unheard(event.text, event.heard) : event.text);
    }
    if (event.interrupted) self.interruptions += 1;
    self.speaking = null;
    self.count();
  },
  "backchannel.ignored"(self, event) {
    self.note(`you said “${event.text || "mm-hm"}”; the agent went on`);
  },
  "barge_in.resumed"(self) {
    self.note("a false interruption; the agent went on where you last heard it");
  },
  "silence.reminder"(self) {
    self.note("you were silent; the agent asked whether you are there");
  },
  "handler.failed"(self) {
    self.note("a handler of the agent raised; see the terminal");
  },
  "handover.started"(self, event) {
    self.note(`handing over to ${event.to}: ${event.reason}`);
  },
  "handover.done"(self) {
    self.note("connected to the person");
  },
  "handover.failed"(self) {
    self.note("the person could not be reached; the agent continues");
  },
  "agent.reloaded"(self) {
    self.note("the agent's file was saved; the next call uses it");
  },
};

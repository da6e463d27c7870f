// What was said, in order, and what the caller did not hear of it. Each event changes one row; nothing is decided here
// that the events do not say. Events of the agent and of the exchange come by different ways: either may be first.

const UNSURE = 0.5;
const SLOW_MS = 800;
const STEPS = [
  ["words_ms", "recognition"],
  ["endpoint_ms", "end of turn"],
  ["reply_ms", "answer"],
  ["audio_ms", "voice"],
];

export class Conversation {
  // parts: log (scrolls), list, draft, empty, facts, turns, median, interruptions
  constructor(parts) {
    this.parts = parts;
    this.reset();
  }

  reset() {
    this.parts.list.replaceChildren();
    this.parts.empty.hidden = false;
    this.over = false;
    this.turn = null; // the caller's last turn, until something was said after it
    this.agentRow = null; // what the agent is saying
    this.awaited = null; // the answer whose milliseconds are not known yet
    this.answer = null; // the one whose are
    this.heardAtMs = null; // when the caller last began to hear something
    this.said = null; // what the caller typed
    this.saidEndMs = null; // when the exchange had said it
    this.latencies = [];
    this.turns = 0;
    this.interruptions = 0;
    this.draft("");
    this.count();
  }

  add(event) {
    HANDLERS[event.type]?.(this, event);
  }

  // The call is over; the last events of it may still come.
  end() {
    this.over = true;
    this.draft("");
  }

  draft(text, who = "You") {
    this.change(() => {
      this.parts.draft.hidden = !text;
      this.parts.draft.replaceChildren(element("span", "who", who), element("span", "what", text));
    });
  }

  row(kind, who, ...content) {
    const row = element("li", kind);
    if (who) row.append(element("span", "who", who));
    row.append(element("p", "what", ...content));
    this.parts.empty.hidden = true;
    this.change(() => this.parts.list.append(row));
    return row;
  }

  note(...content) {
    this.row("note", "", ...content);
  }

  // Keeps the newest in view, unless somebody has scrolled up to read.
  change(how) {
    const { log } = this.parts;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
    how();
    if (atEnd) this.follow();
  }

  follow() {
    this.parts.log.scrollTop = this.parts.log.scrollHeight;
  }

  begin(event) {
    const row = this.row("agent", "Agent", event.text || "…");
    this.agentRow = row;
    this.awaited = this.turn && { row, ...this.turn, steps: null };
    this.turn = null;
    this.settle();
  }

  // Both sides are known: when the caller stopped, and when the caller then heard something.
  settle() {
    const { awaited, heardAtMs } = this;
    if (!awaited || heardAtMs === null || heardAtMs <= awaited.endedMs) return;
    const ms = heardAtMs - awaited.endedMs;
    this.awaited = null;
    this.latencies.push(ms);
    awaited.ms = ms;
    this.answer = awaited;
    this.change(() => awaited.row.append(latency(awaited)));
    this.count();
  }

  // Where the time of an answer went came after the answer itself.
  explain(steps) {
    const { answer } = this;
    if (!answer) return;
    answer.steps = steps;
    answer.row.querySelector(".latency").replaceWith(latency(answer));
  }

  count() {
    const { parts } = this;
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
    parts.turns.textContent = this.turns;
    parts.median.textContent = sorted.length ? `${Math.round(median)} ms` : "–";
    parts.interruptions.textContent = this.interruptions;
  }
}

function showDraft(self, event) {
  if (event.text) self.draft(`${event.text} …`);
}

const HANDLERS = {
  "caller.speech_started"(self, event) {
    if (event.said !== undefined) self.said = event.said;
  },
  "caller.speech_began"(self) {
    self.draft("…");
  },
  "caller.speech_ended"(self, event) {
    if (event.source === "agent") self.draft("");
    else self.saidEndMs = event.at_ms;
  },
  "caller.words": showDraft,
  "turn.draft": showDraft,
  "turn.heard"(self, event) {
    self.draft("");
    const unsure = event.confidence < UNSURE;
    const words = element("span", unsure ? "unsure" : "", event.text || "(nothing that could be understood)");
    const row = self.row("caller", "You", words);
    const sure = `${unsure ? "only " : ""}${Math.round(event.confidence * 100)} % sure`;
    row.querySelector(".who").append(element("span", "figure", sure));
    if (self.said && plain(self.said) !== plain(event.text)) {
      row.append(element("p", "aside", `You said: “${self.said}”`));
    }
    // What was typed was said by the exchange, which knows to the millisecond when it ended; the agent only hears it.
    const endedMs = self.saidEndMs ?? event.speech_ended_at_ms;
    self.turn = { endedMs, lateMs: event.speech_ended_at_ms - endedMs };
    self.said = self.saidEndMs = null;
    self.turns += 1;
    self.awaited = null;
    self.count();
  },
  "agent.speech_began"(self, event) {
    self.begin(event);
  },
  "turn.answered"(self, event) {
    if (self.awaited) self.awaited.steps = event;
    else self.explain(event);
  },
  "caller.hears_speech"(self, event) {
    self.heardAtMs = event.at_ms;
    self.settle();
  },
  "agent.speech_ended"(self, event) {
    if (!self.agentRow) self.begin(event);
    const what = self.agentRow.querySelector(".what");
    self.change(() => {
      if (event.interrupted) what.replaceChildren(...unheard(event.text, event.heard));
      else if (what.textContent !== event.text) what.textContent = event.text;
    });
    if (event.interrupted && !self.over) self.interruptions += 1;
    self.agentRow = null;
    self.awaited = null;
    self.count();
  },
  "backchannel.ignored"(self, event) {
    self.draft("");
    self.note(event.text ? `You said “${event.text}”; the agent went on.` : "A sign that you listen; the agent went on.");
  },
  "speech.ignored"(self) {
    self.draft("");
  },
  "barge_in.resumed"(self) {
    self.draft("");
    self.note("No interruption after all; the agent goes on from what you heard.");
  },
  "silence.reminder"(self) {
    self.note("Nobody spoke: the agent asks whether you are there.");
  },
  "digit.pressed"(self, event) {
    self.note("You pressed ", element("kbd", "", event.digit), ".");
  },
  "handler.failed"(self, event) {
    self.note(`The agent's code raised ${event.error}; the terminal says where.`);
  },
  "handover.started"(self, event) {
    self.note(`Handing over to ${event.to}: ${event.reason}.`);
  },
  "handover.done"(self) {
    self.note("You are connected to a person.");
  },
  "handover.failed"(self) {
    self.note("Nobody could be reached; the agent goes on.");
  },
  "call.media_lost"(self) {
    self.note("The agent lost the call's audio.");
  },
  "call.agent_lost"(self) {
    self.draft("");
    self.note("The agent's process has ended: nobody answers you any more. Hang up and call again.");
  },
  "agent.reloaded"(self) {
    if (self.parts.empty.hidden && !self.over) self.note("The agent was reloaded: your next call talks to the new one.");
  },
};

function unheard(text, heard) {
  const rest = text.slice(prefix(text, heard)).trimStart();
  if (!rest) return [text];
  const aloud = (words) => element("span", "visually-hidden", words);
  return [text.slice(0, text.length - rest.length), element("s", "", aloud("(not heard: "), rest, aloud(")"))];
}

// Where in text the words of heard end; the two may differ in their spaces.
function prefix(text, heard) {
  const words = heard.split(/\s+/).filter(Boolean).length;
  let at = 0;
  for (let i = 0; i < words; i++) at += /^\s*\S*/.exec(text.slice(at))[0].length;
  return at;
}

function plain(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

// “heard after 612 ms”, and on demand where the time went.
function latency(answer) {
  const slow = answer.ms > SLOW_MS;
  const details = element("details", slow ? "latency slow" : "latency");
  details.append(element("summary", "", `heard after ${Math.round(answer.ms)} ms${slow ? ", slow" : ""}`));
  if (!answer.steps) {
    details.append(element("p", "aside", "The agent did not say where the time went."));
    return details;
  }
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  const list = element("dl", "steps");
  for (const [key, name, ms] of shares(answer)) {
    const piece = element("span", key);
    piece.style.flexGrow = ms;
    bar.append(piece);
    list.append(element("div", "", element("dt", "", element("span", `key ${key}`), name), element("dd", "", `${Math.round(ms)} ms`)));
  }
  details.append(bar, list);
  return details;
}

function shares({ ms, lateMs, steps }) {
  const parts = lateMs > 0 ? [["late", "end noticed late", lateMs]] : [];
  let before = 0;
  for (const [key, name] of STEPS) {
    parts.push([key, name, Math.max(0, steps[key] - before)]);
    before = Math.max(before, steps[key]);
  }
  parts.push(["line", "until heard", Math.max(0, ms - lateMs - before)]);
  return parts;
}

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

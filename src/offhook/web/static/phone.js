// The page: what is pressed becomes commands, what happens on the line becomes what is seen.

import { Conversation } from "./conversation.js";
import { Line } from "./line.js";
import { level, Sound } from "./sound.js";

const byId = (id) => document.getElementById(id);
const ui = {
  call: byId("call"), hangUp: byId("hang-up"), mute: byId("mute"), number: byId("number"), codec: byId("codec"),
  state: byId("state"), detail: byId("detail"), timer: byId("timer"), level: byId("level"), problem: byId("problem"),
  agent: byId("agent"), agentName: byId("agent-name"), broken: byId("broken"), say: byId("say"), words: byId("words"),
  send: byId("send"), keypad: byId("keypad"), phone: byId("phone"),
};
const keys = [...document.querySelectorAll("[data-digit]")];
const conversation = new Conversation({
  log: byId("log"), list: byId("turns"), draft: byId("draft"), empty: byId("empty"),
  turns: byId("turn-count"), median: byId("median"), interruptions: byId("interruptions"),
});
const CAUSES = {
  normal_clearing: "the other end hung up", originator_cancel: "nobody had answered", timeout: "nobody answered",
  user_busy: "busy", call_rejected: "rejected", exchange_stopped: "the exchange was stopped",
};

const line = new Line(`ws://${location.host}/phone`);
let call = null; // {sound, state, placed, answeredAt, hungUp}
let agentTakesCalls = true;

// -- the phone --------------------------------------------------------------------------------------------------------

function show(state, title, detail = "") {
  ui.phone.dataset.state = state;
  ui.state.textContent = title;
  ui.detail.textContent = detail;
}

function problem(text = "", fix = "") {
  ui.problem.hidden = !text;
  byId("problem-text").textContent = text;
  byId("problem-fix").textContent = fix ? `Fix: ${fix}` : "";
}

function showLevel(value) {
  ui.level.value = value;
  byId("level-bar").style.transform = `scaleX(${value})`;
}

// Which of the controls can be used now follows from what is going on, in one place.
function refresh() {
  const talking = call?.state === "connected";
  const focused = document.activeElement;
  ui.call.hidden = call !== null;
  ui.call.disabled = !line.isOpen || !agentTakesCalls;
  ui.hangUp.hidden = call === null;
  ui.mute.hidden = !call?.sound?.microphone;
  ui.number.disabled = ui.codec.disabled = call !== null;
  ui.words.disabled = ui.send.disabled = !talking;
  for (const key of keys) key.disabled = !talking;
  if (focused !== document.body && (focused.hidden || focused.disabled)) (call ? ui.hangUp : ui.call).focus();
}

async function startCall() {
  const started = { sound: null, state: "calling", placed: false, answeredAt: 0, hungUp: false };
  call = started;
  problem();
  conversation.reset();
  ui.timer.textContent = "";
  show("calling", "Calling …", "Opening the microphone");
  refresh();
  let sound;
  try {
    const onFrame = (frame) => {
      line.sendAudio(frame);
      showLevel(level(frame));
    };
    sound = await Sound.open(onFrame, loseMicrophone);
  } catch (error) {
    if (call === started) endCall("error", `Sound could not be opened (${error.name}).`);
    return;
  }
  if (call !== started) {
    sound.close(); // hung up while the browser asked for the microphone
    return;
  }
  started.sound = sound;
  if (sound.refusal) {
    problem(
      sound.refusal.name === "NotAllowedError"
        ? "The browser was not allowed to use the microphone. Allow it in the address bar, or type what you want to say."
        : "There is no microphone that works: type what you want to say.",
    );
  }
  setMuted(false);
  started.placed = true;
  line.send({ type: "call", to: ui.number.value, codec: ui.codec.value });
  refresh();
}

function endCall(state, detail) {
  if (!call) return;
  const seconds = call.answeredAt ? duration(Date.now() - call.answeredAt) : "";
  call.sound?.close();
  call = null;
  conversation.end();
  showLevel(0);
  ui.timer.textContent = "";
  show(state, state === "error" ? "No call" : "Call ended", [detail, seconds].filter(Boolean).join(" · "));
  refresh();
}

function hangUp() {
  if (!call) return;
  call.hungUp = true;
  // Once it is placed the exchange says that it has ended: what it still says before that is not of the next call.
  if (call.placed) line.send({ type: "hang_up" });
  else endCall("ended", "you hung up");
}

const isMuted = () => ui.mute.getAttribute("aria-pressed") === "true";

function setMuted(muted) {
  call.sound.muted = muted;
  ui.mute.setAttribute("aria-pressed", muted);
  if (call.state === "connected") ui.detail.textContent = howToTalk();
}

function howToTalk() {
  if (!call.sound.microphone) return "Type below";
  return isMuted() ? "Muted: the agent does not hear you" : "Speak, or type below";
}

// It was unplugged, or is no longer allowed.
function loseMicrophone() {
  if (!call) return;
  showLevel(0);
  problem("The microphone is gone: type what you want to say, or hang up and call again.");
  if (call.state === "connected") ui.detail.textContent = howToTalk();
  refresh();
}

function press(digit) {
  if (call?.state !== "connected") return;
  line.send({ type: "press", digit });
  const key = keys.find((one) => one.dataset.digit === digit);
  key.classList.add("pressed");
  setTimeout(() => key.classList.remove("pressed"), 150);
}

function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

setInterval(() => {
  if (call?.answeredAt) ui.timer.textContent = duration(Date.now() - call.answeredAt);
}, 250);

// -- the line ---------------------------------------------------------------------------------------------------------

const HANDLERS = {
  "phone.ringing"() {
    if (!call) return;
    call.state = "ringing";
    show("ringing", "Ringing …", "Waiting for the agent");
  },
  "phone.connected"() {
    if (!call) return;
    call.state = "connected";
    call.answeredAt = Date.now();
    show("connected", "Connected", howToTalk());
    ui.timer.textContent = "0:00";
    refresh();
  },
  "phone.ended"({ cause }) {
    endCall("ended", call?.hungUp ? "you hung up" : (CAUSES[cause] ?? cause.replaceAll("_", " ")));
  },
  "phone.refused"({ message, fix }) {
    problem(message, fix);
    endCall("error", "the exchange refused it");
  },
  "phone.problem"({ message, fix }) {
    problem(message, fix);
  },
  "agent.ready"(event) {
    showAgent("ready", "Ready", event);
  },
  "agent.reloading"(event) {
    showAgent("reloading", event.takes_calls ? "Reloading …" : "Starting …", event);
  },
  "agent.reloaded"(event) {
    showAgent("ready", "Reloaded", event);
    conversation.add(event);
  },
  "agent.broken"(event) {
    showAgent("broken", event.was_running ? "Has stopped" : "Does not start", event);
  },
};

function showAgent(state, title, { agent, takes_calls: takesCalls, message = "", fix = "" }) {
  agentTakesCalls = takesCalls;
  ui.agent.dataset.state = state;
  ui.agent.textContent = title;
  if (agent) {
    ui.agentName.textContent = agent;
    document.title = `${agent} · offhook`;
  }
  byId("broken-title").textContent = `The agent ${title.toLowerCase()}`;
  ui.broken.hidden = state !== "broken";
  byId("broken-message").textContent = message;
  byId("broken-fix").textContent = fix;
  byId("broken-fix-line").hidden = !fix;
  byId("broken-then").textContent = takesCalls
    ? "Until you save it again, the version before this one answers."
    : "It is tried again when you save.";
  refresh();
}

line.addEventListener("up", () => {
  show("idle", "On hook", "Press Call, then speak");
  problem();
  refresh();
});
line.addEventListener("down", () => {
  endCall("error", "the line was lost");
  show("error", "No line", "");
  problem("The exchange does not answer. When it runs again, this page finds it.");
  refresh();
});
line.addEventListener("audio", ({ data }) => call?.sound?.play(data));
line.addEventListener("event", ({ data }) => (HANDLERS[data.type] ?? ((event) => conversation.add(event)))(data));

// -- the hands --------------------------------------------------------------------------------------------------------

ui.call.addEventListener("click", startCall);
ui.hangUp.addEventListener("click", hangUp);
ui.mute.addEventListener("click", () => setMuted(!isMuted()));
for (const key of keys) key.addEventListener("click", () => press(key.dataset.digit));
ui.say.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = ui.words.value.trim();
  if (!text) return;
  problem();
  line.send({ type: "say", text });
  ui.words.value = "";
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select");
  if (!typing && !event.repeat && /^[0-9*#]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) press(event.key);
});
if (matchMedia("(max-width: 48rem)").matches) ui.keypad.open = false;
refresh();

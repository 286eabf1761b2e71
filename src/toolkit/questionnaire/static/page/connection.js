// Connection: messages to the kernel, sent until each has its reply.

const TICK = 1000; // milliseconds between looks at what is unanswered
const RESEND = 3; // ticks until a message without a reply is sent again
const GONE = 20; // ticks without a reply until the kernel counts as gone

/** Numbers that rise across reloads of the page, too: they start at the quarters of seconds since 2024. */
function risingSequence() {
  let last = Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0)) / 250));
  return () => (last += 1);
}

/** A name for this page among others that may share its kernel. */
const newView = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16)).join("");

/** Sends messages until each has its reply. */
class Connection {
  /**
   * @param {object} model anywidget's model
   * @param {() => number} next the next sequence
   * @param {() => void} changed called when something was sent, answered or given up
   */
  constructor(model, next, changed) {
    this.model = model;
    this.next = next;
    this.changed = changed;
    this.view = newView();
    this.pending = new Map();
    this.silence = 0;
    this.waiting = [];
    this.hear = (reply) => this.receive(reply);
    model.on("msg:custom", this.hear);
    this.timer = setInterval(() => this.tick(), TICK);
  }

  /** Send a message; `heard` is called with its reply. An answer replaces an earlier one to the same item. */
  send(message, heard) {
    if (message.type === "answer")
      this.forget(({ message: old }) => old.type === "answer" && old.item === message.item, false);
    const sequence = this.next();
    this.pending.set(sequence, { message: { ...message, sequence, view: this.view }, heard, ticks: 0 });
    this.post(this.pending.get(sequence).message);
    this.changed();
  }

  /** Send a message and wait for its reply. */
  ask(message) {
    return new Promise((heard) => this.send(message, heard));
  }

  post(message) {
    try {
      this.model.send(message);
    } catch {
      // A connection that is down may throw: the message stays pending and is sent again.
    }
  }

  receive(reply) {
    const entry = this.pending.get(reply.to);
    if (!entry || (reply.view ?? this.view) !== this.view) return;
    this.silence = 0;
    if (reply.type === "later") return this.delay(entry);
    this.pending.delete(reply.to);
    entry.heard(reply);
    this.changed();
    this.release();
  }

  /** The kernel is there, but could not save: the message stays and is sent again. */
  delay(entry) {
    entry.delayed = true;
    this.changed();
  }

  tick() {
    if (!this.pending.size) return;
    this.silence += 1;
    for (const entry of this.pending.values()) {
      entry.ticks += 1;
      if (entry.ticks % RESEND === 0) this.post(entry.message);
    }
    this.changed();
  }

  /** Wait for some replies no longer; `release` is false where their answers will be sent anew. */
  forget(which, release = true) {
    for (const [sequence, entry] of this.pending) if (which(entry)) this.pending.delete(sequence);
    if (release) this.release();
  }

  /** Resolves once no answer is without its reply. */
  settled() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.release();
    });
  }

  release() {
    if (this.unsaved().length) return;
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  unsaved() {
    return [...this.pending.values()].filter(({ message }) => message.type === "answer");
  }

  get gone() {
    return this.silence >= GONE;
  }

  /** How the sending of answers goes: `sent`, `delayed` by the kernel, or `late` for want of a reply. */
  get pace() {
    const unsaved = this.unsaved();
    if (unsaved.some(({ delayed }) => delayed)) return "delayed";
    return !navigator.onLine || unsaved.some(({ ticks }) => ticks >= RESEND) ? "late" : "sent";
  }

  close() {
    clearInterval(this.timer);
    this.pending.clear();
    this.waiting = [];
    this.model.off("msg:custom", this.hear);
  }
}

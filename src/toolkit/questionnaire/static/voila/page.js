// Joins the page to its kernel, and gives the questionnaire the model that JupyterLab would give it.
import definition from "./questionnaire.js";

const PAUSES = [300, 1000, 2000, 4000, 5000]; // milliseconds between attempts to connect
const SILENCE = 8000; // milliseconds without a reply after which a connection counts as lost

const place = (page) => page.querySelector(".place");
const at = (path) => new URL(path, document.baseURI);
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

class Line {
  #socket = null;
  #queue = new Map(); // sequence: message; what is sent again while the connection is down waits once
  #unanswered = 0;
  #connecting = false;
  #session = random();

  constructor({ kernel, model }, { heard, moved }) {
    Object.assign(this, { kernel, comm: model, heard, moved });
    addEventListener("online", () => this.#connect());
    setInterval(() => this.#watch(), 1000);
    this.#connect();
  }

  send(content) {
    const message = { channel: "shell", header: { msg_type: "comm_msg" }, content: { comm_id: this.comm, data: { method: "custom", content } } };
    if (this.#socket) this.#post(message);
    else this.#queue.set(content.sequence, message);
  }

  #post(message) {
    this.#unanswered ||= Date.now();
    this.#socket.send(JSON.stringify(message));
  }

  #watch() {
    if (this.#socket && this.#unanswered && Date.now() - this.#unanswered > SILENCE) this.#lose();
  }

  #lose() {
    if (this.#socket) Object.assign(this.#socket, { onclose: null, onmessage: null }).close();
    this.#socket = null;
    this.#unanswered = 0;
    this.#connect();
  }

  async #connect() {
    if (this.#connecting || this.#socket) return;
    this.#connecting = true;
    for (let attempt = 0; !this.#socket; attempt += 1) {
      try {
        await this.#attempt();
      } catch {
        await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
      }
    }
    this.#connecting = false;
    this.#queue.forEach((message) => this.#post(message));
    this.#queue.clear();
  }

  async #attempt() {
    const answer = await fetch(at(`alive/${this.kernel}`));
    if (answer.status === 404) await this.#move();
    else if (!answer.ok) throw new Error("the server is not well");
    this.#socket = await this.#open();
  }

  // The kernel is gone (the server was started again, or the page slept for long): take another one.
  async #move() {
    const page = new DOMParser().parseFromString(await (await fetch(at("."))).text(), "text/html");
    const found = place(page);
    if (!found) throw new Error("no place is free");
    Object.assign(this, { kernel: found.dataset.kernel, comm: found.dataset.model });
    this.#queue.clear();
    this.moved();
  }

  #open() {
    const address = at(`api/kernels/${this.kernel}/channels?session_id=${this.#session}`);
    address.protocol = address.protocol.replace("http", "ws");
    return new Promise((opened, failed) => {
      const socket = new WebSocket(address);
      socket.onopen = () => opened(socket);
      socket.onclose = () => (failed(new Error("closed")), socket === this.#socket && this.#lose());
      socket.onmessage = ({ data }) => this.#hear(JSON.parse(data).content);
      setTimeout(() => failed(new Error("too slow")), 4 * SILENCE);
    });
  }

  #hear({ comm_id, data }) {
    if (comm_id !== this.comm) return;
    this.#unanswered = 0;
    this.heard(data.content);
  }
}

class Model {
  #listeners = new Map();

  constructor(room) {
    const heard = (content) => this.#emit("msg:custom", content, []);
    const moved = () => this.#emit("moved") || location.reload();
    this.line = new Line(room, { heard, moved });
  }

  #emit(event, ...values) {
    const listeners = this.#listeners.get(event) ?? [];
    listeners.forEach((listener) => listener(...values));
    return listeners.length > 0;
  }

  on(event, listener) { this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]); }
  off(event, listener) { this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => listener && one !== listener)); }
  send(content) { this.line.send(content); }
  get() { return undefined; }
  set() {}
  save_changes() {}
}

async function start() {
  const root = document.getElementById("questionnaire");
  const found = place(document);
  if (!found) {
    const opening = document.getElementById("opening");
    opening.textContent = opening.dataset.failed;
    return;
  }
  const model = new Model(found.dataset);
  const parts = typeof definition === "function" ? await definition() : definition;
  const el = document.createElement("div");
  root.replaceChildren(el);
  await parts.initialize?.({ model });
  await parts.render({ model, el });
}

start();

// The server's endpoints. Nothing of what is sent or received is ever kept in a URL or in the browser's storage.

/** A refusal of the server, or of the network (code "offline"). */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, "offline", "The server does not answer. Nothing was lost: start it again, then try again.");
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = value.error ?? {};
    throw new Refused(answer.status, error.code ?? "unknown", error.message ?? `The server answered ${answer.status}.`);
  }
  return value;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const leave = () => call("DELETE", "session");

/** An action's own number: sent again with the same one, it still counts once. */
export const fresh = () => crypto.randomUUID();

// Questions to the server that sent the page. Nothing of what is sent or received is kept in a URL or in storage.

/** A refusal of the server, or of the network (status 0, code "offline"); `later`: seconds to wait, where it says so. */
export class Refused extends Error {
  constructor(status, code, message, later = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.later = later;
  }
}

/** Ask, and get the answer's JSON. Throws Refused; an AbortError where `signal` says so. */
export async function request(method, path, body, { headers = {}, signal, offline = "The server does not answer." } = {}) {
  const sent = body === undefined ? {} : { "content-type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, { method, headers: { ...sent, ...headers }, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "offline", offline);
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok || value === null) {
    const { code = "unknown", message = `The server answered ${answer.status}.` } = value?.error ?? {};
    throw new Refused(answer.status, code, message, Number(answer.headers.get("retry-after")) || null);
  }
  return value;
}

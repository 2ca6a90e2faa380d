// The server's endpoints, and what its refusals mean for people.

import { Refused, request } from "../web/request.js";

export { Refused };

let key = null; // in memory alone: gone when the page is closed

/** Use a key from now on. Throws Refused for one that no header can carry. */
export function use(given) {
  if (!/^[\x21-\x7e]+$/.test(given)) throw new Refused(401, "invalid_api_key", "A key has letters, digits and signs, and no spaces.");
  key = given;
}

const ask = (method, path, body, signal) => request(method, path, body, { headers: key === null ? {} : { "x-api-key": key }, signal });

/** The guards that are served, each with its card. */
export async function guards() {
  const { data } = await ask("GET", "v1/models");
  return Promise.all(data.map(async ({ id, x_mindrail: about }) => ({ ...about, ...await ask("GET", `v1/models/${encodeURIComponent(id)}/card`) })));
}

export const judge = (body, signal) => ask("POST", "v1/judge", body, signal);
export const explain = (body, signal) => ask("POST", "v1/explain", body, signal);

const KIND = {
  invalid_api_key: "This server wants a key, and this one is not valid.",
  input_too_large: "This text is longer than the server reads at once.",
  rate_limit_exceeded: "This key has asked very often just now.",
  slow_down: "There is more to do than can be done in time.",
  server_is_overloaded: "There is more to do than can be done in time.",
  server_shutting_down: "The server is ending.",
  deadline_exceeded: "It took longer than the server allows, so nothing was answered.",
  not_ready: "The guard does not score as it should, so it does not answer.",
  internal_error: "The guard failed on this text.",
  invalid_unicode: "The text holds half a character, which nothing can read.",
  offline: "The server does not answer. Is it still running?",
};

/** What went wrong, in a sentence or two. */
export function told(problem) {
  const wait = problem.later ? ` It asks to be left alone for ${problem.later === 1 ? "a second" : `${problem.later} seconds`}.` : "";
  return `${KIND[problem.code] ?? problem.message}${wait}`;
}

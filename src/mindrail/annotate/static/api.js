// The server's endpoints.

import { request } from "../web/request.js";

export { Refused } from "../web/request.js";

const offline = "The server does not answer. Nothing was lost: start it again, then try again.";
const call = (method, path, body) => request(method, `api/${path}`, body, { offline });

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const leave = () => call("DELETE", "session");

/** An action's own number: sent again with the same one, it still counts once. */
export const fresh = () => crypto.randomUUID();

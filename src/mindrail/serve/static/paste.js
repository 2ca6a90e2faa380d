// A pasted text as the turns of a conversation.

const NAMES = {
  user: ["person", "user", "human", "client", "me", "patient", "caller", "visitor"],
  assistant: ["reply", "assistant", "bot", "ai", "supporter", "helper", "counsellor", "counselor", "model"],
};
const ROLE = Object.fromEntries(Object.entries(NAMES).flatMap(([role, names]) => names.map((name) => [name, role])));
const MARKED = new RegExp(`^\\s*(${Object.keys(ROLE).join("|")})\\s*[:：]\\s?(.*)$`, "iu");
const UNREAD = new Set(["system", "developer", "tool"]);

/** [{ role, text }] for "Person: … / Reply: …" lines or JSON messages with two turns or more; null for anything else. */
export function conversation(text) {
  const turns = messages(text) ?? lines(text);
  return turns !== null && turns.length > 1 ? turns : null;
}

function lines(text) {
  const turns = [];
  for (const line of text.split(/\r?\n/u)) {
    const [, name, said] = MARKED.exec(line) ?? [];
    if (name) turns.push({ role: ROLE[name.toLowerCase()], text: said });
    else if (turns.length) turns.at(-1).text += `\n${line}`;
    else if (line.trim()) return null;
  }
  return turns.map(({ role, text: said }) => ({ role, text: said.trim() }));
}

function messages(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const given = Array.isArray(value) ? value : value?.messages;
  if (!Array.isArray(given)) return null;
  const turns = given.filter((one) => !UNREAD.has(one?.role)).map((one) => ({ role: one?.role, text: words(one?.content) }));
  return turns.every(({ role, text: said }) => role in NAMES && said !== null) ? turns : null;
}

function words(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content) || !content.every((part) => part?.type === "text" && typeof part.text === "string")) return null;
  return content.map((part) => part.text).join("\n");
}

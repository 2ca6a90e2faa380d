// Numbers and names as people read them.

/** A probability: two decimals, and never 1.00 or 0.00 where it is not. */
export function chance(value) {
  if (value > 0.995 && value < 1) return "> 0.99";
  if (value < 0.005 && value > 0) return "< 0.01";
  return value.toFixed(2);
}

/** A change of a probability, with its sign. */
export function change(value) {
  const size = Math.abs(value).toFixed(2);
  return size === "0.00" ? "0.00" : `${value < 0 ? "−" : "+"}${size}`;
}

/** A share in percent; 100 % only where it is all of it. */
export const share = (value) => `${value < 1 ? Math.min(99, Math.round(value * 100)) : 100} %`;

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** An event as it reads in a sentence: on a scale it is that label or a worse one. */
export function eventName(card, name) {
  const event = card.events.find((one) => one.name === name);
  const label = name.replaceAll("_", " ");
  if (!card.axis.labels.some((one) => one.name === name)) return "any of these";
  return card.axis.kind === "scale" && event?.labels.length > 1 ? `‘${label}’ or worse` : `‘${label}’`;
}

// Which question comes next, and what has been answered: plain values, no page.
//
// A state is { answers, node, before }: answers by question; how many tests of a first_of question were
// answered with no; and the state that "back" returns to.

export const begin = () => ({ answers: {}, node: 0, before: null });

const given = (answer) => (Array.isArray(answer) ? answer : [answer]);

/** Whether a question is asked, after these answers. */
export function applies(axis, answers) {
  return Object.entries(axis.only_if ?? {}).every(
    ([other, wanted]) => other in answers && given(answers[other]).some((label) => wanted.includes(label)),
  );
}

/** The question to ask now; null when all are answered. */
export function current(taxonomy, state) {
  return taxonomy.axes.find((axis) => !(axis.name in state.answers) && applies(axis, state.answers)) ?? null;
}

/** The state after an answer: a label, or for any_of a list of them in the taxonomy's order. */
export function answer(axis, state, said) {
  return { answers: { ...state.answers, [axis.name]: said }, node: 0, before: state };
}

/** A test of a first_of question: the first yes ends it; when all but the last are denied, the last is left. */
export function test(axis, state, yes) {
  const names = axis.labels.map((label) => label.name);
  if (yes) return answer(axis, state, names[state.node]);
  if (state.node + 2 === names.length) return answer(axis, state, names.at(-1));
  return { ...state, node: state.node + 1, before: state };
}

export const back = (state) => state.before ?? state;

"""Options put to a server: how many answers have degrees, how many are words, and how many are none of the options.

Texts are our own minimal pairs. Start the server first, for instance as docs/language-models.md says, with
`--n_ctx 2048 --logits_all true`.
"""

import argparse
from collections.abc import Mapping

from _result import measure, write

from mindrail import taxonomy
from mindrail.data import corpus
from mindrail.evaluate.estimates import share
from mindrail.llm.choose import Choosing, choose, counts
from mindrail.llm.providers.openai import OpenAIServer
from mindrail.prompts import Form

#: how answers are read, and how the server is told what counts
WAYS: Mapping[str, tuple[str, str]] = {
    "logprobs": ("logprobs", "grammar"),
    "grammar": ("answer", "grammar"),
    "unheld": ("answer", "none"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", type=int, default=24)
    options = parser.parse_args()
    kinds = taxonomy.load("prompt-harm")
    form = Form(kinds.axis(), kinds.asks)
    texts = corpus.read("minimal-pairs", kinds, form.axis)[: options.texts]
    questions = [question for text in texts for question in form.questions(text)]
    measures = {}
    for name, (read, constrain) in WAYS.items():
        chat = OpenAIServer(options.base_url, options.model, concurrency=1, constrain=constrain)  # type: ignore[arg-type]
        told = counts(choose(chat, questions, Choosing(read=read)))  # type: ignore[arg-type]
        for outcome, count in told.items():
            found = share(count, len(questions))
            measures[f"{name}_{outcome}"] = measure(
                found.value or 0.0, (found.low or 0.0, found.high or 0.0), "share"
            )
    write("choosing", measures, model=options.model, texts=len(questions))


if __name__ == "__main__":
    main()

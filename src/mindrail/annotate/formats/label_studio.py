"""Label Studio's JSON list of tasks (labelstud.io/guide/task_format), with a labelling configuration that fits.

The conversation is `data.dialogue`, a list of {author, text} for its Paragraphs tag. Label Studio refuses annotators
whose e-mail it does not know, so names that are no e-mail stand in the `meta` of every answer, which it keeps.
Loses groups, notes and turns after the judged one; times where Label Studio reads the file. Tried with 1.23.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mindrail.annotate.formats._foreign import BadRow, Foreign, from_list, from_messages, iso, messages, words
from mindrail.annotate.results import Labelled
from mindrail.records import Example
from mindrail.taxonomy import Axis, Taxonomy, labels_in


def write(labelled: Sequence[Labelled], asked: Taxonomy) -> dict[str, str]:
    """The tasks, and the configuration of a project that shows them."""
    tasks = [_task(number, one) for number, one in enumerate(labelled, start=1)]
    return {".json": json.dumps(tasks, ensure_ascii=False, indent=1), ".xml": _configuration(asked)}


def read(path: Path) -> list[Foreign]:
    """Every annotation that was not cancelled. Raises BadFile with the number of the task."""
    return from_list(path, "task as Label Studio exports it", _annotations)


def _task(number: int, one: Labelled) -> dict[str, Any]:
    example = one.item.example
    dialogue = [{"author": said["role"], "text": said["content"]} for said in messages(example)]
    return {
        "id": number,
        "data": {"item": example.id, "split": one.item.part, "dialogue": dialogue, "text": example.text},
        "annotations": [
            {
                "id": said.seq,
                **({"completed_by": {"email": said.who}} if "@" in said.who else {}),
                "created_at": iso(said.at),
                "lead_time": said.seconds,
                "was_cancelled": False,
                "ground_truth": False,
                "result": [
                    {
                        "from_name": axis,
                        "to_name": "dialogue",
                        "type": "choices",
                        "value": {"choices": list(labels_in(answer))},
                        "meta": {"annotator": said.who},
                    }
                    for axis, answer in said.answers.items()
                ],
            }
            for said in one.labels
        ],
    }


def _annotations(row: int, task: Mapping[str, Any]) -> list[Foreign]:
    data = task["data"]
    example = _example(data)
    return [
        Foreign(
            row,
            str(data.get("item", "")),
            example,
            _who(annotation),
            {
                str(result["from_name"]): words(result["value"]["choices"])
                for result in annotation["result"]
                if result.get("type") == "choices"
            },
            when=str(annotation.get("created_at", "")),
        )
        for annotation in task.get("annotations", ())
        if not annotation.get("was_cancelled")
    ]


def _example(data: Mapping[str, Any]) -> Example:
    name = str(data.get("item", ""))
    if "dialogue" in data:
        said = [{"role": turn["author"], "content": turn["text"]} for turn in data["dialogue"]]
        return from_messages(said, name)
    if not isinstance(data.get("text"), str):
        raise BadRow("no text")
    return Example.of(data["text"], id=name)


def _who(annotation: Mapping[str, Any]) -> str:
    """The name that we wrote down; else a user's e-mail, or their number."""
    ours = {
        result["meta"]["annotator"]
        for result in annotation["result"]
        if "annotator" in result.get("meta", {})
    }
    value = ours.pop() if ours else annotation.get("completed_by")
    found = value.get("email", value.get("id")) if isinstance(value, Mapping) else value
    if found is None:
        raise BadRow("an annotation without completed_by")
    return str(found)


def _configuration(asked: Taxonomy) -> str:
    questions = "\n".join(map(_choices, asked.axes))
    shown = (
        '<Paragraphs name="dialogue" value="$dialogue" layout="dialogue" nameKey="author" textKey="text"/>'
    )
    return f"<View>\n  <Header value={_quoted(asked.asks)}/>\n  {shown}\n{questions}\n</View>\n"


def _choices(axis: Axis) -> str:
    kind = "single" if axis.exclusive else "multiple"
    options = "\n".join(
        f"    <Choice value={_quoted(label.name)} hint={_quoted(label.means)}/>" for label in axis.labels
    )
    rule = "".join(
        f' visibleWhen="choice-selected" whenTagName={_quoted(other)} whenChoiceValue={_quoted(",".join(labels))}'
        for other, labels in axis.only_if.items()
    )
    needed = ' required="true"' if axis.exclusive and not rule else ""
    opened = f'  <Choices name={_quoted(axis.name)} toName="dialogue" choice="{kind}"{needed}{rule}>'
    return f"{opened}\n{options}\n  </Choices>"


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'

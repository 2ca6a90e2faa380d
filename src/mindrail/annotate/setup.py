"""From sets and files to a project: each text once, a pinned test sample, and an order of asking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mindrail import config, seeds, taxonomy
from mindrail.annotate import opinions, order, reading, results
from mindrail.annotate.answers import Answers
from mindrail.annotate.project import Item, Part, Project, put, reorder
from mindrail.annotate.settings import Ask, Settings
from mindrail.errors import BadSplit
from mindrail.records import Example
from mindrail.records.targets import encode
from mindrail.taxonomy import Taxonomy


@dataclass(frozen=True)
class Made:
    """What `create` put into a project: `repeated` texts were left out."""

    project: Project
    pool: int
    test: int
    repeated: int


def create(
    folder: Path, name: str, data: Sequence[str], settings: Settings, guard: Path | None = None
) -> Made:
    """Make a project from sets, tables with their cards, splits or plain lists of messages.

    Raises what reading them raises, BadSplit where the test sample would leave nothing to ask, BadFile where
    a project is there already, WrongTaxonomy for a guard of another wording, UsageError where the order of
    asking needs a guard and there is none.
    """
    asked = taxonomy.load(name)
    read = [example for one in data for example in reading.read(one, asked)]
    examples = list({example.normalised(): example for example in reversed(read)}.values())[::-1]
    chosen = test_sample(examples, settings.test, settings.seed)
    if len(chosen) == len(examples):
        raise BadSplit(
            f"a test sample of {len(chosen)} among {len(examples)} leaves nothing else to label. Do: take less"
        )
    pool = [_item(example, "pool", settings) for example in examples if example.id not in chosen]
    test = [_item(example, "test", settings) for example in examples if example.id in chosen]
    own = {example.id: example.answers for example in examples}
    ordered, _ = _ordered(pool, own, asked, settings, guard)
    placed = [replace(item, place=place) for place, item in enumerate(_queue(test, ordered, settings))]
    source = str(Path(name).resolve()) if Path(name).suffix in (".yaml", ".yml") else None
    project = Project.create(folder, asked, settings, placed, source)
    return Made(project, len(pool), len(chosen), len(read) - len(examples))


def rank(project: Project, ask: Ask, guard: Path | None = None) -> int:
    """Ask in another order from now on; the test sample keeps its random one.

    With `disagreement`, finished items whose label the guard doubts are asked once more, of somebody else; the
    number of those is returned. Raises as `create` does.
    """
    settings = replace(project.settings, ask=ask)
    with project.database.reading() as db:
        known = results.read(db)
    pool = {one.item.example.id: one for one in known if one.item.part == "pool"}
    said = {
        name: one.agreed_answers(project.taxonomy) or one.item.example.answers for name, one in pool.items()
    }
    ordered, doubted = _ordered([one.item for one in pool.values()], said, project.taxonomy, settings, guard)
    again = [(len(pool[name].labels) + 1, name) for name in doubted if pool[name].labels]
    queue = _queue([one.item for one in known if one.item.part == "test"], ordered, settings)
    with project.writing() as db:
        put(db, "settings", config.plain(settings))
        reorder(db, [item.example.id for item in queue])
        db.executemany("UPDATE item SET want = max(want, ?) WHERE id = ?", again)
    return len(again)


def test_sample(examples: Sequence[Example], size: int, seed: int) -> set[str]:
    """Ids of a random sample. What belongs to one person or conversation stays together, so it may grow a little.

    No model has a say in it: only so do its numbers stand for all the rest.
    """
    groups: dict[str, list[str]] = {}
    for example in examples:
        groups.setdefault(example.group or example.id, []).append(example.id)
    keys = list(groups)
    chosen: set[str] = set()
    for place in seeds.stream(seed, "test sample").permutation(len(keys)):
        if len(chosen) >= size:
            break
        chosen.update(groups[keys[place]])
    return chosen


def _item(example: Example, part: Part, settings: Settings) -> Item:
    share = settings.test_overlap if part == "test" else settings.overlap
    several = order.share(example.id, settings.seed, "overlap") < share
    return Item(example, part, settings.people if several else 1, 0)


def _queue(test: Sequence[Item], pool: Sequence[Item], settings: Settings) -> list[Item]:
    """The test sample in its random order, spread among the pool."""
    by_id = {item.example.id: item for item in (*test, *pool)}
    shuffled = sorted((i.example.id for i in test), key=lambda n: order.share(n, settings.seed, "test order"))
    return [by_id[n] for n in order.interleave(shuffled, [i.example.id for i in pool], settings.test_every)]


def _ordered(
    pool: Sequence[Item], said: Mapping[str, Answers], asked: Taxonomy, settings: Settings, guard: Path | None
) -> tuple[list[Item], list[str]]:
    """The pool in the order that `settings.ask` names, and the ids of labels that the guard contests."""
    pool = sorted(pool, key=lambda item: item.example.id)
    examples, seed = [item.example for item in pool], settings.seed
    if settings.ask == "random":
        return [pool[place] for place in order.at_random(len(pool), seed)], []
    if settings.ask == "diversity":
        return [pool[place] for place in order.by_diversity([e.text for e in examples], seed)], []
    axis, probabilities = opinions.read(guard, asked, examples)
    if settings.ask == "uncertainty":
        return [pool[place] for place in order.by_uncertainty(axis, probabilities, seed)], []
    known = encode(axis, [said[example.id].get(axis.name) for example in examples])
    against = order.contested(axis, probabilities, known)
    places = order.by_disagreement(axis, probabilities, known, seed)
    return [pool[place] for place in places], [e.id for e, c in zip(examples, against, strict=True) if c]

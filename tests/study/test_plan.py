"""A plan is a grid of cells, each with a key that says what is computed and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from mindrail import config
from mindrail.errors import BadConfig, UnknownName
from mindrail.models.causal_lora import CausalLoraConfig
from mindrail.models.prompted import PromptedConfig
from mindrail.study import own_models
from mindrail.study import plan as plans
from mindrail.study.plan import Block, Cell, Judging, Model, More, Plan, Task

MINE = {"taxonomy": "prompt-harm", "train": ["mine.yaml"], "test": ["later.yaml"]}
TASKS = {"one": Task(MINE, ("later",)), "two": Task({})}
VIEWS = {"edit": {"method": "edit", "views": 2}, "dropout": {"method": "dropout", "views": 1}}


def plan(*blocks: Block, **more: object) -> Plan:
    return Plan("tiny", TASKS, blocks, **({"views": VIEWS} | more))  # type: ignore[arg-type]


def cell(**changes: object) -> Cell:
    block = Block(("one",), (0,), algorithm=("fixmatch",), views=("edit",))
    return replace(plan(block).cells()[0], **changes)  # type: ignore[arg-type]


def test_a_block_is_every_combination_of_its_lists_in_order() -> None:
    block = Block(
        ("one", "two"),
        (0, 1, 2),
        labels=(20, "all"),
        algorithm=("supervised", "fixmatch"),
        family=("linear", "encoder"),
    )
    cells = plan(block).cells()
    assert len(cells) == 2 * 3 * 2 * 2 * 2 == len({cell.key for cell in cells})
    assert [cell.seed for cell in cells[:3]] == [0, 1, 2]
    assert cells[0].name == "one 20: linear supervised, seed 0"
    assert cells[-1].name == "two all: fixmatch, seed 2"


def test_what_stands_twice_is_run_once() -> None:
    wide, narrow = Block(("one",), (0, 1, 2)), Block(("one",), (1,), arm="again")
    cells = plan(wide, narrow, wide).cells()
    assert [cell.seed for cell in cells] == [0, 1, 2]
    assert {cell.arm for cell in cells} == {"main"}  # the first name stays


def test_learning_from_labels_alone_has_no_views_in_any_grid() -> None:
    block = Block(("one",), (0,), algorithm=("supervised", "fixmatch"), views=("none", "edit", "dropout"))
    assert [(cell.algorithm, cell.views) for cell in plan(block).cells()] == [
        ("supervised", "none"),
        ("fixmatch", "none"),
        ("fixmatch", "edit"),
        ("fixmatch", "dropout"),
    ]


def test_settings_of_the_plan_the_task_and_the_block_add_up() -> None:
    tasks = {"one": Task({"dev_size": 10, "near": 0.5}, settings={"epochs": 2, "batch": 8})}
    block = Block(
        ("one",),
        (0,),
        algorithm=("fixmatch",),
        data={"near": 0.9},
        settings={"batch": 4},
        algorithm_settings={"threshold": 0.8},
    )
    made = Plan(
        "tiny",
        tasks,
        (block,),
        settings={"encoder": {"epochs": 6, "window": 64}, "linear": {"strength": 1.0}},
        algorithm_settings={"fixmatch": {"align": "labels", "threshold": 0.9}},
    ).cells()[0]
    assert made.data == {"dev_size": 10, "near": 0.9}
    assert made.settings == {"epochs": 2, "window": 64, "batch": 4}
    assert made.algorithm_settings == {"align": "labels", "threshold": 0.8}


@pytest.mark.parametrize("change", [{"arm": "renamed"}, {"views": "reworded"}], ids=["arm", "views"])
def test_a_name_is_not_part_of_the_key(change: dict[str, object]) -> None:
    assert cell(**change).key == cell().key
    assert cell(**change).name != cell().name


def test_the_order_of_settings_is_not_part_of_the_key() -> None:
    assert cell(settings={"a": 1, "b": 2}).key == cell(settings={"b": 2, "a": 1}).key


@pytest.mark.parametrize(
    "change",
    [
        {"labels": 100},
        {"labels": "all"},
        {"algorithm": "freematch"},
        {"seed": 1},
        {"family": "linear"},
        {"data": MINE | {"train": ["other.yaml"]}},
        {"augment": {"method": "edit", "views": 3}},
        {"augment": None},
        {"settings": {"epochs": 1}},
        {"algorithm_settings": {"threshold": 0.5}},
        {"transfer": ()},
        {"adapt": {"epochs": 3}},
        {"adapt": {}},
    ],
    ids=str,
)
def test_whatever_the_result_depends_on_changes_the_key(change: dict[str, object]) -> None:
    assert cell(**change).key != cell().key


def test_views_of_the_same_settings_are_the_same_whatever_is_spelled_out() -> None:
    block = Block(("one",), (0,), algorithm=("fixmatch",), views=("edit", "same"))
    views = VIEWS | {"same": {"method": "edit", "views": 2, "seed": 0, "parts": ["unlabelled"]}}
    assert len(plan(block, views=views).cells()) == 1


def test_the_twin_learns_the_same_labels_from_the_labels_alone() -> None:
    grid = Block(("one",), (0, 1), labels=(20, 50), algorithm=("supervised", "fixmatch"), views=("edit",))
    cells = plan(grid, algorithm_settings={"fixmatch": {"threshold": 0.9}}).cells()
    alone = {one.key: one for one in cells if one.supervised}
    others = [one for one in cells if not one.supervised]
    assert len(alone) == len(others) == 4
    for one in others:
        twin = alone[one.twin.key]
        assert (twin.labels, twin.seed, twin.settings) == (one.labels, one.seed, one.settings)
        assert twin.prepare() == one.prepare()
        assert twin.twin == twin


def test_labels_and_seed_reach_the_split() -> None:
    made = cell(labels=30, seed=7, data={"taxonomy": "prompt-harm", "train": ["a"], "test": ["b"]}).prepare()
    assert (made.labels, made.seed, made.train, made.test) == (30, 7, ("a",), ("b",))
    assert cell(labels="all", data={"taxonomy": "t", "train": ["a"], "test": ["b"]}).prepare().labels is None
    with pytest.raises(BadConfig, match="data of 'one': unknown key 'tset'; did you mean 'test'"):
        cell(data={"taxonomy": "t", "train": ["a"], "tset": ["b"]}).prepare()


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ("task: prompt-hram", UnknownName, "unknown task 'prompt-hram'; did you mean 'prompt-harm'"),
        ("task: prompt-harm, views: edits", UnknownName, "unknown views 'edits'; did you mean 'edit'"),
        (
            "task: prompt-harm, algoritm: fixmatch",
            BadConfig,
            "unknown key 'algoritm'; did you mean 'algorithm'",
        ),
        ("task: prompt-harm, views: bad, algorithm: fixmatch", BadConfig, "did you mean 'method'"),
    ],
    ids=["task", "views", "key", "key of the views"],
)
@pytest.mark.parametrize("part", ["blocks", "small"])
def test_what_the_plan_does_not_define_is_refused_with_the_closest_answer(
    tmp_path: Path, wrong: str, error: type[Exception], told: str, part: str
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "name: tiny\ntasks: {prompt-harm: {data: {}}}\n"
        "views: {edit: {method: edit}, bad: {methud: edit}}\n"
        + ("blocks: []\n" if part == "small" else "")
        + f"{part}:\n  - {{{wrong}, seeds: 0}}\n"
    )
    with pytest.raises(error, match=told):
        plans.load(tmp_path / "plan.yaml")


MODELS = {
    "small": Model("linear", rows=50),
    "tiny zero-shot": Model("prompted", {"model": "tiny"}, rows=20, stands_for="tiny"),
    "tiny adapter": Model("causal-lora", {"model": "tiny", "epochs": 1}, stands_for="tiny"),
}


def sized(*blocks: Block, **more: object) -> Plan:
    return Plan("sized", TASKS, blocks, compares="sizes", models=MODELS, **more)  # type: ignore[arg-type]


def test_a_model_is_a_family_with_settings_under_a_name() -> None:
    block = Block(("one",), (0,), labels=(20,), model=("small", "tiny adapter"))
    first, second = sized(block, settings={"causal-lora": {"epochs": 9, "batch": 2}}).cells()
    assert (first.family, first.name, first.group) == ("linear", "one 20: small, seed 0", "one 20: small")
    assert second.settings == {"epochs": 1, "batch": 2, "model": "tiny"}
    assert first.judging is not None and first.judging.rows == 50
    with pytest.raises(UnknownName, match="did you mean 'small'"):
        sized(Block(("one",), (0,), model=("smal",))).cells()


def test_where_labels_are_compared_nothing_is_judged_by_rows() -> None:
    assert plan(Block(("one",), (0,))).cells()[0].judging is None


def test_a_key_ignores_the_name_of_a_model_and_knows_what_is_judged() -> None:
    block = Block(("one",), (0,), labels=(20,), model=("small",))
    one = sized(block).cells()[0]
    assert replace(one, model="large").key == one.key
    changes = [
        {"judging": None},
        {"class_weights": "none"},
        {"more": More(("safe",), 2)},
        {"judging": Judging(51)},
    ]
    assert len({one.key, *(replace(one, **change).key for change in changes)}) == 5  # type: ignore[arg-type]


def test_own_models_stand_beside_those_of_the_plan() -> None:
    blocks = (Block(("one",), (0, 1), labels=(20,), model=("small", "tiny zero-shot")),)
    gains = {"zero-shot over small": ("one 20: tiny zero-shot", "one 20: small")}
    before = sized(*blocks, gains=gains)
    found = own_models.beside(before, ["out/mine", "org/other"])
    kept = [cell.key for cell in before.cells()]
    assert [cell.key for cell in found.cells()][: len(kept)] != [] and {*kept} <= {
        cell.key for cell in found.cells()
    }
    by = {cell.group: cell for cell in found.cells()}
    assert [*by] == [
        f"one 20: {name}" for name in ("small", "tiny zero-shot", "mine zero-shot", "other zero-shot")
    ]
    mine = by["one 20: mine zero-shot"]
    assert mine.settings == {"model": "out/mine"} and mine.judging == Judging(20)
    assert found.gains["zero-shot over small, mine"] == ("one 20: mine zero-shot", "one 20: small")
    assert own_models.beside(before, []) == before


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(BadConfig, match="two models go by the name 'mine'"):
        own_models.beside(sized(), ["out/mine", "other/mine"])


def test_own_models_are_named_as_their_family_names_them() -> None:
    """As the families themselves read their settings: four bits, and a server that is asked and never trained."""
    found = own_models.beside(sized(), ["out/mine"], four_bit=True).models
    asked = config.build(PromptedConfig, found["mine zero-shot"].settings)
    assert asked.chat.settings == {"model": "out/mine", "quantize": "4bit"}
    adapted = config.build(CausalLoraConfig, found["mine adapter"].settings)
    assert (adapted.model, adapted.quantize, adapted.epochs) == ("out/mine", "4bit", 1)
    far = own_models.beside(sized(), ["big@http://127.0.0.1:8000/v1"]).models
    asked = config.build(PromptedConfig, far["big zero-shot"].settings)
    assert asked.chat.provider == "openai"
    assert asked.chat.settings == {"model": "big", "base_url": "http://127.0.0.1:8000/v1"}
    assert "big adapter" not in far


def test_a_gain_of_a_model_that_a_server_cannot_be_is_left_out() -> None:
    gains = {
        "adapter": ("one 20: tiny adapter", "one 20: tiny zero-shot"),
        "asked": ("one 20: tiny zero-shot", "one 20: small"),
    }
    far = own_models.beside(sized(gains=gains), ["big@http://127.0.0.1:8000/v1"]).gains
    assert {*far} == {"adapter", "asked", "asked, big"}

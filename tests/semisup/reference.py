"""The algorithms once more, slowly: plain loops over rows, labels and heads, written from the papers' formulas.

Each class answers one question with `options` options. Labels that do not exclude each other are as many
questions, each a reference of its own.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mindrail import seeds
from mindrail.semisup import StepLogits

Row = Sequence[float]


def softmax(row: Row) -> list[float]:
    top = max(row)
    powers = [math.exp(z - top) for z in row]
    return [power / sum(powers) for power in powers]


def best(row: Row) -> int:
    return max(range(len(row)), key=lambda c: row[c])


def cross_entropy(row: Row, label: int) -> float:
    top = max(row)
    return top + math.log(sum(math.exp(z - top) for z in row)) - row[label]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def quantile(values: Sequence[float], at: float) -> float:
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


class Question:
    """What all share: a loss over rows of (label, weight), and what was counted."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        self.options, self.pool, self.settings = options, pool, settings

    def step(self, weak: Any, strong: Any, index: Sequence[int], about: dict[str, Any]) -> dict[str, Any]:
        """`weak` and `strong` are [head][row][option]."""
        lessons = self.lessons(weak, index, about)
        losses = [
            weight * cross_entropy(strong[head][row], label)
            for head, rows in enumerate(lessons)
            for row, (label, weight, _) in enumerate(rows)
        ]
        flat = [lesson for rows in lessons for lesson in rows]
        return {"loss": mean(losses), "labels": [(label, counted) for label, _, counted in flat]}

    def lessons(self, weak: Any, index: Sequence[int], about: dict[str, Any]) -> Any:
        """For each head and row: label, weight, and whether it counts as sure."""
        raise NotImplementedError


class Fixed(Question):
    """FixMatch and pseudo-labels."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        super().__init__(options, pool, settings)
        self.batch_means: list[list[float]] = []
        self.targets: list[Row] = []

    def lessons(self, weak, index, about):
        guesses = [softmax(row) for row in weak[0]]
        self.targets += about["targets"]
        if self.settings.align != "none" and guesses:
            assert len(self.batch_means) < 128
            self.batch_means.append([mean([q[c] for q in guesses]) for c in range(self.options)])
            running = [mean([batch[c] for batch in self.batch_means]) for c in range(self.options)]
            prior = [mean([t[c] for t in self.targets]) for c in range(self.options)]
            if self.settings.align == "uniform":
                prior = [1 / self.options] * self.options
            ratio = [(p + 1e-6) / (r + 1e-6) for p, r in zip(prior, running, strict=True)]
            guesses = [[q * f for q, f in zip(row, ratio, strict=True)] for row in guesses]
            guesses = [[q / sum(row) for q in row] for row in guesses]
        rows = [(best(q), max(q) >= self.settings.threshold) for q in guesses]
        return [[(label, float(sure), sure) for label, sure in rows]]


class Flex(Question):
    """FlexMatch."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        super().__init__(options, pool, settings)
        self.last = [-1] * pool

    def thresholds(self) -> list[float]:
        counts = Counter(self.last)
        rivals = [counts[c] for c in range(self.options)]
        if getattr(self.settings, "warm_up", True):
            rivals.append(counts[-1])
        beta = [counts[c] / max(rivals) if max(rivals) else 0.0 for c in range(self.options)]
        return [self.settings.threshold * b / (2 - b) for b in beta]

    def sure(self, guesses, index, skip=()) -> list[bool]:
        thresholds = self.thresholds()
        for q, text in zip(guesses, index, strict=True):
            if max(q) >= self.settings.threshold and text not in skip:
                self.last[text] = best(q)
        return [max(q) >= thresholds[best(q)] for q in guesses]

    def lessons(self, weak, index, about):
        guesses = [softmax(row) for row in weak[0]]
        sure = self.sure(guesses, index)
        return [[(best(q), float(s), s) for q, s in zip(guesses, sure, strict=True)]]


class Free(Question):
    """FreeMatch."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        super().__init__(options, pool, settings)
        self.t = 1 / options
        self.p = [1 / options] * options
        self.h = [1 / options] * options
        self.unfair = 0.0

    def see(self, guesses) -> None:
        if not guesses:
            return
        m = self.settings.momentum
        self.t = m * self.t + (1 - m) * mean([max(q) for q in guesses])
        chosen = Counter(best(q) for q in guesses)
        for c in range(self.options):
            self.p[c] = m * self.p[c] + (1 - m) * mean([q[c] for q in guesses])
            self.h[c] = m * self.h[c] + (1 - m) * chosen[c] / len(guesses)

    def passes(self, guesses) -> list[bool]:
        return [max(q) >= self.t * self.p[best(q)] / max(self.p) for q in guesses]

    def sure(self, guesses, index, skip=()) -> list[bool]:
        self.see([q for q, text in zip(guesses, index, strict=True) if text not in skip])
        return self.passes(guesses)

    def lessons(self, weak, index, about):
        guesses = [softmax(row) for row in weak[0]]
        sure = self.sure(guesses, index)
        return [[(best(q), float(s), s) for q, s in zip(guesses, sure, strict=True)]]

    def step(self, weak, strong, index, about):
        found = super().step(weak, strong, index, about)
        kept = [softmax(row) for row, (_, sure) in zip(strong[0], found["labels"], strict=True) if sure]
        if kept:
            chosen = Counter(best(q) for q in kept)
            a = [p / h for p, h in zip(self.p, self.h, strict=True)]
            b = [
                mean([q[c] for q in kept]) / (chosen[c] / len(kept)) if chosen[c] else 0.0
                for c in range(self.options)
            ]
            found["more"] = sum(x / sum(a) * math.log(y / sum(b) + 1e-12) for x, y in zip(a, b, strict=True))
        return found


def margins(row: Row) -> list[float]:
    top = best(row)
    second = max(z for c, z in enumerate(row) if c != top)
    return [row[top] - second if c == top else row[c] - row[top] for c in range(len(row))]


def averaged(old: float, new: float, smoothing: float, t: int) -> float:
    return new * smoothing / (1 + t) + old * (1 - smoothing / (1 + t))


class Margin(Question):
    """MarginMatch, with an erroneous class where the settings ask for one."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        super().__init__(options, pool, settings)
        self.inner = (Flex if settings.mask == "flexmatch" else Free)(options, pool, settings)
        self.apm = [[0.0] * options for _ in range(pool)]
        self.t = [0] * pool
        self.gamma = settings.least_margin
        self.filtering = settings.cutoff == "fixed"
        self.wrong: dict[int, tuple[float, int]] = {}
        self.drawn_at = -1

    def turn(self, step: int, steps: int) -> None:
        if self.settings.cutoff == "fixed":
            return
        own = self.settings.erroneous
        first, last = round(own.first * steps), round(own.last * steps)
        every, settle = max(1, round(own.redraw * steps)), round(own.settle * steps)
        if step < first:
            return
        if step >= last:
            self.wrong = {}
            return
        draw = (step - first) // every
        if (step - first) % every == 0:
            self.filtering, self.drawn_at = True, step
            many = max(1, min(int(own.share * self.pool), self.pool // self.options))
            order = seeds.stream(own.seed, "erroneous", draw).permutation(self.pool)
            self.wrong = {int(text): (0.0, 0) for text in order[:many]}
            return
        since = step - self.drawn_at - settle
        if since < 0 or since % max(1, round(own.recompute * steps)):
            return
        seen = sorted((margin for margin, t in self.wrong.values() if t), reverse=True)
        if seen and own.percentile_divided_twice:
            self.gamma = seen[int(len(seen) * own.quantile / 100)]
        elif seen:
            self.gamma = quantile(seen, own.quantile)

    def lessons(self, weak, index, about):
        self.turn(about["step"], about["steps"])
        d = self.settings.smoothing
        guesses = [softmax(row[: self.options]) for row in weak[0]]
        for row, text in zip(weak[0], index, strict=True):
            if text in self.wrong:
                old, t = self.wrong[text]
                self.wrong[text] = (averaged(old, margins(row)[self.options], d, t), t + 1)
                continue
            t = about["epoch"] if self.settings.clock == "epoch" else self.t[text]
            for c in range(self.options):
                self.apm[text][c] = averaged(self.apm[text][c], margins(row)[c], d, t)
            self.t[text] += 1
        sure = self.inner.sure(guesses, index, skip=self.wrong)
        rows = []
        for q, text, s in zip(guesses, index, sure, strict=True):
            clear = not self.filtering or self.apm[text][best(q)] >= self.gamma
            if clear and self.settings.overwrite_kept_margins and text not in self.wrong:
                self.apm[text][best(q)] = 1.0
            rows.append((best(q), s and clear and text not in self.wrong))
        others = sum(text not in self.wrong for text in index)
        usual = sum(counted for _, counted in rows) / max(1, others)
        return [
            [
                (self.options, usual, False) if text in self.wrong else (label, float(counted), counted)
                for (label, counted), text in zip(rows, index, strict=True)
            ]
        ]


class Multi(Question):
    """MultiMatch: three heads."""

    def __init__(self, options: int, pool: int, settings: Any) -> None:
        super().__init__(options, pool, settings)
        self.free = [Free(options, pool, settings) for _ in range(3)]
        self.apm = [[[0.0] * options for _ in range(pool)] for _ in range(3)]
        self.t = [[0] * pool for _ in range(3)]
        self.last = [[-1] * pool for _ in range(3)]
        self.gamma = [[0.0] * options for _ in range(3)]
        self.epoch = 0

    def recalibrate(self) -> None:
        for head in range(3):
            i, j = (other for other in range(3) if other != head)
            for c in range(self.options):
                texts = [u for u in range(self.pool) if self.last[i][u] == c and self.last[j][u] == c]
                if not texts:
                    self.gamma[head][c] = 0.0
                    if self.settings.stop_at_missing_label:
                        break
                    continue
                pooled = [self.apm[i][u][c] for u in texts] + [self.apm[j][u][c] for u in texts]
                low = quantile(pooled, self.settings.quantile)
                self.gamma[head][c] = low if self.settings.allow_negative_cutoffs else max(0.0, low)

    def lessons(self, weak, index, about):
        every = self.settings.recalibrate_every
        if (every and about["step"] and about["step"] % every == 0) or (
            not every and about["epoch"] > self.epoch
        ):
            self.recalibrate()
        self.epoch = about["epoch"]
        for head in range(3):
            for row, text in zip(weak[head], index, strict=True):
                t = about["epoch"] if self.settings.clock == "epoch" else self.t[head][text]
                for c in range(self.options):
                    old = self.apm[head][text][c]
                    self.apm[head][text][c] = averaged(old, margins(row)[c], self.settings.smoothing, t)
                self.t[head][text] += 1
                self.last[head][text] = best(row)
        guesses = [[softmax(row) for row in rows] for rows in weak]
        if not self.settings.count_confidence_twice:
            for head in range(3):
                self.free[head].see(guesses[head])
        return [self.taught(head, guesses, index, about) for head in range(3)]

    def taught(self, head, guesses, index, about):
        i, j = (other for other in range(3) if other != head)
        if self.settings.count_confidence_twice:
            self.free[i].see(guesses[i])
            self.free[j].see(guesses[j])
        masks = list(zip(self.free[i].passes(guesses[i]), self.free[j].passes(guesses[j]), strict=True))
        rows = []
        for row, text in enumerate(index):
            a, b = best(guesses[i][row]), best(guesses[j][row])
            pass_a = self.apm[i][text][a] >= self.gamma[head][a]
            pass_b = self.apm[j][text][b] >= self.gamma[head][b]
            hard = self.settings.difficult_weight
            label, weight = {
                (True, True, True): (a, 1.0),
                (True, True, False): (a, hard),
                (True, False, True): (a, hard),
                (True, False, False): (0, 0.0),
                (False, True, False): (a, hard),
                (False, False, True): (b, hard),
                (False, True, True): (0, 0.0),
                (False, False, False): (0, 0.0),
            }[a == b, pass_a, pass_b]
            if about["epoch"] == 0 or not any(masks[row]):
                weight = 0.0
            rows.append((label, weight, weight > 0))
        return rows


class Reference:
    """A question for each label, or one for all; and the supervised loss."""

    def __init__(self, kind: type[Question], settings: Any, pool: int, labels: int, exclusive: bool) -> None:
        self.settings, self.labels, self.exclusive = settings, labels, exclusive
        asked, options = (1, labels) if exclusive else (labels, 2)
        self.questions = [kind(options, pool, settings) for _ in range(asked)]

    def step(self, given: StepLogits) -> dict[str, float]:
        """What the algorithm should report, and `total`."""
        weak, strong = given.weak.tolist(), given.strong.tolist()
        found = []
        for number, question in enumerate(self.questions):
            about = {
                "targets": [self.options(t, number) for t in given.targets.tolist()],
                "step": given.step,
                "steps": given.steps,
                "epoch": given.epoch,
            }
            found.append(
                question.step(
                    [[self.cut(row, number) for row in head] for head in weak],
                    [[self.cut(row, number) for row in head] for head in strong],
                    given.index.tolist(),
                    about,
                )
            )
        labels = [answer["labels"] for answer in found]
        counted = [[label for label, sure in one if sure] for one in labels]
        unlabeled = mean([answer["loss"] for answer in found])
        report = {
            "supervised": self.supervised(given),
            "unlabeled": unlabeled,
            "sure": mean([float(sure) for one in labels for _, sure in one]),
        }
        for c in range(self.labels):
            of_label, chosen = (counted[0], c) if self.exclusive else (counted[c], 1)
            report[f"share/{c}"] = mean([float(label == chosen) for label in of_label])
        weight = self.settings.unlabeled_weight
        if ramp := getattr(self.settings, "ramp", 0.0) * given.steps:
            weight *= min(1.0, given.step / ramp)
        more = getattr(self.settings, "fairness_weight", 0.0)
        return report | {
            "total": report["supervised"]
            + weight * unlabeled
            + more * mean([answer.get("more", 0.0) for answer in found])
        }

    def cut(self, row: Row, number: int) -> Row:
        return row if self.exclusive else [0.0, row[number]]

    def options(self, targets: Row, number: int) -> Row:
        return targets if self.exclusive else [1 - targets[number], targets[number]]

    def supervised(self, given: StepLogits) -> float:
        heads = []
        for head in given.labeled.tolist():
            losses = []
            for row, targets in zip(head, given.targets.tolist(), strict=True):
                if self.exclusive:
                    losses.append(sum(t * cross_entropy(row, c) for c, t in enumerate(targets)))
                else:
                    losses += [cross_entropy([0.0, z], int(t)) for z, t in zip(row, targets, strict=True)]
            heads.append(mean(losses))
        return mean(heads) if getattr(self.settings, "supervised_losses", "sum") == "mean" else sum(heads)

"""Labels that were acknowledged before SIGKILL, and how soon the next message stands on the page.

    python benchmarks/annotate_store.py [--work out/annotate-store]

Four people label in processes of their own that are killed again and again, at random moments, until 10,000 labels
are acknowledged in at least ten rounds; then every acknowledged one is looked for. Afterwards somebody labels by
keyboard in Chromium, in a project of 100,000 messages of which thousands are done.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from _result import measure, write

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from helpers.annotating import project, serving
from helpers.killed_writers import round_of_kills
from mindrail import seeds
from mindrail.annotate import database
from mindrail.annotate.project import FILE, Project

PEOPLE = ("ana", "ben", "cleo", "dan")
ITEMS, WANTED_LABELS, WANTED_ROUNDS, PRESSES = 100_000, 10_000, 10, 60
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync"
)

#: milliseconds from a key that saves to the frame that shows the next message
_WATCH = """
window.waits = [];
document.addEventListener("keydown", ({ key }) => { if (key === "Enter") window.pressed = performance.now(); }, true);
new MutationObserver(() => {
  if (window.pressed && document.querySelector(".turn.judged")) {
    const since = window.pressed;
    window.pressed = null;
    requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - since)));
  }
}).observe(document.querySelector("section.text"), { childList: true });
"""


def kills(work: Path, seed: int) -> dict[str, Any]:
    """Rounds of kills; what was acknowledged, and what became of it."""
    folder, random = work / "killed", seeds.stream(seed, "kills")
    made = project(folder, ITEMS, want=2, people=PEOPLE)
    acknowledged: list[tuple[str, str]] = []
    rounds, began = 0, time.monotonic()
    while len(acknowledged) < WANTED_LABELS or rounds < WANTED_ROUNDS:
        acknowledged += round_of_kills(folder, PEOPLE, float(random.uniform(5, 15)), work)
        rounds += 1
        print(f"round {rounds}: {len(acknowledged)} acknowledged", file=sys.stderr)
    with made.database.reading() as db:
        there = {
            row["uid"]: row["item"] for row in db.execute("SELECT uid, item FROM event WHERE kind = 'label'")
        }
        twice = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM event WHERE kind = 'label' GROUP BY item, who HAVING count(*) > 1)"
        ).fetchone()[0]
        crowded = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM event WHERE kind = 'label' GROUP BY item HAVING count(*) > 2)"
        ).fetchone()[0]
    made.close()
    database.intact(folder / FILE)
    return {
        "rounds": rounds,
        "acknowledged": len(acknowledged),
        "there": len(there),
        "lost": sum(there.get(uid) != item for uid, item in acknowledged),
        "duplicated": twice + crowded,
        "seconds": time.monotonic() - began,
    }


def presses(folder: Path) -> list[float]:
    """Milliseconds of each press, in a real browser."""
    made = Project(folder)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in _FLAGS.split():
        options.add_argument(flag)
    with serving(folder) as url:
        browser = webdriver.Chrome(
            options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
        )
        try:
            browser.get(f"{url}/#{made.link('ana')}")
            wait(browser, "document.activeElement?.id === 'begin'")
            ActionChains(browser).send_keys(Keys.ENTER).perform()
            wait(browser, "document.querySelector('.turn.judged')")
            browser.execute_script(_WATCH)
            for done in range(PRESSES):
                ActionChains(browser).send_keys("1").send_keys(Keys.ENTER).perform()
                wait(browser, f"window.waits.length > {done}")
            waits: list[float] = browser.execute_script("return window.waits")
            return waits
        finally:
            browser.quit()


def wait(browser: Any, script: str) -> None:
    end = time.monotonic() + 30
    while not browser.execute_script(f"return Boolean({script})"):
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for: {script}")
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("out/annotate-store"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    found = kills(options.work, options.seed)
    waits = sorted(presses(options.work / "killed"))
    middle = (waits[int(0.025 * len(waits))], waits[int(0.975 * len(waits))])
    killed = f"rounds, each with SIGKILL for {len(PEOPLE)} writers"
    measures = {
        "acknowledged": measure(found["acknowledged"], None, "labels"),
        "rounds": measure(found["rounds"], None, killed),
        "lost": measure(found["lost"], None, "acknowledged labels that are not there"),
        "duplicated": measure(
            found["duplicated"], None, "items with two labels of one person, or too many people"
        ),
        "labels_per_second": measure(
            found["there"] / found["seconds"], None, "labels/s, with starting processes"
        ),
        "press_to_next_ms": measure(
            median(waits), middle, "ms, median; the interval holds 95 % of the presses"
        ),
    }
    print(write("label_store", measures, items=ITEMS, presses=len(waits), writers=len(PEOPLE)))


if __name__ == "__main__":
    main()

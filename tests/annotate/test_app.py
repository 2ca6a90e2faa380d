"""The page's server: who may ask what, what it never tells, and that nothing written reaches a log."""

import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from helpers.annotating import project
from mindrail import web
from mindrail.annotate import app as apps
from mindrail.annotate import session as sessions
from mindrail.annotate.app import App, build
from mindrail.annotate.database import Busy
from mindrail.annotate.desk import Desk
from mindrail.annotate.project import Item, Project, add_items
from mindrail.errors import OutOfSpace
from mindrail.records import Example

CANARY = "zanzibar-umbrella-quartz"
BASE = "http://127.0.0.1:8765"


def client(made: Project, who: str | None = "ana", clock: Callable[[], float] = lambda: 1000.0) -> TestClient:
    """A browser; signed in as somebody, if named."""
    browser = TestClient(build(made, clock), base_url=BASE, raise_server_exceptions=False)
    if who is not None:
        lead = made.annotator(who).lead
        assert browser.post("/api/session", json={"secret": made.link(who, lead=lead)}).status_code == 200
    return browser


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def label(browser: TestClient, **changes: Any) -> Any:
    asked = browser.post("/api/next", json={}).json()["asked"]
    sent = {"uid": uuid.uuid4().hex, "item": asked["item"], "answers": {"risk": "safe"}, "expects": None}
    return browser.post("/api/label", json=sent | changes)


def test_a_day_of_work(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 3, lead="ana")
    browser = client(made)
    about = browser.get("/api/session").json()
    assert (about["name"], about["lead"]) == ("ana", True)
    assert about["taxonomy"]["axes"][0]["labels"][0]["name"] == "safe"
    first = browser.post("/api/next", json={}).json()["asked"]
    assert first["turns"][-1]["text"]
    second = label(browser).json()["asked"]
    assert second["item"] != first["item"]
    back = browser.post("/api/undo", json={"uid": uuid.uuid4().hex}).json()["asked"]
    assert (back["item"], back["answers"]) == (first["item"], {"risk": "safe"})
    note = {"uid": uuid.uuid4().hex, "item": first["item"], "text": "hm"}
    assert browser.post("/api/note", json=note).status_code == 200
    assert browser.post("/api/next", json={}).json()["asked"]["notes"] == ["hm"]
    skip = {"uid": uuid.uuid4().hex, "item": first["item"], "expects": None}
    assert browser.post("/api/skip", json=skip).json()["asked"]["item"] == second["item"]
    label(browser)
    assert label(browser).json() == {"asked": None}
    counts = browser.get("/api/progress").json()
    assert (counts["mine"], counts["items"], counts["done"]) == (2, 3, 2)


def test_every_route_but_the_page_and_its_door_asks_who_is_there(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    stranger = client(made, None)
    asked = 0
    for route in App(made).routes():
        if not route.path.startswith("/api/"):
            continue
        for method in route.methods or ():
            if method == "HEAD" or (route.path, method) in {
                ("/api/session", "POST"),
                ("/api/session", "DELETE"),
            }:
                continue
            answer = stranger.request(method, route.path, json={} if method == "POST" else None)
            assert code(answer) == (401, "not_signed_in"), route.path
            asked += 1
    assert asked >= 10


def test_only_leads_see_disagreements_and_agreement(tmp_path: Path) -> None:
    made = project(tmp_path / "p", lead="ben")
    ana = client(made, "ana")
    for method, path in (("POST", "/api/dispute"), ("POST", "/api/decide"), ("GET", "/api/agreement")):
        answer = ana.request(method, path, json={} if method == "POST" else None)
        assert code(answer) == (403, "leads_only"), path
    assert "people" not in ana.get("/api/progress").json()
    assert client(made, "ben").post("/api/dispute", json={}).json() == {"dispute": None}


def test_disputes_come_without_names_until_they_are_decided(tmp_path: Path) -> None:
    made = project(tmp_path / "p", 1, want=2, people=("ana", "ben", "cleo"), lead="cleo")
    label(client(made, "ana"))
    label(client(made, "ben"), answers={"risk": "unsafe"})
    cleo = client(made, "cleo")
    answer = cleo.post("/api/dispute", json={})
    assert "ana" not in answer.text and "ben" not in answer.text
    dispute = answer.json()["dispute"]
    assert sorted(said["risk"] for said in dispute["opinions"]) == ["safe", "unsafe"]
    sent = {"uid": uuid.uuid4().hex, "item": dispute["item"], "answers": {"risk": "unsafe"}, "why": "clear"}
    said = cleo.post("/api/decide", json=sent).json()["said"]
    assert {one["who"]: one["answers"]["risk"] for one in said} == {"ana": "safe", "ben": "unsafe"}
    assert cleo.post("/api/dispute", json={}).json() == {"dispute": None}
    found = cleo.get("/api/agreement").json()
    assert found["risk"]["overall"]["shared"] == 1


FORGED = {
    "another host": ({"host": "evil.example"}, 421),
    "our host's name inside another": ({"host": "127.0.0.1.evil.example"}, 421),
    "a page of another site": ({"origin": "https://evil.example"}, 403),
    "a page of another port": ({"origin": "http://127.0.0.1:9999"}, 403),
    "a sandboxed page": ({"origin": "null"}, 403),
    "a cross-site request": ({"sec-fetch-site": "cross-site"}, 403),
    "a form": ({"content-type": "application/x-www-form-urlencoded"}, 415),
    "plain text": ({"content-type": "text/plain"}, 415),
}


@pytest.mark.parametrize("kind", FORGED)
def test_requests_that_are_not_from_the_page_change_nothing(tmp_path: Path, kind: str) -> None:
    headers, status = FORGED[kind]
    made = project(tmp_path / "p")
    browser = client(made)
    item = browser.post("/api/next", json={}).json()["asked"]["item"]
    sent = f'{{"uid": "u1", "item": "{item}", "answers": {{"risk": "safe"}}}}'
    answer = browser.post("/api/label", content=sent, headers={"content-type": "application/json"} | headers)
    assert answer.status_code == status
    with made.database.reading() as db:
        assert db.execute("SELECT count(*) FROM event WHERE kind = 'label'").fetchone()[0] == 0


BAD = {
    "no answer": ({"answers": {}}, 422, "bad_answer"),
    "an unknown label": ({"answers": {"risk": CANARY}}, 422, "bad_answer"),
    "an unknown question": ({"answers": {"risk": "safe", CANARY: "x"}}, 422, "bad_answer"),
    "two labels": ({"answers": {"risk": ["safe", "unsafe"]}}, 422, "bad_answer"),
    "a number": ({"answers": 7}, 422, "bad_answer"),
    "no uid": ({"uid": ""}, 400, "invalid_request"),
    "a uid of another kind": ({"uid": 7}, 400, "invalid_request"),
    "seconds in words": ({"seconds": CANARY}, 400, "invalid_request"),
    "an item of somebody else": ({"item": "0123456789abcdef"}, 409, "answered_elsewhere"),
    "an answer of another tab": ({"expects": "deadbeef"}, 409, "answered_elsewhere"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_labels_are_refused_and_not_repeated(tmp_path: Path, kind: str) -> None:
    changes, status, name = BAD[kind]
    answer = label(client(project(tmp_path / "p")), **changes)
    assert code(answer) == (status, name)
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("error", "status", "name"), [(OutOfSpace("x"), 507, "out_of_space"), (Busy("x"), 503, "busy")]
)
def test_a_label_that_was_not_saved_is_said_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, name: str
) -> None:
    browser = client(project(tmp_path / "p"))
    asked = browser.post("/api/next", json={}).json()["asked"]

    def fail(*given: Any, **named: Any) -> int:
        raise error

    monkeypatch.setattr(Desk, "label", fail)
    sent = {"uid": "u", "item": asked["item"], "answers": {"risk": "safe"}}
    assert code(browser.post("/api/label", json=sent)) == (status, name)


def test_wrong_links_are_refused_and_after_ten_a_minute_all_are(tmp_path: Path) -> None:
    now = [1000.0]
    made = project(tmp_path / "p")
    browser = client(made, None, lambda: now[0])
    right = made.link("ana")
    for _ in range(10):
        assert code(browser.post("/api/session", json={"secret": "wrong"})) == (401, "wrong_link")
    assert code(browser.post("/api/session", json={"secret": right})) == (429, "too_many_tries")
    now[0] += 61
    assert browser.post("/api/session", json={"secret": right}).status_code == 200


def test_a_session_ends(tmp_path: Path) -> None:
    now = [1000.0]
    browser = client(project(tmp_path / "p"), "ana", lambda: now[0])
    assert browser.get("/api/session").status_code == 200
    now[0] += sessions.LASTS + 1
    assert code(browser.get("/api/session")) == (401, "not_signed_in")


@pytest.mark.parametrize(
    "cookie", ["", "x", "..", "YW5h.9999999999.", "YW5h.9999999999." + "0" * 64, "YW5h.x.y"]
)
def test_a_forged_cookie_opens_nothing(tmp_path: Path, cookie: str) -> None:
    made = project(tmp_path / "p")
    name = sessions.Sessions(made, lambda: 0.0).cookie
    stranger = client(made, None)
    assert code(stranger.get("/api/session", headers={"cookie": f"{name}={cookie}"})) == (
        401,
        "not_signed_in",
    )


def test_a_session_outlives_the_server_and_no_script_can_read_it(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    browser = TestClient(build(made), base_url=BASE)
    cookie = browser.post("/api/session", json={"secret": made.link("ana")}).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    again = TestClient(build(Project(tmp_path / "p")), base_url=BASE, cookies=dict(browser.cookies))
    assert again.get("/api/session").json()["name"] == "ana"
    assert browser.delete("/api/session").status_code == 200
    assert browser.get("/api/session").status_code == 401


def test_the_page_is_its_own_and_loads_nothing_else(tmp_path: Path) -> None:
    browser = client(project(tmp_path / "p"), None)
    page = browser.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text and "style=" not in page.text
    pages = apps.Pages("mindrail.annotate", "static")._pages
    shared = {f"../web/{name}": page for name, page in apps.shared()._pages.items()}
    for name, (content, _, _) in (pages | shared).items():
        assert b"//" not in content.replace(b"// ", b"").replace(b"//\n", b"").replace(
            b"http://www.w3.org/2000/svg", b""
        ), name
        assert browser.get(f"/static/{name}").status_code == 200
    assert browser.get("/static/../app.py").status_code == 404


def test_texts_only_ever_become_text_nodes() -> None:
    folders = (Path(place.__file__).parent / "static" for place in (apps, web))
    for script in (script for folder in folders for script in folder.glob("*.js")):
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in script.read_text(), script.name


def test_nothing_that_people_wrote_reaches_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = project(tmp_path / "p", 0, lead="ana")
    with made.writing() as db:
        add_items(db, [Item(Example.of(CANARY), "pool", 1, 0)])
    browser = client(made)
    asked = browser.post("/api/next", json={}).json()["asked"]
    assert asked["turns"][0]["text"] == CANARY
    browser.post("/api/note", json={"uid": "n", "item": asked["item"], "text": CANARY})
    browser.post("/api/note", json={"uid": "n", "item": asked["item"], "text": CANARY * 1000})
    label(browser, answers={"risk": CANARY})
    label(browser, uid=CANARY, item=CANARY)
    browser.post("/api/session", json={"secret": CANARY})
    own = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert CANARY not in "".join(f"{record.getMessage()} {record.exc_text}" for record in own)

"""Counselling sessions, transcribed from public demonstrations of good and bad practice."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from mindrail.data.card import Card, Row, Source
from mindrail.data.sets._read import parts, table

#: Utterances that a row holds, the judged one included. Sessions run to 598.
_REACH = 8

CARD = Card(
    title="AnnoMI",
    repository="uccollab/AnnoMI",
    commit="42936645ec3857a9c84ab296a36a3c34b779ef49",
    licence="none stated in the repository",
    languages=("en",),
    rows=9699,
    labels="session quality: high 8,839, low 860; what the therapist does; how the client speaks of change",
    problems=(
        "Quality is judged per session, so a low one also holds good replies. Played scenes, transcribed "
        "from video. Many very short utterances: 2,340 exact duplicates without their context."
    ),
    files=(
        Source(
            "AnnoMI-simple.csv", "b178db3b0b9858a0fa4ed670dabeccd63e975ba67e141d7ae16f2e8214f78e61", 2_386_609
        ),
    ),
)

_SPEAKERS = {"client": "user", "therapist": "assistant"}


def load(folder: Path) -> Iterator[Row]:
    """Yield every utterance in file order with the seven before it. A group is a session."""
    for path, _ in parts(CARD, folder):
        for session, lines in groupby(table(path), key=lambda row: row["transcript_id"]):
            said: list[tuple[str, str]] = []
            for row in lines:
                said.append((_SPEAKERS[row["interlocutor"]], row["utterance_text"]))
                yield Row(
                    tuple(said[-_REACH:]),
                    {
                        "quality": (row["mi_quality"],),
                        "behaviour": (row["main_therapist_behaviour"],),
                        "talk": (row["client_talk_type"],),
                    },
                    group=f"annomi:{session}",
                    tags={"topic": row["topic"], "quality": row["mi_quality"]},
                )

"""What a served guard is: its question, labels, thresholds and promise, and the card in its folder.

`GET /v1/models/{name}/card`; `card` is the folder's README in Markdown, null where there is none or it was changed.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mindrail import config
from mindrail.calibrate.policy import events
from mindrail.serve.service import Service
from mindrail.serve.shelf import Served
from mindrail.web.answers import Json

PATH = "/v1/models/{name}/card"


async def card(service: Service, request: Request) -> Response:
    """The guard of that name or id. Raises Problem (404)."""
    return Json(told(service.shelf.find(request.path_params["name"])))


def told(served: Served) -> dict[str, Any]:
    """Plain values for JSON. An event is "the label is among `labels`"; what has no threshold is null."""
    guard = served.guard
    at = {threshold.event: threshold for threshold in guard.calibration.thresholds}
    return {
        "id": served.name,
        "guard": guard.id,
        "asks": guard.taxonomy.asks,
        "judges": guard.side,
        "axis": config.plain(guard.axis),
        "events": [
            {
                "name": event.name,
                "labels": [guard.axis.names[i] for i in event.members],
                "review": at[event.name].review,
                "block": at[event.name].block,
            }
            for event in events(guard.axis)
            if event.name in at
        ],
        "coverage_floor": guard.calibration.coverage_floor,
        "promise": guard.promise,
        "promised": config.plain(guard.calibration.promise),
        "fitted_on": guard.calibration.fitted_on,
        "notes": list(guard.calibration.notes),
        "tested": list(served.documents.tested),
        "card": served.documents.card,
    }

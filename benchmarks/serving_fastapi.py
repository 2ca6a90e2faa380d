"""What most people would write: FastAPI around the transformers pipeline. For `serving.py`; prints its address."""

import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from inference import pipeline
from pydantic import BaseModel


class Asked(BaseModel):
    input: str


def main(guard: Path) -> None:
    pipe, app = pipeline(guard), FastAPI()

    @app.post("/v1/moderations")
    def moderate(asked: Asked) -> dict[str, object]:
        (found,) = pipe(asked.input, truncation=True)
        return {"label": found["label"], "score": found["score"]}

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
        config = uvicorn.Config(app, log_level="error")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

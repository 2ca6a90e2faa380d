"""A guard behind HTTP: `mindrail serve`. Needs the extra `serve`, never torch.

A request passes through these, each in its own file: `keys` (who asks), `rates` (how much they may ask), `gate`
(is there room), a dialect (what is asked), `desk` (worker threads in fair turns), `audit` (one line, no text),
and the dialect again (the answer). `app` puts them together, `start` runs them as a process.
"""

"""What the apps of mindrail (`serve`, `annotate`) share: small ASGI parts on Starlette, none of which knows a guard.

    app = Envelope(LocalHosts(Router(routes, default=not_found), hosts))   # outermost first
    run(app, listen("127.0.0.1", 8000))

| module | gives |
| --- | --- |
| `limits` | `Limits`: what one request and one connection may take |
| `problems` | `Kind`, `Problem`: every refusal as a value; texts come from templates, never from input |
| `answers` | `Json`: a response from plain values; `problem_answer`: a Problem as one |
| `strict_json` | `parse`: JSON that two readers cannot understand differently |
| `body` | `read`, `read_json`: a request's body, counted as it comes, with the headers it must have |
| `envelope` | `Envelope`: request id, security headers, every exception as JSON; `not_found` for routers |
| `origins` | `LocalHosts`: Host and Origin checks against DNS rebinding and cross-site requests |
| `static` | `Pages`: files of a package, read once; no path reaches the disk. `shared`: what all pages share |
| `listening` | `listen`: a bound socket, on loopback unless told otherwise |
| `protocol` | `bounded`: uvicorn's protocol with deadlines and caps for headers, bodies and connections |
| `running` | `run`: serves until SIGTERM, then lets everything accepted finish |

Endpoints are Starlette routes that return a response or raise Problem. No middleware is built on Starlette's
`BaseHTTPMiddleware`, which hides that a client has left. In `request.state.id` is the request's id.
"""

"""Who is asking: a secret link once, then a cookie that says who and until when, sealed with the project's key."""

import base64
import hashlib
import hmac
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from mindrail.annotate.project import Annotator, Project
from mindrail.errors import UnknownName
from mindrail.web.problems import Kind, Problem

#: seconds for which a sign-in lasts: one working day
LASTS = 12 * 3600

NOT_SIGNED_IN = Kind(401, "not_signed_in", "Open your own link to sign in.", retry=False)
WRONG_LINK = Kind(401, "wrong_link", "This link is not valid (any more). Ask for a new one.", retry=False)
TOO_MANY_TRIES = Kind(429, "too_many_tries", "Too many wrong links. Wait a minute.", retry=True)
LEADS_ONLY = Kind(403, "leads_only", "Only whoever leads this project may do that.", retry=False)


class Sessions:
    """Sign-in and sign-out for one project. Wrong links are counted: ten a minute, then nobody gets in."""

    def __init__(self, project: Project, clock: Callable[[], float]) -> None:
        self.project, self.clock = project, clock
        self.cookie = f"mindrail-{hashlib.sha256(project.secret).hexdigest()[:8]}"
        self._wrong: list[float] = []

    def enter(self, secret: str, response: Callable[[Annotator], Response]) -> Response:
        """The response for whoever the link belongs to, with their cookie. Raises Problem."""
        now = self.clock()
        self._wrong = [at for at in self._wrong if abs(now - at) < 60]
        if len(self._wrong) >= 10:
            raise Problem(TOO_MANY_TRIES)
        found = self.project.who(secret)
        if found is None:
            self._wrong.append(now)
            raise Problem(WRONG_LINK)
        made = response(found)
        made.set_cookie(
            self.cookie, self._sealed(found.name, int(now) + LASTS), LASTS, httponly=True, samesite="strict"
        )
        return made

    def leave(self, response: Response) -> Response:
        """Forget the cookie."""
        response.delete_cookie(self.cookie, httponly=True, samesite="strict")
        return response

    def who(self, request: Request, *, lead: bool = False) -> Annotator:
        """Whoever asks. Raises Problem where nobody is signed in, or not a `lead`."""
        name = self._opened(request.cookies.get(self.cookie, ""))
        try:
            found = None if name is None else self.project.annotator(name)
        except UnknownName:
            found = None
        if found is None:
            raise Problem(NOT_SIGNED_IN)
        if lead and not found.lead:
            raise Problem(LEADS_ONLY)
        return found

    def _sealed(self, name: str, until: int) -> str:
        told = f"{base64.urlsafe_b64encode(name.encode()).decode()}.{until}"
        return f"{told}.{self._seal(told)}"

    def _opened(self, cookie: str) -> str | None:
        told, _, seal = cookie.rpartition(".")
        if not cookie.isascii() or not hmac.compare_digest(self._seal(told), seal):
            return None
        name, _, until = told.partition(".")
        return base64.urlsafe_b64decode(name).decode() if self.clock() < int(until) else None

    def _seal(self, told: str) -> str:
        return hmac.new(self.project.secret, told.encode(), hashlib.sha256).hexdigest()

"""What a person is told, in their language, of what the console has not done. Why in detail stays in English."""

from __future__ import annotations

from detector.console.words import N_

SENTENCES: dict[int, str] = {
    400: N_("it was not understood"),
    403: N_("you may not do that"),
    404: N_("it is not there"),
    408: N_("it did not come in time"),
    409: N_("it is not what was logged, or no longer so"),
    412: N_("somebody has said something else since"),
    413: N_("it is too large"),
    422: N_("something of it is not understood or not allowed"),
    429: N_("too much was asked at once, wait a moment"),
    503: N_("the log cannot be read or written now"),
}
"""By the status of the answer; they go on after a colon."""

OTHER_SESSION = N_(
    "somebody has signed in again in this browser, and this page is of the session before. Load it again (F5); if the "
    "name at its top is then not yours, sign in again."
)
"""Of a page that was left open over another sign-in."""

WHY = "x-refused-for"
"""Header of an answer that says which of several reasons with the same status it was."""

OF_OTHER_SESSION = {WHY: "other-session"}

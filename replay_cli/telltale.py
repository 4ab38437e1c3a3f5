"""Telltale: the forms by which a secret or a user's name is known in any text.

Each pattern takes time that is linear in the length of the text, whatever the text: runs are possessive, what is
looked for ahead is bounded, and a form that may fail late begins only where such a run begins.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Form(NamedTuple):
    """A pattern, and the name of the group that is the secret; None where all of the match is.

    A match holds one of the ``hints``, in lower case, if there are any: they are looked for first, many times sooner.
    """

    pattern: re.Pattern[str]
    group: str | None = None
    hints: tuple[str, ...] = ()


TOKEN = Form(
    re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
        # Keys of OpenAI, Anthropic, DeepSeek and Stripe.
        r"|\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{10,}+"
        r"|\bgh[opsru]_[A-Za-z0-9]{20,}+|\bgithub_pat_[A-Za-z0-9_]{20,}+|\bglpat-[A-Za-z0-9_-]{16,}+"
        r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16,}+|\bAIza[A-Za-z0-9_-]{30,}+|\bya29\.[A-Za-z0-9_-]{20,}+"
        r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}+|\bhf_[A-Za-z0-9]{20,}+|\bnpm_[A-Za-z0-9]{30,}+|\bpypi-[A-Za-z0-9_-]{16,}+"
        # A JSON Web Token (RFC 7519): its head is an object, so it begins with the Base64 of an opening brace.
        r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+)?"
    ),
    hints=(
        *(
            "-----begin",
            "sk-",
            "sk_",
            "rk-",
            "rk_",
            "pk-",
            "pk_",
            "gho_",
            "ghp_",
            "ghs_",
            "ghr_",
            "ghu_",
            "github_pat_",
        ),
        *("glpat-", "akia", "asia", "agpa", "aida", "aroa", "aiza", "ya29.", "xox", "hf_", "npm_", "pypi-", "eyj"),
    ),
)
"""Tokens that are told by their own form."""

_WORDS = (
    r"pass(?:word|wd|phrase)|pwd|secret(?:[_-]?(?:key|access[_-]?key))?|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|private[_-]?key|client[_-]?secret|(?:access|auth|refresh|session|bearer|id)?[_-]?token"
)
_WORD_HINTS = ("pass", "pwd", "secret", "key", "token")
SECRETS = (
    TOKEN,
    Form(
        re.compile(
            r"(?i)(?:\bbearer|authorization\\{0,4}[\"']?\s{0,4}[:=]\s{0,4}\\{0,4}[\"']?[a-z]{1,20})[ \t]{1,4}"
            r"(?P<secret>[A-Za-z0-9._~+/-]{6,}+=*+)"
        ),
        "secret",
        ("bearer", "authorization"),
    ),
    # In quotes, which are escaped themselves where JSON stands in a string.
    Form(
        re.compile(
            rf"(?i)(?:{_WORDS})\\{{0,4}}[\"']?\s{{0,4}}[:=]\s{{0,4}}(?P<quote>\\{{0,4}}[\"'])"
            r"(?P<secret>(?s:.){1,1000}?)(?=(?<!\\)(?P=quote)|\Z)"
        ),
        "secret",
        _WORD_HINTS,
    ),
    Form(
        re.compile(rf"(?i)(?:{_WORDS})\\{{0,4}}[\"']?\s{{0,4}}[:=]\s{{0,4}}\\{{0,4}}(?P<secret>[^\s\"'\\,;&]++)"),
        "secret",
        _WORD_HINTS,
    ),
    # The password in a URL (RFC 3986, 3.2.1).
    Form(re.compile(r"://[^/\s:@\"]{0,200}:(?P<secret>[^/\s@\"]{1,200})@"), "secret", ("://",)),
)
"""What ``@secrets`` takes out."""

SECRET_NAMES = frozenset(
    [
        *("password", "passwd", "passphrase", "secret", "api_key", "apikey", "api-key", "access_key", "secret_key"),
        *("private_key", "client_secret", "access_token", "auth_token", "refresh_token", "session_token", "id_token"),
        *("bearer_token", "token", "authorization", "x-api-key", "cookie", "set-cookie", "proxy-authorization"),
    ]
)
"""Members whose strings are secrets, in lower case."""

_STEP = r"(?:\\{1,4}|/)"
PATHS = (
    Form(re.compile(r"(?:/home/|/Users/)(?P<secret>[^/\\\s\"':;,<>|)\]}]++)"), "secret", ("/home/", "/users/")),
    # Names of Windows may hold spaces where another step of the path ends them.
    Form(
        re.compile(
            rf"(?i)\b[a-z]:{_STEP}(?:users|documents and settings){_STEP}"
            r"(?P<secret>[^/\\\"':;,<>|\r\n]{1,64}(?=[/\\])|[^/\\\s\"':;,<>|]++)"
        ),
        "secret",
        ("users", "documents and settings"),
    ),
    Form(re.compile(r"(?<![\w~])~(?P<secret>[A-Za-z_][A-Za-z0-9._-]{0,63})(?=[/\\])"), "secret", ("~",)),
)
"""What ``@paths`` takes out: the names of users in the paths of their home directories."""


def is_token(text: str) -> bool:
    """Whether a secret stands in a text that is told by its own form."""
    return TOKEN.pattern.search(text) is not None

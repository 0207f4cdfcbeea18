"""The canonical spelling of request paths. A path is normalized before anything decides what it means.

Servers differ in what they take for the same path: `//`, `/./`, `%63` for `c`, a slash at the end. Envoy's listener
normalises too, and nothing here depends on that it did.
Source: RFC 3986, section 6.2.2 (percent-encoding, dot segments), and Envoy's `normalize_path` and `merge_slashes`.
Left out on purpose: `%2F`, `%5C`, `;x`, backslashes and upper case. Which server takes them for what is not known, and
a name of a model may have some of them in it. No fixed part of a known path has one, so such a path is unknown.
"""

import re

_PERCENT_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def canonical(path: str) -> str:
    """The path with unreserved characters decoded, and without dot segments, empty segments and a final slash."""
    kept: list[str] = []
    for segment in _PERCENT_ENCODED.sub(_decode, path).split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept)


def _decode(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()

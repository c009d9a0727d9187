"""One text for one value: canonical JSON, so that a hash over it means the same to every program.

RFC 8785 (JSON Canonicalization Scheme), with one difference: integers are written exactly, however large,
because a time in nanoseconds does not fit the 53 bits of a double. See docs/log-format.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from numbers import Integral, Real


def canonical_json(value: object) -> str:
    """Canonical text of None, bool, int, float, str, lists, tuples and mappings with text keys.

    Raises:
        ValueError: NaN or infinite, a key that is not text, text that is not Unicode (a lone surrogate), or
            a value of another type.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return _number(float(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical_json, value)) + "]"
    raise ValueError(f"{value!r} of type {type(value).__name__} has no place in an entry")


def _object(value: Mapping[object, object]) -> str:
    named = [(_key(key), member) for key, member in value.items()]
    # RFC 8785 sorts by UTF-16 code units, which is not the order of code points beyond U+FFFF.
    named.sort(key=lambda pair: pair[0].encode("utf-16-be"))
    return "{" + ",".join(f"{_text(key)}:{canonical_json(member)}" for key, member in named) + "}"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f"key {key!r} is not text")
    _text(key)
    return str(key)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{value!r} is not Unicode text: {error.reason}") from None
    return json.dumps(str(value), ensure_ascii=False)


def _number(value: float) -> str:
    """Shortest decimal that reads back as the same double, laid out as ECMAScript does it (RFC 8785, 3.2.2.3)."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON can hold: leave the item out or say None")
    if value == 0:
        return "0"  # minus zero too
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0")
    point = len(whole) + int(exponent_text or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return sign + _layout(stripped, point)


def _layout(digits: str, point: int) -> str:
    """The number 0.digits x 10**point."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{'+' if exponent > 0 else '-'}{abs(exponent)}"

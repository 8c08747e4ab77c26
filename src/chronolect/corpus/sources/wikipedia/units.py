"""`{{convert}}`: a measure as the article gives it, without the converted one that the template would add."""

import re
from collections.abc import Sequence

# Codes of the template whose written form differs; all others are written as the code.
_WRITTEN = {
    "C": "°C",
    "F": "°F",
    "K": "K",
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "mm2": "mm²",
    "sqmi": "sq mi",
    "sqkm": "km²",
    "sqft": "sq ft",
    "sqyd": "sq yd",
    "sqin": "sq in",
    "m3": "m³",
    "km3": "km³",
    "cm3": "cm³",
    "cuft": "cu ft",
    "cuin": "cu in",
    "cuyd": "cu yd",
    "cumi": "cu mi",
    "m3/s": "m³/s",
    "cuft/s": "cu ft/s",
    "km/h": "km/h",
    "mph": "mph",
    "impgal": "imp gal",
    "usgal": "US gal",
    "U.S.gal": "US gal",
    "LT": "long tons",
    "ST": "short tons",
    "MT": "tonnes",
    "nmi": "nautical miles",
    "kn": "knots",
    "hp": "hp",
    "bhp": "bhp",
    "lbf": "lbf",
    "lb": "lb",
    "oz": "oz",
    "ozt": "troy oz",
    "PD/sqmi": "per sq mi",
    "PD/km2": "per km²",
    "/sqmi": "per sq mi",
    "/km2": "per km²",
}
_JOINTS = {
    "-": "–",
    "–": "–",
    "to": " to ",
    "to(-)": " to ",
    "and": " and ",
    "and(-)": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "xx": " × ",
    "*": " × ",
    "+/-": " ± ",
    "±": " ± ",
    "+": " + ",
}
_NUMBER = re.compile(r"[-−+]?[\d.,/+⁄\u00bc-\u00be]+(?:e[+-]?\d+)?$")


def convert(arguments: Sequence[str]) -> str:
    """The measure that stands first in the arguments of `{{convert}}`: numbers, what joins them, and the unit.

    >>> convert(["10", "to", "30", "km", "mi"]), convert(["5", "ft", "8", "in", "cm"]), convert(["40", "C"])
    ('10 to 30 km', '5 ft 8 in', '40 °C')
    """
    words, place, unit = "", 0, ""
    while place < len(arguments):
        number = arguments[place].replace("−", "-").replace("+", " ").strip()
        if not _NUMBER.match(arguments[place]):
            break
        after = arguments[place + 1] if place + 1 < len(arguments) else ""
        words += number
        if after in _JOINTS:
            words += _JOINTS[after]
            place += 2
            continue
        unit = _WRITTEN.get(after, after)
        words += f" {unit}" if unit else ""
        # "5 ft 8 in": only feet, stones, pounds and miles are followed by a smaller unit of the same measure.
        follows = arguments[place + 2 : place + 4]
        if (after, *follows[1:]) in _COMPOUND and _NUMBER.match(follows[0]):
            words += " "
            place += 2
            continue
        break
    return words.strip() or (arguments[0] if arguments else "")


_COMPOUND = {("ft", "in"), ("st", "lb"), ("lb", "oz"), ("mi", "yd"), ("mi", "ft"), ("yd", "ft"), ("mi", "chain")}

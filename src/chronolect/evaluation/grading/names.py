"""What may stand before, in or beside a name without making it another name."""

from pathlib import Path

_WORDS = Path(__file__).parents[2] / "data" / "grading" / "words.txt"


def _read_words() -> dict[str, frozenset[str]]:
    lists: dict[str, list[str]] = {}
    for line in _WORDS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, colon, more = line.partition(": ")
            if colon:
                current = lists.setdefault(name, [])
            current += (more if colon else line).split()
    return {name: frozenset(words) for name, words in lists.items()}


_LISTS = _read_words()
TITLES, SMALL_WORDS = _LISTS["titles"], _LISTS["small"]
GENERIC, DIRECTIONS = _LISTS["generic"], _LISTS["directions"]
PARTICLES = frozenset(
    ["of", "de", "da", "do", "dos", "das", "di", "del", "della", "du", "des", "d", "la", "le", "el", "al", "bin", "ibn", "ben", "von", "van", "der",
     "den", "ter", "zu", "y"]
)  # fmt: skip
SHORT_NAMES = {
    "abe": "abraham", "al": "albert", "alex": "alexander", "andy": "andrew", "becky": "rebecca", "ben": "benjamin",
    "beth": "elizabeth", "bill": "william", "bob": "robert", "bobby": "robert", "buzz": "edwin", "charlie": "charles", "chris": "christopher",
    "chuck": "charles", "dan": "daniel", "dave": "david", "dick": "richard", "ed": "edward", "fred": "frederick",
    "gene": "eugene", "greg": "gregory", "harry": "henry", "jack": "john", "jake": "jacob", "jeff": "jeffrey",
    "jerry": "gerald", "jim": "james", "jimmy": "james", "joe": "joseph", "jon": "jonathan", "kate": "katherine", "ken": "kenneth",
    "larry": "lawrence", "liz": "elizabeth", "maggie": "margaret", "matt": "matthew", "meg": "margaret", "mike": "michael",
    "nick": "nicholas", "pete": "peter", "phil": "philip", "ray": "raymond", "rick": "richard", "rob": "robert", "ron": "ronald",
    "sam": "samuel", "steve": "steven", "stephen": "steven", "sue": "susan", "ted": "edward", "theo": "theodore",
    "tim": "timothy", "tom": "thomas", "tony": "anthony", "val": "valentina", "vic": "victor", "will": "william", "yura": "yuri",
    "yury": "yuri", "iouri": "yuri",
}  # fmt: skip
SAME_NAMES = (
    ("USA", "US", "united states", "united states of america", "america"),
    ("UK", "united kingdom", "britain", "great britain"),
    ("ussr", "soviet union", "union of soviet socialist republics"),
    ("prc", "people republic of china"),
    ("drc", "democratic republic of congo", "congo kinshasa"),
    ("frg", "west germany", "federal republic of germany"),
    ("gdr", "east germany", "german democratic republic"),
    ("uae", "united arab emirates"),
    ("UN", "united nations", "united nations organisation", "uno"),
    ("EU", "european union"),
)
UNITS = {
    unit: group[0]
    for group in (
        ("second", "seconds", "sec", "secs"), ("minute", "minutes", "min", "mins"), ("hour", "hours", "hr", "hrs"),
        ("day", "days"), ("week", "weeks"), ("month", "months"), ("year", "years"), ("century", "centuries"),
        ("metre", "metres", "meter", "meters", "m"), ("kilometre", "kilometres", "kilometer", "kilometers", "km"),
        ("mile", "miles"), ("foot", "feet", "ft"), ("kilogram", "kilograms", "kg", "kilo", "kilos"), ("pound", "pounds", "lb", "lbs"),
        ("tonne", "tonnes", "ton", "tons"), ("percent", "per", "pc"),
    )
    for unit in group
}  # fmt: skip
PEOPLES = {
    "england": ("english", "englishmen"), "france": ("french", "frenchmen"), "netherland": ("dutch", "dutchmen"), "spain": ("spanish", "spaniards"),
    "germany": ("germans",), "west germany": ("west germans",), "italy": ("italians",), "brazil": ("brazilians",), "argentina": ("argentines",),
    "uruguay": ("uruguayans",), "portugal": ("portuguese",), "russia": ("russians",), "soviet union": ("russians", "soviets"),
    "united states": ("americans",), "united kingdom": ("british", "britons"), "japan": ("japanese",), "china": ("chinese",), "india": ("indians",),
    "poland": ("poles",), "sweden": ("swedes",), "denmark": ("danes",), "norway": ("norwegians",), "hungary": ("hungarians",),
    "greece": ("greeks",), "turkey": ("turks",), "scotland": ("scots",), "ireland": ("irish",), "wales": ("welsh",), "canada": ("canadians",),
    "australia": ("australians",), "belgium": ("belgians",), "switzerland": ("swiss",), "austria": ("austrians",), "egypt": ("egyptians",),
}  # fmt: skip

"""The closed word lists of English dates, and the words that tell a quantity or a label from a year."""

import re

MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb febr",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
# As a regular expression, capitalised or all in capitals, the longer first.
MONTH = "|".join(
    sorted({form for name in MONTHS for form in (name.capitalize(), name.upper())}, key=lambda form: (-len(form), form))
)

SEASONS = {"spring": 21, "summer": 22, "autumn": 23, "fall": 23, "winter": 24}

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBERS = {word: number for number, word in enumerate(_ONES + _TEENS, start=1)} | {
    word: number for number, word in zip(range(20, 100, 10), _TENS, strict=True)
}
ONES, TEENS, TENS = "|".join(_ONES), "|".join(_TEENS), "|".join(_TENS)

_ORDINAL_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
ORDINALS = {
    word: number
    for number, word in enumerate(
        [
            *_ORDINAL_ONES,
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
        ],
        start=1,
    )
} | {"twentieth": 20, "thirtieth": 30}
ORDINALS |= {
    f"{tens}{joint}{ones}": base + ORDINALS[ones]
    for tens, base in (("twenty", 20), ("thirty", 30))
    for joint in ("-", " ")
    for ones in _ORDINAL_ONES
}
ORDINAL = "|".join(sorted(ORDINALS, key=len, reverse=True))

# What is of a decade that has no "the" before it: "sixties music", "a 70s sitcom".
OF_A_DECADE = re.compile(
    r" (?:music|disco|bands?|styles?|fashions?|films?|movies?|television|TV|pop|rock|sitcoms?|hits?|comed(?:y|ies)|soul|punk|icons?|classics?"
    r"|albums?|songs?|counterculture|tower blocks?|estates?|decor|hair|jazz|Britain|America|London|Hollywood)\b"
)
DECADES = {
    word: number
    for number, word in zip(
        range(0, 100, 10),
        [
            "noughties",
            "tens",
            "twenties",
            "thirties",
            "forties",
            "fifties",
            "sixties",
            "seventies",
            "eighties",
            "nineties",
        ],
        strict=True,
    )
} | {"aughts": 0, "teens": 10, "fourties": 40}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The words that "before the year", "since about" and the like can end with.
OPENING_WORDS = _words("about after around before by end from of post pre since than the till to until year")

# Before a number: what makes it a year, even a round or an early one.
YEAR_BEFORE = _words(
    """in since until till by from between during before after circa c ca year years anno ad a.d early late mid summer
    winter spring autumn fall christmas easter dated born died b d fl flourished back season throughout later pre
    post aged establ established est founded built published copyright lord the-year"""
)
# Before a number: a label, an amount, or an arithmetic sign.
NOT_BEFORE = _words(
    """no nos number numbers numbered num page pages p pp pg line lines l ll room rooms verse verses v vv vs chapter
    chapters ch volume volumes vol vols section sections sec § §§ article articles art fig figs figure figures table
    tables eq eqs equation equations opus op ops lot lots box boxes flight route routes highway interstate boeing
    airbus model type mark mk serial tel telephone phone fax ext extension isbn issn code codes pin zip postcode
    channel version level hymn psalm bwv item items id case catalogue ref size unit squadron locomotive locomotives
    engine chassis asteroid ngc messier hip apartment apt suite windows seat seats rule rules calibre caliber
    regulation clause clauses directive standard rfc exhibit dial rs fr frs usd gbp eur cad aud dm fm am khz mhz hz
    score paragraph paragraphs para paras note notes plate plates folio folios fol ff sheet question questions track
    tracks gate platform bus tram patent file docket bill resolution nearly almost over exceeding than least most
    only exactly every each per times plus minus equals equal total totals totalling totaling numbering cost costs
    costing paid worth additional extra further another all these those some weighing measuring covering population
    length height depth width distance area altitude elevation us$ a$ c$ hk$ nt$ r$ $ £ € ¥ # + * × @ < > & lire yen
    pounds dollars francs marks roubles rupees scored points up mere whopping approximately-some ticket tickets bug
    bugs fix pull commit locker lockers password combination bib hut kilometre registration licence license
    reference invoice account acct claim batch sku berth pennant tyre tyres sonnet sonnets canto cantos psalms hymns
    boxcar peak nokia peugeot citroen fiat alfa volvo triumph opel audi bmw mercedes canon nikon epson xerox ibm
    intel casio yamaha roland korg cessna dell samsung pentium chevrolet silverado honda suzuki kawasaki formula
    band wavelength isotope carbon at nr nº n° n cat inv ms mss codex papyrus kv stanza stanzas bar bars measure
    measures sura surah scene scenes flat error errors build elo u.s.c c.f.r mil-std std colt beechcraft laserjet
    univac elev hd uss hms"""
)
# Those that go on over a list: "rooms 1914 to 1918".
LABEL = (
    "nos?|numbers?|pages?|pp?|lines?|rooms?|verses?|chapters?|vols?|volumes?|sections?|secs?|articles?|figs?|figures?|tables?|plates?"
    "|notes?|paragraphs?|tel|telephone|phone|fax|items?|lots?|boxes|serial|codes?|flights?|routes?|models?|types?|seats?|ext|bugs?|tickets?|questions?|hymns?|psalms?"
)
# The same in capitals: standards, catalogues.
NOT_BEFORE_CAPITALS = frozenset(
    ["EN", "BS", "ISO", "DIN", "IEC", "IEEE", "RFC", "ASTM", "ANSI", "PO", "NGC", "HMS", "RAL"]
)
# Before "of" and a number: what is measured.
MEASURES = _words(
    """population total number numbers height length depth distance altitude elevation weight area width breadth speed
    capacity sum crew cost force army audience crowd attendance membership price fine strength body garrison fleet
    average maximum minimum range majority group copies output power rate value salary pension income rent payroll
    circulation count toll thickness diameter radius volume score tonnage displacement wingspan temperature loss
    profit debt minority excess instead rating angle ratio run cast upwards"""
)
# Before a number: about.
ABOUT = _words("about around circa c ca approximately roughly approx near probably perhaps")

# After a number: what is counted or measured. The first are units, which no preposition turns into a date.
UNITS = _words(
    """feet foot ft inches inch yards yard yd yds miles mile mi metres meters metre meter m km kilometres kilometers
    kilometre kilometer cm mm kg kilograms kilogram kilogrammes grams gram g lb lbs pounds pound tons tonnes tonne
    ton ounces oz acres acre hectares hectare ha sq square cubic cc ml cl dl mg litres liters litre liter gallons
    barrels bushels watts watt kw mw hp bhp horsepower horse-power volts hz khz mhz ghz mb gb kb bits bytes bit byte
    rpm mph kmh knots degrees dollars cents pence shillings guineas francs marks livres ducats florins crowns
    roubles rubles rupees yen euros pesos lire percent calories kcal joules decibels lumens pixels leagues fathoms
    chains gross tun tuns hectolitres est hours hour minutes minute seconds hrs mins psi usd eur gbp chf jpy
    votes deutschmarks pounder k"""
)
COUNTED = _words(
    """cases instances men women people persons soldiers troops horsemen horse foot infantry cavalry inhabitants souls
    residents families houses households copies pages words lines verses times years days weeks months votes seats
    spectators students pupils members workers employees prisoners casualties dead wounded killed deaths victims
    survivors passengers guests delegates species specimens items objects pieces books volumes letters characters
    chapters cattle sheep horses cows pigs slaves villages churches shops schools rooms beds cars vehicles aircraft
    guns rifles cannon tanks vessels stars galaxies islands shares units points goals runs yards steps stairs feet
    voters dwellings homes buildings apartments more others recruits volunteers refugees immigrants settlers
    pilgrims monks nuns priests bishops knights archers spearmen warriors fighters rebels policemen officers sailors
    seamen marines militia regulars head miles crew civilians convicts patients applicants participants performances
    recordings entries examples"""
)
# Lower-case words in -s that are no plural nouns.
NOT_PLURAL = _words(
    """was is has does as this its his us plus thus perhaps always towards besides across series class business process
    congress press glass access success less census campus virus news afterwards yes various previous famous serious
    these those whereas unless onwards upwards sometimes versus hers ours theirs yours"""
)

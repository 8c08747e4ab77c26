"""What may stand before, in or beside a name without making it another name."""

TITLES = frozenset(
    "mr mrs ms mme madam aunt uncle cousin chairwoman elect ex vice deputy pres gen mlle miss sir dame lord lady dr doctor prof professor president premier chancellor minister secretary senator governor"
    " mayor king queen prince princess emperor empress tsar czar tsarina pope cardinal bishop archbishop saint st father mother"
    " brother sister reverend rabbi imam sheikh captain commander colonel major general admiral marshal lieutenant sergeant"
    " private pilot astronaut cosmonaut comrade citizen herr frau monsieur madame mademoiselle senor senora don dona signor"
    " ayatollah sultan shah mahatma chairman director judge justice engineer mathematician physicist chemist scientist"
    " biologist inventor explorer author writer novelist poet playwright composer painter sculptor architect actor actress"
    " singer musician boxer footballer swimmer runner skater champion american british english french german soviet russian"
    " italian spanish polish chinese japanese indian canadian australian irish scottish dutch swedish norwegian".split()
)
SMALL_WORDS = frozenset(
    "a an the of by to for from with in on at as and or but nor so yet if than then that this these those it he she they we"
    " i you his her their its our is was are were be been being am do does did has have had will would can could shall should"
    " may might must not no yes well oh ah hm hmm um ok okay sure certainly perhaps maybe possibly probably likely surely"
    " nope nah yep yeah nothing none nobody never nowhere neither prolly prob probs def defo tbh imo lol its thats whos guess reckon hello hi hey greetings welcome thanks thank please sorry dear great good fine interesting click note goodness heavens gracious alas why"
    " because when while where who whom whose which what how why after before during since until under over between into"
    " called named said known only also just even still once there here answer answers correct right name man woman person"
    " think believe suppose guess say mean later finally actually indeed only about around approximately nearly almost"
    " de la le les el los du des der die das den ein eine un une und et y e i ist war est fue era il lo von van zu".split()
)
GENERIC = frozenset(
    "river mount mt mountain mountains lake city town desert ocean sea gulf bay cape strait island islands isle isles republic"
    " kingdom empire state states county province region peninsula canal bridge tower square street palace castle cathedral"
    " church university college school company corporation corp inc ltd co band group orchestra theatre theater ship vessel"
    " spacecraft spaceship satellite probe rocket shuttle mission telescope planet moon comet crater war battle treaty act"
    " prize award cup party club team fc movement virus disease metal element gas language novel book poem play film movie"
    " song album opera symphony painting magazine newspaper airport station".split()
)
PARTICLES = frozenset(
    ["of", "de", "da", "do", "dos", "das", "di", "del", "della", "du", "des", "d", "la", "le", "el", "al", "bin", "ibn", "ben", "von", "van", "der",
     "den", "ter", "zu", "y"]
)  # fmt: skip
DIRECTIONS = frozenset(
    "north south east west northern southern eastern western central new old san santa saint st los las el upper lower great"
    " port fort mount lake rio".split()
)
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

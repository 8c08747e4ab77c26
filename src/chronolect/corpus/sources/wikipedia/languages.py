"""Names of languages by code, for `{{lang-el|…}}`, which a reader sees as "Greek: …"."""

_TABLE = """
ab Abkhazian|ae Avestan|af Afrikaans|akk Akkadian|am Amharic|ang Old English|ar Arabic|arc Aramaic|arz Egyptian Arabic|as Assamese|
ast Asturian|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bn Bengali|bo Tibetan|br Breton|bs Bosnian|ca Catalan|
ce Chechen|cop Coptic|crh Crimean Tatar|cs Czech|cu Church Slavonic|cv Chuvash|cy Welsh|da Danish|de German|dv Dhivehi|
egy Egyptian|el Greek|en English|enm Middle English|eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian|fi Finnish|
fil Filipino|fo Faroese|fr French|frm Middle French|fro Old French|fy West Frisian|ga Irish|gd Scottish Gaelic|gl Galician|
gmh Middle High German|goh Old High German|got Gothic|grc Ancient Greek|gu Gujarati|ha Hausa|haw Hawaiian|he Hebrew|hi Hindi|
hr Croatian|ht Haitian Creole|hu Hungarian|hy Armenian|ia Interlingua|id Indonesian|ig Igbo|is Icelandic|it Italian|ja Japanese|
jv Javanese|ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean|ku Kurdish|ky Kyrgyz|la Latin|lb Luxembourgish|lo Lao|
lt Lithuanian|lv Latvian|mg Malagasy|mi Māori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese|
nah Nahuatl|nap Neapolitan|nb Norwegian|nds Low German|ne Nepali|nl Dutch|nn Norwegian|no Norwegian|non Old Norse|oc Occitan|
os Ossetian|ota Ottoman Turkish|pa Punjabi|pi Pali|pl Polish|ps Pashto|pt Portuguese|qu Quechua|rm Romansh|ro Romanian|
ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian|scn Sicilian|sco Scots|sd Sindhi|sh Serbo-Croatian|si Sinhala|sk Slovak|
sl Slovene|sm Samoan|so Somali|sq Albanian|sr Serbian|st Sotho|sux Sumerian|sv Swedish|sw Swahili|syc Syriac|syr Syriac|
ta Tamil|te Telugu|tg Tajik|th Thai|tk Turkmen|tl Tagalog|tr Turkish|tt Tatar|ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|
vec Venetian|vi Vietnamese|vo Volapük|wa Walloon|xh Xhosa|yi Yiddish|yo Yoruba|zh Chinese|zu Zulu
"""
LANGUAGES = dict(entry.strip().split(" ", 1) for entry in _TABLE.replace("\n", "").split("|"))

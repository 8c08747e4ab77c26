"""A small library of our own in the forms of Project Gutenberg: header and footer wordings of all times, a catalogue, a mirror."""

import csv
import io

COLUMNS = ["Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "LoCC", "Bookshelves"]

STORY = """\
CHAPTER I

The carrier came over the hill with his lamp unlit, for the moon was
bright enough that night to show every stone of the road, and he had
driven it so many times that the horse needed neither rein nor voice
to find the turning by the mill.

"Is it you?" said the miller.

"It is," said the carrier, and that was all they said until morning,
when the frost had gone and the wheel began to turn again."""

HEADERS = {
    "2010s": """\
The Project Gutenberg EBook of The Carrier, by Ann Writer

This eBook is for the use of anyone anywhere at no cost and with
almost no restrictions whatsoever.

Title: The Carrier

Author: Ann Writer

Release Date: May 1, 2011 [EBook #901]

Language: English

Character set encoding: UTF-8

*** START OF THIS PROJECT GUTENBERG EBOOK THE CARRIER ***




Produced by Some Body and the Online Distributed
Proofreading Team at https://www.pgdp.net



""",
    "2020s, title over two lines": """\
The Project Gutenberg eBook of The Carrier
    
This ebook is for the use of anyone anywhere in the United States.

Title: The Carrier

Original publication: London: Old Press, 1890

Credits: Some Body

*** START OF THE PROJECT GUTENBERG EBOOK THE CARRIER; OR, A NIGHT ON
THE ROAD BY THE MILL ***

""",
    "2002": """\
The Project Gutenberg Etext of The Carrier, by Ann Writer

Copyright laws are changing all over the world.

*****These eBooks Were Prepared By Thousands of Volunteers!*****

**START**THE SMALL PRINT!**FOR PUBLIC DOMAIN EBOOKS**START**
Why is this "Small Print!" statement here?  You know: lawyers.

*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*

This etext was prepared by Some Body, from the 1890 edition.

""",
    "1993": """\
**The Project Gutenberg Etext of The Carrier, by Ann Writer**

**Welcome To The World of Free Plain Vanilla Electronic Texts**

***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
Why is this "Small Print!" statement here?

*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*

Scanned and proofread by Some Body.


""",
    "1991, without a marker": """\
This is the Project Gutenberg Etext of The Carrier.  It was released
to the public in May of 1991 by Some Body.

Information about the project: please mail hart@vmd.cso.uiuc.edu.


""",
    "1994, small print in another form": """\
The Project Gutenberg Etext of The Carrier

****     SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS  *Ver.04.29.93*END*

[There is an improved edition of this eBook, number 902]

Ce document fut présenté en lecture par Some Body.

""",
    "copyrighted": """\
*** START OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK, THE CARRIER ***


E-text prepared by Some Body

Note: Project Gutenberg also has an HTML version of this file.

""",
    "German": """\
The Project Gutenberg EBook of Der Fuhrmann

*** START OF THIS PROJECT GUTENBERG EBOOK DER FUHRMANN ***

Dieses Buch wurde uns freundlicherweise vom "Gutenberg Projekt-DE"
zur Verfügung gestellt.

Anmerkungen zur Transkription

Der Originaltext ist in Fraktur gesetzt. Offensichtliche Fehler sind
verbessert.



""",
    "French": """\
*** START OF THIS PROJECT GUTENBERG EBOOK LE VOITURIER ***

This Etext was prepared by Some Body.

We thank the Bibliotheque Nationale de France that has made available
the image files at gallica.bnf.fr.

Nous remercions la Bibliothèque Nationale de France qui a mis à
disposition les images.

""",
    "transcriber's note in a box": """\
***START OF THE PROJECT GUTENBERG EBOOK THE CARRIER***


+------------------------------------------------------+
| Transcriber's Note:                                  |
| Obvious typographical errors have been corrected.    |
+------------------------------------------------------+

[Transcriber's Note: The [sic] of the original and its
old spelling have been kept.]

This file was produced from images generously made available by
The Internet Archive.

""",
}

FOOTERS = {
    "2010s": """\




End of the Project Gutenberg EBook of The Carrier, by Ann Writer

*** END OF THIS PROJECT GUTENBERG EBOOK THE CARRIER ***

***** This file should be named 901-0.txt or 901-0.zip *****

Updated editions will replace the previous one.

*** START: FULL LICENSE ***

THE FULL PROJECT GUTENBERG LICENSE
""",
    "2020s": "\n\n*** END OF THE PROJECT GUTENBERG EBOOK THE CARRIER ***\n\nDonations are gratefully accepted.\n",
    "1990s": "\n\nEnd of The Project Gutenberg Etext of The Carrier, by Ann Writer\n",
    "short": "\n\nEnd of Project Gutenberg's The Carrier, by Ann Writer\n",
    "2004": "\n\nMore information about this book is at the top of this file.\n\nWe need your donations.\n",
    "over two lines": "\n\nEnd of\nProject Gutenberg's The Carrier\n",
    "German, short": "\n\nEnde dieses Etextes Der Fuhrmann\n",
    "German": "\n\nEnde dieses Projekt Gutenberg Etextes Der Fuhrmann\n\nMehr davon.\n",
    "French": "\n\nFin du Projet Gutenberg du Voiturier\n",
    "note before it": """\


Transcriber's Notes:

Page 12: "teh" changed to "the".

Page 40: a full stop added.



End of the Project Gutenberg EBook of The Carrier
""",
}


def catalogue_csv(*rows: dict[str, str]) -> str:
    """A `pg_catalog.csv` with these rows; what a row leaves out is that of a plain English text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    usual = {
        "Type": "Text",
        "Issued": "2011-05-01",
        "Title": "The Carrier",
        "Language": "en",
        "Authors": "Writer, Ann, 1850-1901",
        "Subjects": "Mills -- Fiction; Roads -- Fiction",
        "LoCC": "PR",
        "Bookshelves": "Country Life",
    }
    writer.writerows({**usual, **row} for row in rows)
    return text.getvalue()


def book_text(body: str = STORY, header: str = "2010s", footer: str = "2010s") -> str:
    """A file of the project."""
    return HEADERS[header] + body + FOOTERS[footer]


RDF = """<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:dcterms="http://purl.org/dc/terms/" xmlns:pgterms="http://www.gutenberg.org/2009/pgterms/"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:marcrel="http://id.loc.gov/vocabulary/relators/"
  xmlns:dcam="http://purl.org/dc/dcam/">
  <pgterms:ebook rdf:about="ebooks/{number}">
    <dcterms:publisher>Project Gutenberg</dcterms:publisher>
    <dcterms:issued rdf:datatype="http://www.w3.org/2001/XMLSchema#date">2004-10-02</dcterms:issued>
    <dcterms:rights>Public domain in the USA.</dcterms:rights>
    <dcterms:title>{title}</dcterms:title>
    <pgterms:marc906>1895</pgterms:marc906>
    <dcterms:creator><pgterms:agent rdf:about="2009/agents/30"><pgterms:name>Writer, Ann</pgterms:name>
      <pgterms:birthdate>1850</pgterms:birthdate><pgterms:deathdate>1901</pgterms:deathdate></pgterms:agent></dcterms:creator>
    <marcrel:trl><pgterms:agent rdf:about="2009/agents/31"><pgterms:name>Other, Bo</pgterms:name>
      <pgterms:birthdate>1860</pgterms:birthdate></pgterms:agent></marcrel:trl>
    <marcrel:ill rdf:resource="2009/agents/30"/>
    <marcrel:pbl><pgterms:agent rdf:about="2009/agents/32"><pgterms:name>A Press</pgterms:name></pgterms:agent></marcrel:pbl>
    <dcterms:language><rdf:Description><rdf:value>en</rdf:value></rdf:Description></dcterms:language>
    <dcterms:subject><rdf:Description><dcam:memberOf rdf:resource="http://purl.org/dc/terms/LCSH"/><rdf:value>Mills</rdf:value></rdf:Description></dcterms:subject>
    <dcterms:subject><rdf:Description><dcam:memberOf rdf:resource="http://purl.org/dc/terms/LCC"/><rdf:value>PR</rdf:value></rdf:Description></dcterms:subject>
    <dcterms:type><rdf:Description><dcam:memberOf rdf:resource="http://purl.org/dc/terms/DCMIType"/><rdf:value>Text</rdf:value></rdf:Description></dcterms:type>
    <pgterms:bookshelf><rdf:Description><rdf:value>Country Life</rdf:value></rdf:Description></pgterms:bookshelf>
  </pgterms:ebook>
</rdf:RDF>
"""

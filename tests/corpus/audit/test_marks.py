import pytest

from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher, flatten

MATCHER = Matcher((), load_marks(), (), 1900)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Digitized by Google", "Google Books"),
        ("from the Internet\nArchive in 2008", "Internet Archive"),
        ("The Project Gutenberg EBook of Emma", "Project Gutenberg"),
        ("This book was scanned and proofread at home.", "scanned book"),
        ("See http://a.b/c for more.", "URL"),
        ("at www.loc.gov/books", "URL"),
        ("More at example.co.uk now", "URL"),
        ("Write to a.reader@library.example.org today.", "e-mail address"),
        ("ISBN 0 14 043072 4", "ISBN"),
        ("All rights reserved. No part of this book may", "all rights reserved"),
        ("Transcriber’s Note: spelling kept.", "transcriber's note"),
        ("an e-text of the novel", "e-text"),
        ("JSTOR is a non-profit", "JSTOR"),
        ("Generated on behalf of a reader; HathiTrust", "HathiTrust"),
        ("Make non-commercial use of the files.", "Google's notice"),
        ("Copyright 1954 by the heirs", "copyright line"),
        ("© Mary Smith 1971", "copyright sign"),
        ("Penguin Classics, Harmondsworth", "Penguin"),
        ("Reprinted 1987, 1991", "reprint line"),
        ("Library of Congress Cataloging-in-Publication Data", "library cataloguing"),
        ("First published as a Fontana paperback", "paperback"),
        ("It cost € 5.", "currency sign"),
        ("It cost 5€.", "currency sign"),
        ("So happy \U0001f600!", "emoji"),
        ("Acme™ pens", "trade mark sign"),
        ("Tel: (555) 123-4567", "telephone number"),
    ],
)
def test_marks_are_found(text, name):
    assert name in {hit.term for hit in MATCHER(flatten(text))}


@pytest.mark.parametrize(
    "text",
    [
        "He scanned the page with his eye, and bought six dozen @ 4d. each.",
        "Copyright 1889 by the author. All rights reserved. London, 1890.",
        "Third edition, 1896. Reprinted 1899. First published 1871.",
        "I shall tell the telegraph boy; the lucky gentleman was of the public domain in Oregon.",
        "He said welcome.come in.",
        "Kindle the fire, and click your heels.",
        "mojibake: â€”that wasâ€™ all",
        "the €lite of the province, blas€ as ever",
        "the archivist doing his turn, and a pdfless world",
    ],
)
def test_what_is_older_than_it_looks(text):
    assert list(MATCHER(flatten(text))) == []


def test_every_literal_lies_within_reach_of_its_pattern():
    """A literal that its own pattern can never cover would be searched for in vain."""
    for mark in load_marks():
        assert mark.literals or (mark.pattern is not None and mark.pattern.pattern.startswith("[")), mark.name
        assert len(set(mark.literals)) == len(mark.literals), mark.name

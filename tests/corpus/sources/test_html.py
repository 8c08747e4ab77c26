from chronolect.corpus.sources.html import html_to_text, markdown_to_text


def test_html():
    page = """<!DOCTYPE html><html><head><title>No</title><style>p {}</style></head><body>
    <div id="pg-header">The project's own words</div><h2>CHAPTER I</h2>
    <p>It was<span class="pagenum">[12]</span> a <i>dark</i>
       night.</p><p>Verse<br>goes<br/>on</p><ul><li>one<li>two</ul><script>no()</script><table><tr><td>a</td><td>b</td></tr></table></body></html>"""
    assert html_to_text(page.encode()).split("\n\n") == [
        "CHAPTER I",
        "It was a dark night.",
        "Verse\ngoes\non",
        "one",
        "two",
        "a\tb",
    ]


def test_broken_and_empty_html():
    assert html_to_text(b"<p>open <b>everything") == "open everything"
    assert html_to_text(b"") == html_to_text(b"<!-- -->") == ""
    assert html_to_text("<p>na\u00efve</p>".encode("cp1252")) == "na\u00efve"


def test_entities_of_a_document_type_are_not_expanded(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><p>before &x; after</p>'
    assert "hidden" not in html_to_text(page.encode())


def test_markdown():
    text = "# Chapter\n\nSome *leaning* and **bold** [words](http://x) ![picture](y.png)\n\n> quoted\n\n2 * 3 * 4 and snake_case_name"
    found = markdown_to_text(text)
    assert found.split() == [
        "Chapter",
        "Some",
        "leaning",
        "and",
        "bold",
        "words",
        "quoted",
        "2",
        "*",
        "3",
        "*",
        "4",
        "and",
        "snake_case_name",
    ]

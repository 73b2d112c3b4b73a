use proptest::prelude::*;

use super::*;

#[test]
fn markup_is_read_as_the_protocol_says() {
    for (content, read) in [
        ("hello", "hello"),
        (
            "a &lt;b&gt; &amp; &quot;c&quot; &#39;&#x27;",
            "a &lt;b&gt; &amp; &quot;c&quot; ''",
        ),
        (
            "<at id='1' name=\"A &amp; B\"/>!",
            "<at id=\"1\" name=\"A &amp; B\"/>!",
        ),
        ("<tag foo=\"1\" bar/>", "<tag foo=\"1\" bar=\"\"/>"),
        ("<b>bold <i>both</i></b>", "<b>bold <i>both</i></b>"),
        // The protocol's own example.
        (
            "<tag>\n  <foo> bar\n  <!-- comment -->\n</tag>",
            "<tag>&lt;foo&gt; bar</tag>",
        ),
        ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("</b> alone <b>", "&lt;/b&gt; alone &lt;b&gt;"),
        ("<a><b></a></b>", "<a>&lt;b&gt;</a>&lt;/b&gt;"),
        ("<UPPER/> <1/> <x", "&lt;UPPER/&gt; &lt;1/&gt; &lt;x"),
        (
            "&unknown; &#xffffffff; &",
            "&amp;unknown; &amp;#xffffffff; &amp;",
        ),
        ("two\nlines", "two\nlines"),
    ] {
        assert_eq!(write(&parse(content)), read, "{content}");
    }
}

#[test]
fn a_hostile_content_is_text() {
    for part in ["<b>", "</b>", "<", "&", "<!--", "<b c=\"<b d='"] {
        let content = part.repeat(100_000);
        assert_eq!(parse(&content), [Node::Text(content)]);
    }
}

proptest! {
    #[test]
    fn text_comes_through(text in "\\PC*") {
        let escaped = write(&[Node::Text(text.clone())]);
        let read = parse(&escaped);
        prop_assert_eq!(write(&read), escaped);
    }

    #[test]
    fn what_is_written_is_read_again(content in "[<>/a b='\"&;!\n-]{0,60}") {
        let once = write(&parse(&content));
        prop_assert_eq!(write(&parse(&once)), once);
    }
}

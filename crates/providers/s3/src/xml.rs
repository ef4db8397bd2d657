//! XML as S3 writes it: elements with text or with elements in them. Names of namespaces and
//! attributes say nothing that we need.

use quick_xml::{Reader, events::Event};
use trunkline_core::{Error, Result};

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// Its own text, entities resolved.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// Deeper than S3's answers ever are.
const DEEPEST: usize = 16;

impl Element {
    /// The document's element.
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(body).map_err(|_| unreadable("it is no UTF-8"))?;
        let mut reader = Reader::from_str(text);
        // The one at the bottom holds the document's.
        let mut open = vec![Self::default()];
        loop {
            let event = reader
                .read_event()
                .map_err(|error| unreadable("it is no XML").with_source(error))?;
            match event {
                Event::Start(start) => {
                    if open.len() > DEEPEST {
                        return Err(unreadable("it is too deep"));
                    }
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Empty(empty) => {
                    let element = Self::named(empty.local_name().as_ref());
                    put(&mut open, element);
                }
                Event::End(_) => {
                    if let Some(element) = open.pop() {
                        put(&mut open, element);
                    }
                }
                Event::Text(text) => say(&mut open, &text.xml10_content()),
                Event::CData(text) => say(&mut open, &text),
                Event::GeneralRef(reference) => {
                    let of_number = reference
                        .resolve_char_ref()
                        .map_err(|error| unreadable("it is no XML").with_source(error))?;
                    match (of_number, &*reference) {
                        (Some(char), _) => say(&mut open, char.encode_utf8(&mut [0; 4])),
                        (None, "lt") => say(&mut open, "<"),
                        (None, "gt") => say(&mut open, ">"),
                        (None, "amp") => say(&mut open, "&"),
                        (None, "quot") => say(&mut open, "\""),
                        (None, "apos") => say(&mut open, "'"),
                        _ => return Err(unreadable("it has an entity that XML has not")),
                    }
                }
                // Nothing of S3's; and what a document type could define is not looked at.
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut document), true) if document.children.len() == 1 => {
                Ok(document.children.remove(0))
            }
            _ => Err(unreadable("it has no element, or half of one")),
        }
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The first element of that name in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of that element, if there is any.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        let text = self.child(name).map(|child| child.text.as_str());
        text.filter(|text| !text.is_empty())
    }
}

fn put(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn say(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn unreadable(why: &str) -> Error {
    Error::decode(format!("the answer cannot be read: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_it_stands_for() {
        let xml = "\n\n<?xml version=\"1.0\"?><s:A xmlns:s=\"x\"><Key> a &amp; b&#x1;&quot;<![CDATA[<c>]]>&#228; </Key><Key/></s:A>\n";
        let element = Element::read(xml.as_bytes()).unwrap();
        assert_eq!(element.name, "A");
        assert_eq!(element.text_of("Key"), Some(" a & b\u{1}\"<c>ä "));
        assert_eq!(element.children[1].text, "");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for xml in [
            "",
            "text",
            "<A>",
            "<A></B>",
            "</A>",
            "<A/><B/>",
            "<A>&none;</A>",
            "<A>&#0;</A>",
            "{\"a\":1}",
            &"<A>".repeat(1_000_000),
        ] {
            let error = Element::read(xml.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), trunkline_core::ErrorKind::Decode, "{xml:.20}");
        }
        assert!(Element::read(b"<A>\xff</A>").is_err());
        // What an entity would expand to is never looked at.
        let bomb = "<!DOCTYPE a [<!ENTITY b \"cc\">]><a>&b;</a>";
        assert!(Element::read(bomb.as_bytes()).is_err());
    }
}

//! Reads INI as the official SDK does, which leaves it to Python's `configparser`.
//!
//! What that means: sections and keys by line, `=` or `:` between key and value, keys without case, sections with it;
//! lines that begin with `#` or `;` are comments, but not the rest of a line; a line that is indented deeper than its
//! key continues the value; a section or a key that comes twice is an error; what stands in `[DEFAULT]` counts in every
//! section. Two things differ on purpose: `%` has no meaning, and a byte order mark does no harm (the caller takes it
//! off). The reference is the documentation of `configparser`, "Supported INI File Structure".

use secrecy::zeroize::Zeroizing;

/// The section that counts in every other one.
const DEFAULT: &str = "DEFAULT";

/// Sections in the order of the file.
#[derive(Default)]
pub(super) struct Ini(Vec<Section>);

struct Section {
    name: String,
    pairs: Vec<Pair>,
}

/// A key with its value, and the line where it stands.
pub(super) struct Pair {
    key: String,
    pub(super) value: Zeroizing<String>,
    pub(super) line: usize,
}

/// What is wrong, and where. It never quotes the line, which may hold a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) line: usize,
    pub(super) text: &'static str,
}

impl Ini {
    /// Reads a whole file.
    pub(super) fn parse(text: &str) -> Result<Self, Flaw> {
        let mut ini = Self::default();
        // The indentation of the last key or section, and whether a key is there to be continued.
        let (mut indentation, mut open) = (0, false);
        for (index, whole) in lines(text).enumerate() {
            let line = index + 1;
            let flaw = |text| Err(Flaw { line, text });
            let content = whole.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let deep = whole.chars().take_while(|c| c.is_whitespace()).count();
            if open && deep > indentation {
                ini.continue_value(content);
                continue;
            }
            indentation = deep;
            if let Some(name) = section_name(content) {
                if name != DEFAULT && ini.has(name) {
                    return flaw("the section is there twice");
                }
                ini.0.push(Section { name: name.to_owned(), pairs: Vec::new() });
                open = false;
                continue;
            }
            let Some(section) = ini.0.last() else {
                return flaw("a section such as [basic] has to come first");
            };
            let Some((key, value)) = content.split_once(['=', ':']) else {
                return flaw("there is neither a section in brackets nor a key with = or :");
            };
            let (key, value) = (key.trim().to_lowercase(), Zeroizing::new(value.trim().to_owned()));
            if key.is_empty() {
                return flaw("there is no key before = or :");
            }
            let (section, twice) = (section.name.clone(), "the key is there twice in its section");
            if ini.own(&section, &key).is_some() {
                return flaw(twice);
            }
            if let Some(section) = ini.0.last_mut() {
                section.pairs.push(Pair { key, value, line });
            }
            open = true;
        }
        Ok(ini)
    }

    fn continue_value(&mut self, content: &str) {
        if let Some(pair) = self.0.last_mut().and_then(|section| section.pairs.last_mut()) {
            // A text that grows would leave a copy behind.
            pair.value = Zeroizing::new([pair.value.as_str(), content].join("\n"));
        }
    }

    /// True if there is no section at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if the section is there; its name counts with case.
    pub(super) fn has(&self, section: &str) -> bool {
        self.0.iter().any(|found| found.name == section)
    }

    /// The line of a section's key, from `[DEFAULT]` if the section itself has none.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&Pair> {
        self.own(section, key).or_else(|| self.own(DEFAULT, key))
    }

    fn own(&self, section: &str, key: &str) -> Option<&Pair> {
        let mut pairs = self.0.iter().filter(|found| found.name == section).flat_map(|found| &found.pairs);
        pairs.find(|pair| pair.key == key)
    }
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// The name in `[name]`, which has at least one character; what follows the last bracket does not matter.
fn section_name(content: &str) -> Option<&str> {
    let inner = content.strip_prefix('[')?;
    inner.rfind(']').filter(|end| *end > 0).map(|end| &inner[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, key: &str) -> Option<String> {
        Ini::parse(text).unwrap().get("basic", key).map(|pair| pair.value.to_string())
    }

    fn flaw(text: &str) -> (usize, &'static str) {
        let flaw = Ini::parse(text).err().unwrap();
        (flaw.line, flaw.text)
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        for text in [
            "[basic]\nak=A",
            "[basic] trailing\n  AK : A  \n",
            "\n# note\n[global]\nak = other\n; note\n[basic]\r\nak = A\r\nsk = S\r\n",
            "[basic]\rak = A\rsk = S",
            "  [basic]\n  ak = A\n  sk = S",
            "[DEFAULT]\nak = A\n[basic]\nsk = S",
            "[basic]\nsk = S\n\n\tnot a key\nak = A",
        ] {
            assert_eq!(value(text, "ak").as_deref(), Some("A"), "{text:?}");
        }
        assert_eq!(value("[basic]\nak = a=b:c ; # %(x)s %", "ak").as_deref(), Some("a=b:c ; # %(x)s %"));
        assert_eq!(value("[basic]\nak = A\n  sk = S", "ak").as_deref(), Some("A\nsk = S"));
        assert_eq!(value("[basic]\nak =", "ak").as_deref(), Some(""));
        assert_eq!(value("[Basic]\nak = A", "ak"), None);
    }

    #[test]
    fn what_is_no_ini_is_named_by_its_line() {
        assert_eq!(flaw("\nak = fake-key"), (2, "a section such as [basic] has to come first"));
        assert_eq!(flaw("[basic]\nfake-key").0, 2);
        assert_eq!(flaw("[basic]\n= fake-key"), (2, "there is no key before = or :"));
        assert_eq!(flaw("[basic]\nak = 1\nAK: 2"), (3, "the key is there twice in its section"));
        assert_eq!(flaw("[a]\n[basic]\n[a]"), (3, "the section is there twice"));
        assert_eq!(flaw("[DEFAULT]\nak=1\n[DEFAULT]\nak=2").0, 4);
        assert_eq!(flaw("[]\nak = A").0, 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(\\PC|[\\[\\]=:#; \t\r\n]){0,80}") {
            if let Ok(ini) = Ini::parse(&text) {
                let _ = ini.get("basic", "ak");
            }
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::vec("[!-~]{0,20}", 1..8)) {
            let written: String = values.iter().enumerate().map(|(n, value)| format!("Key{n} = {value}\n")).collect();
            let ini = Ini::parse(&format!("[basic]\n{written}")).unwrap();
            for (n, value) in values.iter().enumerate() {
                prop_assert_eq!(ini.get("basic", &format!("key{n}")).unwrap().value.as_str(), value.as_str());
            }
        }
    }
}

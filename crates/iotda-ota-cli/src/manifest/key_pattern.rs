//! Patterns of object keys: texts with placeholders in braces.

use crate::suggestion;

/// What can stand in braces.
pub(crate) const PLACEHOLDERS: [&str; 6] =
    ["app_id", "product_id", "package_type", "module_name", "version", "file_name"];

/// What the placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) product_id: &'a str,
    pub(crate) package_type: &'a str,
    pub(crate) module_name: Option<&'a str>,
    pub(crate) version: &'a str,
    /// Nothing if the name is no text.
    pub(crate) file_name: Option<&'a str>,
}

impl<'a> Values<'a> {
    fn of(&self, placeholder: &str) -> Option<&'a str> {
        match placeholder {
            "app_id" => Some(self.app_id),
            "product_id" => Some(self.product_id),
            "package_type" => Some(self.package_type),
            "module_name" => self.module_name,
            "version" => Some(self.version),
            "file_name" => self.file_name,
            _ => None,
        }
    }
}

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// What is between two braces.
    Placeholder(&'a str),
    /// A brace without its partner.
    Brace(&'a str),
}

/// What is wrong with a part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The part, as it stands there.
    pub(crate) part: String,
    pub(crate) help: String,
}

/// Everything that is wrong with a pattern.
pub(crate) fn mistakes(pattern: &str) -> Vec<Mistake> {
    let all = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
    let mistake = |part| match part {
        Part::Text(_) => None,
        Part::Placeholder(name) if PLACEHOLDERS.contains(&name) => None,
        Part::Placeholder(name) => {
            let help = match suggestion::nearest(name.trim(), &PLACEHOLDERS) {
                Some(near) => format!("did you mean {{{near}}}?"),
                None => format!("the placeholders are {all}"),
            };
            Some(Mistake { part: format!("{{{name}}}"), help })
        }
        Part::Brace(rest) => {
            let help = format!(
                "braces only stand around placeholders, which are {all}; a key with other braces can be given with --object-key"
            );
            Some(Mistake { part: rest.to_owned(), help })
        }
    };
    parts(pattern).into_iter().filter_map(mistake).collect()
}

/// A pattern without mistakes, in which each has made room for something else.
pub(crate) fn mended(pattern: &str, by: &str) -> String {
    let mend = |part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Placeholder(name) if PLACEHOLDERS.contains(&name) => format!("{{{name}}}"),
        Part::Placeholder(_) | Part::Brace(_) => by.to_owned(),
    };
    parts(pattern).into_iter().map(mend).collect()
}

/// The key that a pattern makes.
///
/// # Errors
///
/// The name of a placeholder that has no value.
pub(crate) fn expand<'a>(pattern: &'a str, values: &Values<'_>) -> Result<String, &'a str> {
    let mut key = String::with_capacity(pattern.len());
    for part in parts(pattern) {
        match part {
            Part::Text(text) | Part::Brace(text) => key.push_str(text),
            Part::Placeholder(name) => key.push_str(values.of(name).ok_or(name)?),
        }
    }
    Ok(key)
}

fn parts(pattern: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, from_brace) = rest.split_at(at);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        // Up to the next brace, which closes a placeholder or is the next one that stands alone.
        let inside = from_brace[1..].find(['{', '}']).map(|length| &from_brace[1..=length]);
        let closed = inside.filter(|name| from_brace.starts_with('{') && from_brace[1 + name.len()..].starts_with('}'));
        match closed {
            Some(name) => {
                parts.push(Part::Placeholder(name));
                rest = &from_brace[name.len() + 2..];
            }
            None => {
                let length = 1 + inside.map_or(from_brace.len() - 1, str::len);
                parts.push(Part::Brace(&from_brace[..length]));
                rest = &from_brace[length..];
            }
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUES: Values<'_> = Values {
        app_id: "A",
        product_id: "P",
        package_type: "firmwarePackage",
        module_name: None,
        version: "2.0",
        file_name: Some("f.bin"),
    };

    #[test]
    fn every_placeholder_gets_its_value() {
        let values = Values { module_name: Some("radio"), ..VALUES };
        let pattern = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join("/");
        assert_eq!(mistakes(&pattern), []);
        assert_eq!(expand(&pattern, &values).unwrap(), "A/P/firmwarePackage/radio/2.0/f.bin");
        assert_eq!(expand("x-{version}{version}.bin", &VALUES).unwrap(), "x-2.02.0.bin");
        assert_eq!(expand("no placeholder", &VALUES).unwrap(), "no placeholder");
    }

    #[test]
    fn a_placeholder_without_a_value_is_named() {
        assert_eq!(expand("{module_name}/x", &VALUES), Err("module_name"));
        assert_eq!(expand("{file_name}", &Values { file_name: None, ..VALUES }), Err("file_name"));
    }

    #[test]
    fn every_mistake_is_named_with_what_may_be_meant() {
        let found = |pattern: &str| {
            let mistakes = mistakes(pattern).into_iter();
            mistakes.map(|mistake| format!("{} {}", mistake.part, mistake.help)).collect::<Vec<_>>()
        };
        assert_eq!(
            found("{verson}/{ app_id }/x"),
            ["{verson} did you mean {version}?", "{ app_id } did you mean {app_id}?"]
        );
        for (pattern, starts) in [
            ("{colour}", vec!["{colour} the placeholders are {app_id}, "]),
            ("{}", vec!["{} the placeholders are"]),
            ("a{b", vec!["{b braces only"]),
            ("a}b", vec!["}b braces only"]),
            ("{a{version}}", vec!["{a braces only", "} braces only"]),
        ] {
            let found = found(pattern);
            assert_eq!(found.len(), starts.len(), "{found:?}");
            assert!(found.iter().zip(starts).all(|(found, start)| found.starts_with(start)), "{found:?}");
        }
    }

    #[test]
    fn a_mended_pattern_has_no_mistakes() {
        assert_eq!(mended("{verson}/../{version}}", "x"), "x/../{version}x");
    }

    proptest! {
        #[test]
        fn no_text_is_lost(pattern in "[ab{}é]{0,12}") {
            let text = parts(&pattern).into_iter().map(|part| match part {
                Part::Text(text) | Part::Brace(text) => text.to_owned(),
                Part::Placeholder(name) => format!("{{{name}}}"),
            });
            prop_assert_eq!(text.collect::<String>(), pattern);
        }
    }
}

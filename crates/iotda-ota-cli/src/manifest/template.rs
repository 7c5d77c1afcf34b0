//! The text of a new manifest: every key with what it means, those without a value as a comment with an example.

use serde_json::Value;
use toml::Table;

use super::types::{KEYS, Manifest, property, schema};

/// The longest line of a comment.
const WIDTH: usize = 100;

const HEAD: &str = "\
What is the same for every release of this firmware. `iotda-ota package publish FILE --version VERSION` finds this file \
in the folder of FILE; flags and variables go before it. `iotda-ota manifest check` says what is wrong with it.

For completion in editors: `iotda-ota manifest schema > ota.schema.json`, and `#:schema ./ota.schema.json` as first line \
of this file.";

/// A manifest with these values.
pub(crate) fn text(manifest: &Manifest) -> String {
    // Texts and lists of texts are all there is, and TOML has both.
    let values = Table::try_from(manifest).unwrap_or_default();
    let schema = schema();
    let mut text = String::new();
    for paragraph in HEAD.lines() {
        comment(paragraph, &mut text);
    }
    for key in KEYS {
        let property = property(&schema, key);
        text.push('\n');
        comment(property["description"].as_str().unwrap_or_default(), &mut text);
        match values.get(key) {
            Some(value) => text.push_str(&format!("{key} = {value}\n")),
            None => text.push_str(&format!("# {key} = {}\n", example(property))),
        }
    }
    text
}

fn example(property: &Value) -> String {
    toml::Value::try_from(&property["examples"][0]).map(|value| value.to_string()).unwrap_or_default()
}

/// Adds a paragraph as lines of a comment.
fn comment(paragraph: &str, text: &mut String) {
    let mut line = String::from("#");
    for word in paragraph.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

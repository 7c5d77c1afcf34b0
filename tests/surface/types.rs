//! What is sent and received: every type with its fields, values and rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use syn::{Fields, ImplItem, Item, ItemImpl};

use crate::source;

/// One paragraph per type, in the order of the generated file, which is that of the alphabet.
pub(crate) fn describe() -> String {
    let file = source::parse("generated/types.rs");
    let rules = rules(&file);
    let mut text = String::new();
    for item in &file.items {
        match item {
            Item::Struct(item) => match &item.fields {
                Fields::Named(fields) => {
                    let strict = source::serde(&item.attrs).contains("deny_unknown_fields");
                    let unknown = if strict { "refused" } else { "ignored" };
                    writeln!(text, "{}: object, unknown fields {unknown}", item.ident).expect("text grows");
                    for field in &fields.named {
                        let name = field.ident.as_ref().expect("the fields are named").to_string();
                        let serde = source::serde(&field.attrs);
                        let name = source::value_of(&serde, "rename").unwrap_or(&name);
                        writeln!(text, "    {name}: {}", source::short(&field.ty)).expect("text grows");
                    }
                }
                Fields::Unnamed(fields) => {
                    writeln!(text, "{}: {}", item.ident, source::short(&fields.unnamed[0].ty)).expect("text grows");
                    for rule in rules.get(&item.ident.to_string()).into_iter().flatten() {
                        writeln!(text, "    refused if it {rule}").expect("text grows");
                    }
                }
                Fields::Unit => writeln!(text, "{}: nothing", item.ident).expect("text grows"),
            },
            Item::Enum(item) => {
                writeln!(text, "{}: one of", item.ident).expect("text grows");
                for variant in &item.variants {
                    let name = variant.ident.to_string();
                    let serde = source::serde(&variant.attrs);
                    writeln!(text, "    {}", source::value_of(&serde, "rename").unwrap_or(&name)).expect("text grows");
                }
            }
            _ => {}
        }
    }
    text
}

/// For each type that is made from a text, what makes it refuse one.
fn rules(file: &syn::File) -> BTreeMap<String, Vec<String>> {
    let impls = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    });
    impls
        .filter(|item| implements(item, "FromStr"))
        .map(|item| (source::short(&item.self_ty), messages(item)))
        .collect()
}

fn implements(item: &ItemImpl, name: &str) -> bool {
    let segment = item.trait_.as_ref().and_then(|(path, ..)| path.segments.last());
    segment.is_some_and(|segment| segment.ident == name)
}

/// The messages of `from_str`, which the generator makes of length and pattern; its other texts are patterns alone.
fn messages(item: &ItemImpl) -> Vec<String> {
    let functions = item.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    });
    let texts = functions.flat_map(|function| source::texts(&function.block));
    let texts = texts.filter_map(|text| {
        let length = ["longer than", "shorter than"].iter().any(|start| text.starts_with(start));
        let length = length.then(|| format!("is {text}"));
        length.or_else(|| text.strip_prefix("doesn't match pattern ").map(|rest| format!("does not match {rest}")))
    });
    texts.collect()
}

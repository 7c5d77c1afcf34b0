//! Which functions the crate offers: their signatures as Rust code, without bodies and comments.
//!
//! What the type generator writes for every type alike (setters, conversions) is one line per kind of type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quote::ToTokens;
use syn::{Attribute, Block, ImplItem, Item, ItemImpl, TraitItem, Visibility};

use crate::source;

/// One section per file.
pub(crate) fn describe() -> String {
    let mut text = String::new();
    for name in ["lib.rs", "generated/mod.rs", "generated/builder.rs"] {
        let file = source::parse(name);
        let items = file.items.into_iter().filter_map(public).collect();
        let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
        writeln!(text, "// {name}\n\n{}", prettyplease::unparse(&file)).expect("text grows");
    }
    let types = source::parse("generated/types.rs");
    writeln!(text, "// generated/types.rs\n").expect("text grows");
    for (traits, names) in by_traits(&types) {
        writeln!(text, "{}\n    {traits}", names.join(", ")).expect("text grows");
    }
    for (name, setters) in setters(&types) {
        writeln!(text, "builder::{name}\n    {}", setters.join(", ")).expect("text grows");
    }
    text
}

/// What of an item a user of the crate sees, if anything.
fn public(mut item: Item) -> Option<Item> {
    match &mut item {
        Item::Impl(item) => {
            let is_trait = item.trait_.is_some();
            item.attrs.clear();
            item.items.retain_mut(|item| match item {
                ImplItem::Fn(function) => {
                    function.attrs.clear();
                    function.block = empty();
                    is_trait || is_public(&function.vis)
                }
                _ => true,
            });
            (!item.items.is_empty()).then_some(())
        }
        Item::Struct(item) => {
            item.attrs.retain(is_derive);
            item.fields = syn::Fields::Unit;
            item.semi_token = Some(Default::default());
            is_public(&item.vis).then_some(())
        }
        Item::Trait(item) => {
            item.attrs.clear();
            for item in &mut item.items {
                if let TraitItem::Fn(function) = item {
                    function.attrs.clear();
                    function.default = function.default.as_ref().map(|_| empty());
                }
            }
            is_public(&item.vis).then_some(())
        }
        Item::Type(item) => {
            item.attrs.clear();
            is_public(&item.vis).then_some(())
        }
        Item::Use(item) => {
            item.attrs.clear();
            is_public(&item.vis).then_some(())
        }
        // Modules are sections of their own.
        _ => None,
    }?;
    Some(item)
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_derive(attribute: &Attribute) -> bool {
    attribute.path().is_ident("derive")
}

fn empty() -> Block {
    Block { brace_token: Default::default(), stmts: Vec::new() }
}

/// The names of the types by the traits that each has.
fn by_traits(file: &syn::File) -> BTreeMap<String, Vec<String>> {
    let mut traits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in &file.items {
        if let Item::Struct(syn::ItemStruct { ident, attrs, .. }) | Item::Enum(syn::ItemEnum { ident, attrs, .. }) =
            item
        {
            let derives = attrs.iter().filter(|attribute| is_derive(attribute));
            let lists = derives.filter_map(|attribute| attribute.meta.require_list().ok());
            let names = lists.flat_map(|list| {
                let tokens = list.tokens.to_string();
                tokens
                    .split(',')
                    .filter_map(|path| path.rsplit(':').next())
                    .map(|name| name.trim().to_owned())
                    .collect::<Vec<_>>()
            });
            traits.entry(ident.to_string()).or_default().extend(names);
        }
    }
    for item in impls(&file.items) {
        let Some((path, ..)) = &item.trait_ else { continue };
        let path =
            source::short(&syn::Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path: path.clone() }));
        let of = source::short(&item.self_ty);
        // `From<AppId> for String` is listed with `AppId`.
        match path.strip_prefix("From<").and_then(|path| path.strip_suffix('>')) {
            Some(own) if of == "String" => traits.entry(own.to_owned()).or_default().push("Into<String>".to_owned()),
            _ => traits.entry(of).or_default().push(path),
        }
    }
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, mut traits) in traits {
        traits.sort_unstable();
        names.entry(traits.join(", ")).or_default().push(name);
    }
    names
}

/// The setters of each builder that the type generator made.
fn setters(file: &syn::File) -> BTreeMap<String, Vec<String>> {
    let mut setters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in &file.items {
        let Item::Mod(module) = item else { continue };
        if module.ident != "builder" {
            continue;
        }
        let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
        for item in impls(items).filter(|item| item.trait_.is_none()) {
            let functions = item.items.iter().filter_map(|item| match item {
                ImplItem::Fn(function) if is_public(&function.vis) => Some(&function.sig),
                _ => None,
            });
            for signature in functions {
                let generics = signature.generics.where_clause.to_token_stream().to_string();
                let takes = generics.contains("TryInto");
                let name = if takes { signature.ident.to_string() } else { signature.to_token_stream().to_string() };
                setters.entry(source::short(&item.self_ty)).or_default().push(name);
            }
        }
    }
    setters
}

fn impls(items: &[Item]) -> impl Iterator<Item = &ItemImpl> {
    items.iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    })
}

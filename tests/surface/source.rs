//! The sources of the generated crate, parsed, and short ways to write what is in them.

use std::path::Path;

use quote::ToTokens;
use syn::visit::Visit;
use syn::{Attribute, Block, Expr, GenericArgument, Lit, Meta, PathArguments, Type};

/// One file below `crates/iotda-ota-client/src`.
pub(crate) fn parse(name: &str) -> syn::File {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/iotda-ota-client/src").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A type without the paths in front of its names: `Option<String>`.
pub(crate) fn short(ty: &Type) -> String {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a segment");
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return last.ident.to_string();
            };
            let arguments: Vec<_> = arguments.args.iter().map(short_argument).collect();
            format!("{}<{}>", last.ident, arguments.join(", "))
        }
        Type::Reference(reference) => format!("&{}", short(&reference.elem)),
        other => other.to_token_stream().to_string(),
    }
}

fn short_argument(argument: &GenericArgument) -> String {
    match argument {
        GenericArgument::Type(ty) => short(ty),
        other => other.to_token_stream().to_string(),
    }
}

/// The type arguments of a type: those of `Result<A, B>` are A and B.
pub(crate) fn arguments(ty: &Type) -> Vec<&Type> {
    let Type::Path(path) = ty else { return Vec::new() };
    let Some(PathArguments::AngleBracketed(arguments)) = path.path.segments.last().map(|last| &last.arguments) else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// The doc comment of an item.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines = lines.filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(value) => text_of(&value.value),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The tokens of the serde attributes of an item, one after the other.
pub(crate) fn serde(attributes: &[Attribute]) -> String {
    let found = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    found.map(|attribute| attribute.meta.to_token_stream().to_string()).collect()
}

/// The text between the first pair of quotes after `name =`, as attributes have it.
pub(crate) fn value_of<'a>(tokens: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tokens.split_once(&format!("{name} = \""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Every text literal of a function's body, in order.
pub(crate) fn texts(block: &Block) -> Vec<String> {
    struct Texts(Vec<String>);
    impl<'ast> Visit<'ast> for Texts {
        fn visit_lit(&mut self, literal: &'ast Lit) {
            if let Lit::Str(text) = literal {
                self.0.push(text.value());
            }
        }
    }
    let mut texts = Texts(Vec::new());
    texts.visit_block(block);
    texts.0
}

/// The value of a text literal.
pub(crate) fn text_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

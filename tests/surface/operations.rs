//! What can be called: method and path, where each parameter goes, and what each status is read as.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quote::ToTokens;
use syn::visit::Visit;
use syn::{Arm, Expr, ExprCall, ExprMethodCall, Fields, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, ReturnType};

use crate::source;

/// One paragraph per operation, in the order of the generated client.
pub(crate) fn describe() -> String {
    let file = source::parse("generated/builder.rs");
    let structs = file.items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    });
    structs.map(|builder| operation(builder, send(&file, builder))).collect::<Vec<_>>().join("\n")
}

fn send<'a>(file: &'a syn::File, builder: &ItemStruct) -> &'a ImplItemFn {
    let is_builder = |item: &&ItemImpl| source::short(&item.self_ty).starts_with(&format!("{}<", builder.ident));
    let impls = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    });
    let functions = impls.filter(is_builder).flat_map(|item| &item.items).filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    });
    functions.into_iter().find(|function| function.sig.ident == "send").expect("every operation can be sent")
}

fn operation(builder: &ItemStruct, send: &ImplItemFn) -> String {
    let mut facts = Facts::default();
    facts.visit_block(&send.block);
    let doc = source::doc(&send.attrs);
    let mut quoted = doc.split('`').skip(1).step_by(2);
    let (method, path) = (quoted.next().unwrap_or("?"), quoted.next().unwrap_or("?"));

    let mut text = format!("{} = {method} {path}\n", facts.operation_id);
    let Fields::Named(fields) = &builder.fields else { panic!("{} has no named fields", builder.ident) };
    for field in fields.named.iter().filter(|field| field.ident.as_ref().is_some_and(|name| name != "client")) {
        let name = field.ident.as_ref().expect("the fields are named").to_string();
        let value = source::arguments(&field.ty)[0];
        let shown = source::short(value);
        let shown = match shown.strip_prefix("Option<").and_then(|shown| shown.strip_suffix('>')) {
            Some(optional) => format!("{optional}, optional"),
            None => shown,
        };
        // The document spells header names with capitals and hyphens, Rust does not.
        let header = facts.headers.iter().find(|header| header.to_lowercase().replace('-', "_") == name);
        let (place, name) = match header {
            Some(header) => ("header", header.clone()),
            None if name == "body" => ("body", String::new()),
            None if path.contains(&format!("{{{name}}}")) => ("path", name),
            None if facts.query.contains(&name) => ("query", name),
            None => ("NOWHERE", name),
        };
        writeln!(text, "    {place:<8}{name:<31} {shown}").expect("text grows");
    }
    let ReturnType::Type(_, result) = &send.sig.output else { panic!("send answers something") };
    let [success, error] = source::arguments(result)[..] else { panic!("send answers a result") };
    for (is_error, statuses) in facts.statuses {
        // What is of interest is inside `ResponseValue` and `Error`.
        let ty = source::arguments(if is_error { error } else { success })[0];
        writeln!(text, "    {:<39} {}", statuses.join(" "), source::short(ty)).expect("text grows");
    }
    text
}

/// What the body of `send` tells.
#[derive(Default)]
struct Facts {
    operation_id: String,
    query: Vec<String>,
    headers: Vec<String>,
    /// Statuses by whether they are errors.
    statuses: BTreeMap<bool, Vec<String>>,
}

impl<'ast> Visit<'ast> for Facts {
    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if field.member.to_token_stream().to_string() == "operation_id" {
            self.operation_id = source::text_of(&field.expr).unwrap_or_default();
        }
        syn::visit::visit_field_value(self, field);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if call.func.to_token_stream().to_string().ends_with("QueryParam :: new") {
            self.query.extend(call.args.first().and_then(source::text_of));
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "append" {
            self.headers.extend(call.args.first().and_then(source::text_of));
        }
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if let Some(status) = arm.pat.to_token_stream().to_string().strip_suffix("u16") {
            let body = arm.body.to_token_stream().to_string();
            self.statuses.entry(body.contains("ErrorResponse")).or_default().push(status.to_owned());
        }
        if !matches!(*arm.body, Expr::Block(_)) {
            syn::visit::visit_arm(self, arm);
        }
    }
}

//! Any content is either a manifest or has problems; the schema for editors and the check agree; what `init` writes is
//! what was meant.

use std::path::Path;
use std::sync::LazyLock;

use iotda_ota::Client;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::args::Allow;
use crate::failure::Problem;
use crate::target::stand_in;

const FULL: &str = "\
# Thermometer
app_id = \"my-app\" # é
product_id = 'my-product'
package_type = \"module\"
module_name = \"radio\"
support_source_versions = [
    \"1.0\",
    \"1.1\",
]
description = \"\"\"
two
lines\"\"\"
custom_info = \"{ }\"
bucket_name = \"my-bucket\"
object_key = \"a/{module_name}/{version}.bin\"
allow = [\"size\"]
";

fn read(content: impl AsRef<[u8]>) -> Read {
    Read::bytes(Path::new("ota.toml"), content.as_ref())
}

fn checked(content: impl AsRef<[u8]>) -> Vec<Problem> {
    problems(&read(content), &CLIENT)
}

/// Making one takes longer than all the rest.
static CLIENT: LazyLock<Client> = LazyLock::new(|| stand_in().unwrap());

#[test]
fn a_manifest_with_every_key_is_understood() {
    let read = read(FULL);
    assert_eq!(read.problems, []);
    let manifest = &read.manifest;
    assert!(KEYS.iter().all(|key| manifest.has(key) && read.place(key).is_some()));
    assert_eq!(manifest.description.as_deref(), Some("two\nlines"));
    assert_eq!(manifest.allow.as_deref(), Some(&[Allow::Size][..]));
    assert_eq!(read.place("support_source_versions[1]").unwrap().to_string(), "ota.toml:8:5");
    assert_eq!(checked(FULL), []);
}

#[test]
fn the_keys_are_those_of_the_schema() {
    let schema = schema();
    let mut keys: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
    for key in KEYS {
        let property = &schema["properties"][key];
        assert!(property["description"].is_string() && property["examples"][0] != json!(null), "{key}");
    }
}

#[test]
fn the_examples_of_the_schema_make_a_manifest_without_mistakes() {
    let text: String = text(&Manifest::default())
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line).to_owned() + "\n")
        // A module name would need another type.
        .filter(|line| !line.starts_with("module_name"))
        .collect();
    assert_eq!(checked(&text), []);
    let keys = read(&text).manifest;
    assert!(KEYS.iter().all(|key| keys.has(key) || *key == "module_name"), "{text}");
}

#[test]
fn every_cut_and_every_stray_character_is_survived() {
    for (at, _) in FULL.char_indices() {
        checked(&FULL[..at]);
        for with in ["\"", "[", "=", "\u{0}", "\n", "é", "{", "\u{feff}", "'''"] {
            checked(format!("{}{with}{}", &FULL[..at], &FULL[at..]));
        }
    }
    for deep in ["app_id = ".to_owned() + &"[".repeat(60_000), "[".repeat(60_000), "a.".repeat(30_000)] {
        assert!(!checked(deep).is_empty());
    }
}

/// Texts around the rules: some that keep them, some that do not.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,4}",
        "[A-Za-z0-9_. é{}-]{0,4}",
        (0..70usize).prop_map(|count| "x".repeat(count)),
        (1020..1030usize).prop_map(|count| "é".repeat(count)),
        (4094..4099usize).prop_map(|count| "x".repeat(count)),
        ".*",
    ]
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let text = || option::of(texts());
    let lists = (option::of(vec(texts(), 0..22)), option::of(vec(any::<bool>(), 0..3)));
    (text(), text(), text(), text(), text(), text(), text(), text(), lists).prop_map(
        |(app_id, product_id, package_type, module_name, description, custom_info, bucket_name, object_key, lists)| {
            Manifest {
                app_id: app_id.map(Into::into),
                product_id: product_id.map(Into::into),
                package_type: package_type.map(Into::into),
                module_name,
                support_source_versions: lists.0.map(|list| list.into_iter().map(Into::into).collect()),
                description,
                custom_info,
                bucket_name,
                object_key,
                allow: lists.1.map(|list| {
                    list.into_iter().map(|suffix| if suffix { Allow::Suffix } else { Allow::Size }).collect()
                }),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        checked(bytes);
    }

    #[test]
    fn any_damage_to_a_manifest_is_survived(at in 0..FULL.len(), length in 0..20usize, by in vec(any::<u8>(), 0..6)) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes.splice(at..(at + length).min(FULL.len()), by);
        let read = read(&bytes);
        let found = problems(&read, &CLIENT);
        // What cannot be read has a problem, and every problem has a place.
        prop_assert!(!found.is_empty() || read.problems.is_empty());
        prop_assert!(found.iter().all(|problem| problem.at.is_some()), "{found:?}");
    }

    #[test]
    fn what_init_writes_is_what_was_meant(manifest in manifests()) {
        let read = read(text(&manifest));
        prop_assert!(read.problems.iter().all(|problem| problem.field == "object_key"), "{:?}", read.problems);
        prop_assert_eq!(read.manifest, manifest);
    }

    #[test]
    fn the_schema_and_the_check_agree_on_single_values(manifest in manifests()) {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let text = text(&manifest);
        let found = checked(&text);
        let values = serde_json::to_value(&manifest).unwrap();
        for key in KEYS.into_iter().filter(|key| values.get(key).is_some()) {
            // Rules that depend on more than one value, or that can be switched off, are not in the schema.
            let single = |problem: &&Problem| {
                !problem.rule.starts_with("absent unless")
                    && !problem.rule.starts_with("a key that ends in")
                    && !problem.rule.starts_with("a key without the segments")
            };
            let named = |problem: &&Problem| problem.name().split('[').next() == Some(key);
            let valid = validator.is_valid(&json!({ key: values[key] }));
            let kept = !found.iter().filter(single).any(|problem| named(&problem));
            prop_assert_eq!(valid, kept, "{}: {} {:?}", key, values[key], found);
        }
    }
}

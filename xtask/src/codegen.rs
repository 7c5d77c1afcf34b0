//! From the OpenAPI document to the generated client.
//!
//! [`run`] is the command. It generates in memory ([`generate`]) and then either writes the files or compares them
//! with what is there; both ways share everything up to the last step, so what is checked is what would be written.

use std::fs;
use std::io::Write;
use std::path::Path;

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use quote::quote;
use sha2::{Digest, Sha256};
use similar::TextDiff;
use syn::{Item, ItemMod};

use crate::Failure;

const DOCUMENT: &str = "openapi/iotda-ota.yaml";
const OUTPUT: &str = "crates/iotda-ota-client/src/generated";
const COMMAND: &str = "cargo xtask codegen";

/// One generated file: its name inside the output folder, and its text.
struct File {
    name: &'static str,
    text: String,
}

/// Generates the client below `root`; with `check` it only compares. False means that something differs.
pub(crate) fn run(root: &Path, check: bool, out: &mut dyn Write) -> Result<bool, Failure> {
    let files = generate(root)?;
    let folder = root.join(OUTPUT);
    let foreign = foreign_files(&folder, &files)?;
    if check {
        return compare(&folder, &files, &foreign, out);
    }
    fs::create_dir_all(&folder)?;
    for name in foreign {
        fs::remove_file(folder.join(&name))?;
        writeln!(out, "removed {OUTPUT}/{name}")?;
    }
    for file in files {
        let path = folder.join(file.name);
        // An unchanged file keeps its time, so that nothing is compiled again.
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        fs::write(path, file.text)?;
        writeln!(out, "wrote {OUTPUT}/{}", file.name)?;
    }
    Ok(true)
}

/// Prints a unified diff from what is there to what should be, and says whether there was none.
fn compare(folder: &Path, files: &[File], foreign: &[String], out: &mut dyn Write) -> Result<bool, Failure> {
    let mut same = true;
    for file in files {
        let found = fs::read_to_string(folder.join(file.name)).unwrap_or_default();
        if found != file.text {
            same = false;
            let path = format!("{OUTPUT}/{}", file.name);
            let diff = TextDiff::from_lines(&found, &file.text);
            write!(out, "{}", diff.unified_diff().header(&path, &format!("{path} (generated)")))?;
        }
    }
    for name in foreign {
        same = false;
        writeln!(out, "{OUTPUT}/{name}: not generated from the document")?;
    }
    if !same {
        writeln!(out, "\nThe generated client is not what {DOCUMENT} gives. Run `{COMMAND}` and review the change.")?;
    }
    Ok(same)
}

/// The names of files in the output folder that the generator does not make.
fn foreign_files(folder: &Path, files: &[File]) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !files.iter().any(|file| file.name == name) {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Makes every generated file, in memory.
fn generate(root: &Path) -> Result<Vec<File>, Failure> {
    // A checkout with other line ends must give the same digest.
    let document = fs::read_to_string(root.join(DOCUMENT))?.replace("\r\n", "\n");
    let header = header(&document, &fs::read_to_string(root.join("Cargo.lock"))?)?;
    let value: serde_json::Value = serde_saphyr::from_str(&document)?;
    let openapi: OpenAPI = serde_json::from_value(value)?;

    let tokens = Generator::new(&settings()).generate_tokens(&openapi)?;
    let mut root_file: syn::File = syn::parse2(tokens)?;
    let types = take_module(&mut root_file, "types")?;
    let builder = take_module(&mut root_file, "builder")?;

    let print = |name, role: &str, file: &syn::File| File {
        name,
        text: format!("{header}\n//! {role}\n\n{}", prettyplease::unparse(file)),
    };
    Ok(vec![
        print("mod.rs", "The client, and one method per operation.", &root_file),
        print("types.rs", "The types of requests and responses.", &types),
        print("builder.rs", "One builder per operation.", &builder),
    ])
}

/// How the generator is set: builders, our hooks required, our own value inside the client.
fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::Inner));
    settings
}

/// The comment that opens each file: the command, the generator's version and the document's digest.
fn header(document: &str, lock: &str) -> Result<String, Failure> {
    let progenitor = locked_version(lock, "progenitor").ok_or("Cargo.lock does not name progenitor")?;
    let typify = locked_version(lock, "typify").ok_or("Cargo.lock does not name typify")?;
    let digest: String = Sha256::digest(document.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!(
        "// @generated by `{COMMAND}` from {DOCUMENT}. Do not edit: change the document instead.\n\
         // Generator: progenitor {progenitor}, typify {typify}. Document: sha256 {digest}.\n"
    ))
}

/// The version that Cargo.lock holds for a package.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

/// Moves the items of an inline module into a file of their own and leaves its declaration.
fn take_module(file: &mut syn::File, name: &str) -> Result<syn::File, Failure> {
    let module = file.items.iter_mut().find_map(|item| match item {
        Item::Mod(module @ ItemMod { content: Some(_), .. }) if module.ident == name => Some(module),
        _ => None,
    });
    let module = module.ok_or_else(|| format!("the generator made no module `{name}`"))?;
    let items = module.content.take().map(|(_, items)| items).unwrap_or_default();
    module.semi = Some(Default::default());
    Ok(syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of what code generation reads and writes, in a folder of its own.
    fn copy() -> tempfile::TempDir {
        let from = crate::root();
        let to = tempfile::tempdir().unwrap();
        for name in ["openapi", OUTPUT] {
            fs::create_dir_all(to.path().join(name)).unwrap();
        }
        for name in ["Cargo.lock", DOCUMENT] {
            fs::copy(from.join(name), to.path().join(name)).unwrap();
        }
        for entry in fs::read_dir(from.join(OUTPUT)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.path().join(OUTPUT).join(entry.file_name())).unwrap();
        }
        to
    }

    fn check(root: &Path) -> (bool, String) {
        let mut out = Vec::new();
        let same = run(root, true, &mut out).unwrap();
        (same, String::from_utf8(out).unwrap())
    }

    #[test]
    fn generated_client_is_fresh() {
        let (same, diff) = check(&crate::root());
        assert!(same, "{diff}");
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let root = copy();
        let mut out = Vec::new();
        assert!(run(root.path(), false, &mut out).unwrap());
        assert!(out.is_empty(), "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn a_changed_document_is_noticed_and_mended() {
        let root = copy();
        let path = root.path().join(DOCUMENT);
        let document = fs::read_to_string(&path).unwrap();
        fs::write(&path, document.replace("maxLength: 1024", "maxLength: 1023")).unwrap();
        let (same, diff) = check(root.path());
        assert!(!same);
        assert!(diff.contains("1023usize") && diff.contains(COMMAND), "{diff}");
        assert!(run(root.path(), false, &mut Vec::new()).unwrap());
        assert!(check(root.path()).0);
    }

    #[test]
    fn a_comment_in_the_document_is_noticed_by_its_digest() {
        let root = copy();
        let path = root.path().join(DOCUMENT);
        let document = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{document}# one more line\n")).unwrap();
        let (same, diff) = check(root.path());
        assert!(!same && diff.contains("Document: sha256"), "{diff}");
    }

    #[test]
    fn a_hand_edit_is_noticed_and_nothing_is_written() {
        let root = copy();
        let path = root.path().join(OUTPUT).join("types.rs");
        let edited = fs::read_to_string(&path).unwrap() + "// by hand\n";
        fs::write(&path, &edited).unwrap();
        let (same, diff) = check(root.path());
        assert!(!same && diff.contains("-// by hand"), "{diff}");
        assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    }

    #[test]
    fn a_stray_file_is_noticed_and_removed() {
        let root = copy();
        let path = root.path().join(OUTPUT).join("stray.rs");
        fs::write(&path, "").unwrap();
        assert!(check(root.path()).1.contains("stray.rs: not generated"));
        assert!(run(root.path(), false, &mut Vec::new()).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn line_ends_of_the_checkout_do_not_matter() {
        let root = copy();
        let path = root.path().join(DOCUMENT);
        let document = fs::read_to_string(&path).unwrap();
        fs::write(&path, document.replace('\n', "\r\n")).unwrap();
        assert!(check(root.path()).0);
    }
}

//! What is published: the flags, above the manifest that belongs to the file.

use iotda_ota::{Client, Publish};

use crate::args::PublishArgs;
use crate::failure::{Failure, Problem};
use crate::manifest::{self, KEYS, Manifest, Read};

/// What every package needs, beside its version.
const NEEDED: [&str; 3] = ["app_id", "product_id", "package_type"];

/// One release of a firmware.
#[derive(Debug)]
pub(super) struct Release<'a> {
    args: &'a PublishArgs,
    /// What the flags say, and the environment.
    given: Manifest,
    read: Option<Read>,
    /// Both together.
    all: Manifest,
}

impl<'a> Release<'a> {
    /// Finds and reads the manifest. A `bucket` that is not empty goes before that of the manifest.
    pub(super) fn new(args: &'a PublishArgs, bucket: &str) -> Self {
        let file = match &args.manifest {
            Some(file) => Some(file.clone()),
            None if args.no_manifest => None,
            None => manifest::beside(&args.file),
        };
        let read = file.map(|file| Read::file(&file));
        let mut given = Manifest::from(&args.described);
        given.bucket_name = (!bucket.is_empty()).then(|| bucket.to_owned());
        given.allow = (!args.allow.is_empty()).then(|| args.allow.clone());
        let all = read.as_ref().map_or_else(|| given.clone(), |read| given.clone().or(&read.manifest));
        Self { args, given, read, all }
    }

    /// The request. It lacks what is wrong with the manifest.
    pub(super) fn request(&self, client: &Client) -> Publish {
        let (file, version) = (&self.args.file, &self.args.version);
        let made = self.all.key(file, version).ok().flatten();
        self.all.publish(client, file, version, self.args.object_key.as_deref().or(made.as_deref()))
    }

    /// What is wrong with the manifest, and with the key that its pattern makes.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let Some(read) = &self.read else { return Vec::new() };
        let mut problems = read.problems.clone();
        if self.args.object_key.is_none() {
            problems.extend(self.all.key(&self.args.file, &self.args.version).err().and_then(|name| match name {
                "module_name" => {
                    let rule = "a key whose placeholders all have values";
                    let help = "there is no module name: give it with --module-name and --type module, or take the placeholder \
                                out of the key";
                    let at = read.place("object_key").cloned();
                    Some(Problem { at, ..Problem::new("object_key", rule, "{module_name}", help) })
                }
                "file_name" => {
                    let (rule, file) = ("named in UTF-8, because the object key is made of it", &self.args.file);
                    Some(Problem::new("file", rule, &file.to_string_lossy(), "rename the file, or give --object-key"))
                }
                // One that does not exist was reported when the manifest was read.
                _ => None,
            }));
        }
        problems
    }

    /// Says of each violation where it comes from, and what to do about values that are missing.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let damaged = self.read.as_ref().is_some_and(|read| !read.problems.is_empty());
        let mut missing = false;
        let failure = failure.with_problems(|problem| {
            let (key, flag) = (problem.name().split('[').next().unwrap_or_default(), self.is_given(problem.name()));
            if problem.at.is_some() || flag || !KEYS.contains(&key) {
                return Some(problem);
            }
            let place = self.read.as_ref().and_then(|read| read.place(problem.name()));
            // It may stand in a part of the manifest that cannot be understood.
            if place.is_none() && damaged {
                return None;
            }
            missing |= place.is_none() && NEEDED.contains(&key);
            Some(match place {
                Some(place) => problem.in_manifest(place.clone()),
                None => problem,
            })
        });
        match self.manifest() {
            // It may be the file of somebody else.
            Some(file) if damaged && self.args.manifest.is_none() => {
                failure.with_hint(format!("{file} was found beside the file; --no-manifest leaves it alone"))
            }
            _ if !missing => failure,
            Some(file) => failure.with_hint(format!("what is the same for every release can stand in {file}")),
            None => failure.with_hint(format!(
                "what is the same for every release can stand in a manifest, {} beside the file; iotda-ota manifest init \
                 writes one",
                manifest::FILE_NAME
            )),
        }
    }

    /// The manifest that is used, as people know it.
    pub(super) fn manifest(&self) -> Option<String> {
        self.read.as_ref().map(|read| read.file.display().to_string())
    }

    /// True for a value that comes from a flag or the environment.
    fn is_given(&self, name: &str) -> bool {
        let key = name.split('[').next().unwrap_or(name);
        self.given.has(key) || (key == "object_key" && self.args.object_key.is_some())
    }
}

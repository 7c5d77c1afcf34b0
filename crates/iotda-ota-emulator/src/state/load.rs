//! Reading a file with the emulator's state: first all of it without changing anything, then again to make it so.

use std::collections::HashSet;
use std::io::SeekFrom;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, BufReader};

use super::line::{Header, Line, MOST_LINE_BYTES, ObjectLine, VERSION};
use super::objects::Writing;
use super::{Loaded, StateError};
use crate::clock::parse_compact_time;
use crate::identity::BUCKET;
use crate::rules;
use crate::rules::multipart::MOST_PARTS;
use crate::store::{KnownPackage, RecordId, Store};

/// How many packages are written at once: the more there are, the more of them share the pages that a commit writes.
const PACKAGES_AT_ONCE: usize = 10_000;

/// Replaces everything that the emulator keeps by what a file says.
///
/// When a line is wrong, or there is no room for the objects, nothing is changed. Should anything else fail after that, the
/// store is empty: a part of a file is no state that anybody asked for. Requests that come meanwhile see a part of it.
pub(crate) async fn load(store: &Store, mut file: File) -> Result<Loaded, StateError> {
    let found = check(&mut file, store.limit_storage()).await?;
    store.clear().await?;
    let Err(cause) = add(store, &mut file).await else { return Ok(found) };
    let left = match store.clear().await {
        Ok(()) => "nothing of the file is kept",
        Err(_) => "a part of the file may be kept until a reset",
    };
    Err(StateError::Interrupted { left, source: Box::new(cause) })
}

/// Reads all of it and looks for mistakes, and for more bytes of objects than there may be.
async fn check(file: &mut File, limit_storage: Option<u64>) -> Result<Loaded, StateError> {
    let mut lines = Lines::new(file).await?;
    let mut found = Loaded::default();
    let mut ids = HashSet::new();
    let mut buckets = HashSet::from([BUCKET.to_owned()]);
    let mut last: Option<RecordId> = None;
    let (mut is_dump, mut has_end, mut in_object) = (false, false, false);
    let mut bytes = 0;
    while let Some(line) = lines.next().await? {
        let number = lines.number;
        let problem = |problem: &str| Err(StateError::line(number, problem));
        if has_end {
            return problem("something follows the end of the dump");
        }
        let was_in_object = in_object;
        in_object = false;
        match line {
            Line::Dump(Header { version: VERSION }) if number == 1 => is_dump = true,
            Line::Dump(Header { version: VERSION }) => return problem("a dump begins in the middle of the file"),
            Line::Dump(_) => return problem("the dump is of a newer program, which has to load it"),
            Line::Bucket(bucket) => {
                rules::bucket::check(&bucket.name).map_err(|rejection| StateError::line(number, rejection.message))?;
                if !buckets.insert(bucket.name) {
                    return problem("there is a bucket of this name already");
                }
            }
            Line::Package(members) => {
                let package = package(members).map_err(|problem| StateError::line(number, problem))?;
                if package.package_id.is_some_and(|id| !ids.insert(id)) {
                    return problem("another package has the same package_id");
                }
                match (last, package.record_id) {
                    _ if found.packages == 0 => {}
                    (None, None) => {}
                    (Some(last), Some(id)) if id.seq > last.seq && id.second >= last.second => {}
                    (Some(_), Some(_)) => return problem("record_id must grow from package to package"),
                    _ => return problem("either all packages have a record_id or none"),
                }
                last = package.record_id;
                found.packages += 1;
            }
            Line::Object(object) => {
                check_object(&object, &buckets).map_err(|problem| StateError::line(number, problem))?;
                in_object = object.text.is_none();
                bytes += object.text.map_or(0, |text| text.len() as u64);
                found.objects += 1;
            }
            Line::Bytes(_) if !was_in_object => return problem("bytes follow an object without text only"),
            Line::Bytes(text) => {
                bytes += decode(&text, number)?.len() as u64;
                in_object = true;
            }
            Line::Failed(reason) => return problem(&format!("the dump broke off: {reason}")),
            Line::End(end) => {
                if (end.packages, end.objects) != (found.packages, found.objects) {
                    return problem("the dump is incomplete: its end counts other numbers of packages and objects");
                }
                has_end = true;
            }
        }
        if let Some(most) = limit_storage.filter(|&most| bytes > most) {
            let problem = format!("the objects so far have {bytes} bytes, and all may have {most} (--limit-storage)");
            return Err(StateError::line(number, problem));
        }
    }
    if is_dump && !has_end {
        return Err(StateError::line(lines.number, "the dump is incomplete: it has no end"));
    }
    Ok(found)
}

/// Reads all of it again and adds it to an empty store.
async fn add(store: &Store, file: &mut File) -> Result<(), StateError> {
    let mut lines = Lines::new(file).await?;
    let mut packages = Vec::new();
    let mut object: Option<Writing> = None;
    while let Some(line) = lines.next().await? {
        if !matches!(line, Line::Bytes(_))
            && let Some(complete) = object.take()
        {
            complete.finish(store).await?;
        }
        match line {
            Line::Package(members) => {
                packages.push(package(members).map_err(|problem| StateError::line(lines.number, problem))?);
                if packages.len() == PACKAGES_AT_ONCE {
                    store.add_packages(std::mem::take(&mut packages)).await?;
                }
            }
            Line::Bucket(bucket) => {
                store.create_bucket(bucket.name, bucket.owner.unwrap_or_default()).await?;
            }
            Line::Object(mut about) => {
                let text = about.text.take();
                let mut writing = Writing::begin(store, about);
                if let Some(text) = text {
                    writing.write(text.into_bytes()).await?;
                }
                object = Some(writing);
            }
            Line::Bytes(text) => {
                if let Some(object) = &mut object {
                    object.write(decode(&text, lines.number)?).await?;
                }
            }
            Line::Dump(_) | Line::End(_) | Line::Failed(_) => {}
        }
    }
    if let Some(complete) = object.take() {
        complete.finish(store).await?;
    }
    Ok(store.add_packages(packages).await?)
}

fn check_object(object: &ObjectLine, buckets: &HashSet<String>) -> Result<(), String> {
    if let Some(bucket) = object.bucket.as_ref().filter(|bucket| !buckets.contains(*bucket)) {
        return Err(format!(
            "the bucket {bucket:?} has no line before; write {{\"bucket\": {{\"name\": {bucket:?}}}}}"
        ));
    }
    if !(1..=1024).contains(&object.key.chars().count()) {
        return Err("the key of an object must have 1 to 1,024 characters".to_owned());
    }
    let headers = object.metadata.iter().flat_map(|(name, value)| [name, value]).chain(&object.content_type);
    if headers.flat_map(|text| text.chars()).any(char::is_control) {
        return Err("content_type and metadata must not have control characters".to_owned());
    }
    match &object.etag {
        Some(etag) if !is_etag(etag) => {
            Err("etag must have 32 hexadecimal digits, and may have -N after them".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a text has the form of the ETags that the emulator gives out.
fn is_etag(text: &str) -> bool {
    let (digits, parts) = text.split_once('-').unwrap_or((text, "1"));
    digits.len() == 32
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && parts.parse::<u32>().is_ok_and(|parts| (1..=MOST_PARTS).contains(&parts))
}

/// Takes the members that no create request has and checks the others like one.
fn package(mut members: Map<String, Value>) -> Result<KnownPackage, String> {
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string")),
    };
    let (package_id, record_id, create_time) = (text("package_id")?, text("record_id")?, text("create_time")?);
    if let Some(id) = &package_id {
        rules::package_id(id).map_err(|rejection| rejection.message)?;
    }
    let record_id = record_id
        .map(|id| RecordId::read(&id).ok_or("record_id must have 24 lower-case hexadecimal digits, and not be zero"))
        .transpose()?;
    if create_time.as_ref().is_some_and(|time| parse_compact_time(time).is_none()) {
        return Err("create_time must have the form 20230211T121212Z".to_owned());
    }
    let body = serde_json::to_vec(&members).map_err(|error| error.to_string())?;
    let new = rules::create::read(&body).map_err(|rejection| rejection.message)?;
    Ok(KnownPackage { package_id, record_id, create_time, new })
}

fn decode(text: &str, line: u64) -> Result<Vec<u8>, StateError> {
    STANDARD.decode(text).map_err(|_| StateError::line(line, "bytes must be Base64"))
}

/// The lines of a file from its beginning.
struct Lines<'a> {
    reader: BufReader<&'a mut File>,
    /// Of the line that was read last.
    number: u64,
    buffer: Vec<u8>,
}

impl<'a> Lines<'a> {
    async fn new(file: &'a mut File) -> Result<Self, StateError> {
        file.seek(SeekFrom::Start(0)).await?;
        Ok(Self { reader: BufReader::with_capacity(64 << 10, file), number: 0, buffer: Vec::new() })
    }

    /// The next line that is not empty, or nothing at the end.
    async fn next(&mut self) -> Result<Option<Line>, StateError> {
        loop {
            self.buffer.clear();
            let mut limited = (&mut self.reader).take(MOST_LINE_BYTES as u64 + 1);
            if limited.read_until(b'\n', &mut self.buffer).await? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.buffer.len() > MOST_LINE_BYTES {
                return Err(StateError::line(self.number, format!("the line has more than {MOST_LINE_BYTES} bytes")));
            }
            if self.buffer.trim_ascii().is_empty() {
                continue;
            }
            return match serde_json::from_slice(&self.buffer) {
                Ok(line) => Ok(Some(line)),
                Err(error) => Err(StateError::line(self.number, self.problem(&error))),
            };
        }
    }

    /// What is wrong with a line that was read and could not be understood.
    fn problem(&self, error: &serde_json::Error) -> String {
        match serde_json::Deserializer::from_slice(&self.buffer).into_iter::<Line>().next() {
            Some(Ok(_)) => {
                "something follows the value, and each needs a line of its own; curl keeps line breaks with \
                            --data-binary, not with --data"
                    .to_owned()
            }
            _ => error.to_string(),
        }
    }
}

//! Writing everything that the emulator keeps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::line::{End, Header, Line, MOST_CHUNK_BYTES, VERSION};
use super::{StateError, objects};
use crate::package::Package;
use crate::store::Store;

/// How many packages are read at once.
const PACKAGES_AT_ONCE: u32 = 500;

/// Writes a dump: objects first, because packages need them.
///
/// Requests may go on meanwhile; an object that is replaced is written as it is when its turn comes.
pub(crate) async fn dump(store: &Store, out: impl AsyncWrite + Unpin) -> Result<(), StateError> {
    let mut out = Lines(BufWriter::new(out));
    out.write(&Line::Dump(Header { version: VERSION })).await?;
    let mut end = End { packages: 0, objects: 0 };
    for name in store.object_names().await? {
        let Some(mut object) = objects::open(store, name).await? else { continue };
        end.objects += 1;
        out.write(&Line::Object(object.about)).await?;
        while let Some(bytes) = object.bytes.next().await {
            for chunk in bytes?.chunks(MOST_CHUNK_BYTES) {
                out.write(&Line::Bytes(STANDARD.encode(chunk))).await?;
            }
        }
    }
    let mut after = None;
    loop {
        let packages = store.packages_after(after.take(), PACKAGES_AT_ONCE).await?;
        let Some(last) = packages.last() else { break };
        after = Some(last.record_id.clone());
        for package in packages {
            end.packages += 1;
            out.write(&Line::Package(members(package))).await?;
        }
    }
    out.write(&Line::End(end)).await?;
    Ok(out.0.flush().await?)
}

/// A package as it is shown, with its paging position.
fn members(package: Package) -> Map<String, Value> {
    // A structure of text always serializes to an object.
    let mut members = match json!(package) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("record_id".to_owned(), Value::String(package.record_id));
    members
}

struct Lines<W>(BufWriter<W>);

impl<W: AsyncWrite + Unpin> Lines<W> {
    async fn write(&mut self, line: &Line) -> Result<(), StateError> {
        let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
        text.push(b'\n');
        Ok(self.0.write_all(&text).await?)
    }
}

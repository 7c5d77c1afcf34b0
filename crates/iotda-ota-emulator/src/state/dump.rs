//! Writing everything that the emulator keeps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::StateError;
use super::line::{BucketLine, End, Header, Line, VERSION};
use super::objects::Reading;
use crate::store::Store;

/// How many packages are read at once.
const PACKAGES_AT_ONCE: u32 = 500;

/// Writes a dump: buckets first, because objects need them, and packages last, because they need objects.
///
/// Requests may go on meanwhile; an object that is replaced is written as it is when its turn comes. The last line of a dump
/// that breaks off says why.
pub(crate) async fn dump(store: &Store, out: impl AsyncWrite + Unpin) -> Result<(), StateError> {
    let mut out = Lines(BufWriter::new(out));
    let written = write(store, &mut out).await;
    if let Err(error) = &written {
        // The error itself counts, also when there is nobody left to read this.
        let _ = out.write(&Line::Failed(error.to_string())).await;
    }
    let flushed = out.0.flush().await;
    written.and_then(|()| Ok(flushed?))
}

async fn write(store: &Store, out: &mut Lines<impl AsyncWrite + Unpin>) -> Result<(), StateError> {
    out.write(&Line::Dump(Header { version: VERSION })).await?;
    let mut end = End { packages: 0, objects: 0 };
    // Asked before the buckets, so that none of them is in a bucket that is not there yet.
    let objects = store.object_names().await?;
    for (name, owner) in store.made_buckets().await? {
        out.write(&Line::Bucket(BucketLine { name, owner: Some(owner).filter(|owner| !owner.is_empty()) })).await?;
    }
    for name in objects {
        let Some((about, mut object)) = Reading::open(store, name).await? else { continue };
        end.objects += 1;
        out.write(&Line::Object(about)).await?;
        while let Some(bytes) = object.next().await? {
            out.write(&Line::Bytes(STANDARD.encode(bytes))).await?;
        }
    }
    let mut after = None;
    loop {
        let packages = store.packages_after(after.take(), PACKAGES_AT_ONCE).await?;
        let Some((last, _)) = packages.last() else { break };
        after = Some(last.clone());
        for (record_id, json) in packages {
            end.packages += 1;
            let mut members: Map<String, Value> = serde_json::from_slice(&json).map_err(std::io::Error::from)?;
            members.insert("record_id".to_owned(), Value::String(record_id));
            out.write(&Line::Package(members)).await?;
        }
    }
    out.write(&Line::End(end)).await
}

struct Lines<W>(BufWriter<W>);

impl<W: AsyncWrite + Unpin> Lines<W> {
    async fn write(&mut self, line: &Line) -> Result<(), StateError> {
        let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
        text.push(b'\n');
        Ok(self.0.write_all(&text).await?)
    }
}

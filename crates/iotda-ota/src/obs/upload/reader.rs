//! Reads a file once, part by part, and computes the checksum of the whole on the way.
//!
//! It works on a blocking thread of its own and hands the parts over. While the parts of a file are hashed and sent, the
//! next one is read and the whole is hashed, so none of these waits for another. The buffers of the parts are used again
//! when everybody is done with them: their number bounds the memory of an upload.

use std::sync::mpsc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::model::Checksum;
use crate::obs::background::{self, Stop};
use crate::obs::file::Source;

/// How a file is cut: all parts are of one size, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) size: u64,
    pub(super) part_size: u64,
}

/// The most parts that an upload may have (esdk-obs-python 3.26.6, const.py).
const MOST_PARTS: u64 = 10_000;

/// What part sizes are rounded up to when they have to be raised.
const UNIT: u64 = 1024 * 1024;

impl Cut {
    /// Parts of the wanted size, or larger if they would be too many.
    pub(super) fn new(size: u64, wanted: u64) -> Self {
        let least = size.div_ceil(MOST_PARTS);
        let part_size = if wanted >= least { wanted } else { least.next_multiple_of(UNIT) };
        Self { size, part_size }
    }

    /// How many parts there are.
    pub(super) fn count(self) -> u64 {
        self.size.div_ceil(self.part_size)
    }

    /// The size of a part; nothing for a number that no part has.
    pub(super) fn size_of(self, number: u32) -> u64 {
        let Some(before) = u64::from(number).checked_sub(1) else { return 0 };
        self.size.saturating_sub(before.saturating_mul(self.part_size)).min(self.part_size)
    }
}

/// A part of the file.
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) bytes: Bytes,
}

/// A buffer that goes back to the reader when the last part of it is dropped.
struct Buffer {
    bytes: Vec<u8>,
    home: mpsc::Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // The reader may have ended.
        let _ = self.home.send(std::mem::take(&mut self.bytes));
    }
}

/// Starts to read; parts come through the channel, in order, and the result is the checksum of the whole.
///
/// `buffers` parts are in memory at most, those that were handed over included. A file that ends early or late, or
/// changes meanwhile, fails.
pub(super) fn start(
    source: Source,
    cut: Cut,
    buffers: usize,
) -> (tokio::sync::mpsc::Receiver<Part>, impl Future<Output = Result<Checksum, Error>> + Send) {
    // One is enough: whoever takes parts takes them as they come, and the buffers bound what is ahead.
    let (parts, receiver) = tokio::sync::mpsc::channel(1);
    let work = background::run(move |stop| read(source, cut, buffers, &parts, stop));
    (receiver, async move { work.await? })
}

fn read(
    mut source: Source,
    cut: Cut,
    buffers: usize,
    parts: &tokio::sync::mpsc::Sender<Part>,
    stop: &Stop,
) -> Result<Checksum, Error> {
    let (home, free) = mpsc::channel();
    for _ in 0..buffers {
        // The receiver is right here.
        let _ = home.send(Vec::new());
    }
    source.rewind();
    let part_size = usize::try_from(cut.part_size.min(cut.size)).unwrap_or(usize::MAX);
    let mut whole = Sha256::new();
    for (number, _) in (1..=u32::MAX).zip(0..cut.count()) {
        // Our own sender is alive, so this waits until somebody is done with a buffer.
        let Ok(mut bytes) = free.recv() else { return Err(background::stopped()) };
        bytes.reserve_exact(part_size.saturating_sub(bytes.len()));
        source.read_into(&mut bytes, part_size)?;
        if bytes.len() as u64 != cut.size_of(number) {
            return Err(source.changed());
        }
        let bytes = Bytes::from_owner(Buffer { bytes, home: home.clone() });
        // Sent before it is hashed here, so that both happen at once. Nobody takes it when the upload has ended.
        if parts.blocking_send(Part { number, bytes: bytes.clone() }).is_err() || stop.is_wanted() {
            // What was hashed so far is not the file, although nothing may be left to read.
            return Err(background::stopped());
        }
        whole.update(&bytes);
    }
    let mut more = Vec::new();
    source.read_into(&mut more, 1)?;
    if !more.is_empty() {
        return Err(source.changed());
    }
    source.read_as(Checksum::from_digest(whole.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_file_is_cut_into_at_most_ten_thousand_parts() {
        let cut = Cut::new(20, 8);
        assert_eq!((cut.count(), [0, 1, 2, 3, 4].map(|number| cut.size_of(number))), (3, [0, 8, 8, 4, 0]));
        let largest = Cut::new(1 << 30, 8 << 20);
        assert_eq!((largest.count(), largest.part_size), (128, 8 << 20));
        let raised = Cut::new(1 << 40, 8 << 20);
        assert!(raised.count() <= MOST_PARTS && raised.part_size.is_multiple_of(UNIT), "{raised:?}");
    }

    fn source(content: &[u8]) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bin");
        std::fs::write(&path, content).unwrap();
        let source = Source::open(&path).unwrap();
        (folder, source)
    }

    #[tokio::test]
    async fn parts_and_checksum_are_those_of_the_file_and_buffers_are_used_again() {
        let content: Vec<u8> = (0..100_u8).collect();
        let (_folder, source) = source(&content);
        let cut = Cut::new(100, 7);
        let (mut parts, whole) = start(source, cut, 2);
        let mut read = Vec::new();
        let mut places = std::collections::BTreeSet::new();
        while let Some(part) = parts.recv().await {
            places.insert(part.bytes.as_ptr() as usize);
            assert_eq!(part.bytes.len() as u64, cut.size_of(part.number));
            read.extend_from_slice(&part.bytes);
        }
        assert_eq!(read, content);
        assert!(places.len() <= 2, "{places:?}");
        assert_eq!(whole.await.unwrap(), Checksum::from_digest(Sha256::digest(&content).into()));
    }

    #[tokio::test]
    async fn a_file_of_another_length_is_noticed() {
        for wrong in [99, 101] {
            let (_folder, source) = source(&[7; 100]);
            let (mut parts, whole) = start(source, Cut::new(wrong, 7), 2);
            while parts.recv().await.is_some() {}
            assert_eq!(whole.await.unwrap_err().kind(), ErrorKind::Mismatch, "{wrong}");
        }
    }

    #[tokio::test]
    async fn reading_ends_when_nobody_takes_parts() {
        let (_folder, source) = source(&[7; 100]);
        let (parts, whole) = start(source, Cut::new(100, 7), 2);
        drop(parts);
        assert_eq!(whole.await.unwrap_err().kind(), ErrorKind::Io);
    }

    #[tokio::test]
    async fn what_was_not_read_to_its_end_is_no_checksum_of_the_file() {
        let (_folder, source) = source(&[7; 14]);
        // With one buffer, the last part is read when the first is done with, and then nobody takes it.
        let (mut parts, whole) = start(source.clone(), Cut::new(14, 7), 1);
        let first = parts.recv().await.unwrap();
        drop(parts);
        drop(first);
        assert_eq!(whole.await.unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(source.known_checksum(), None);
    }
}

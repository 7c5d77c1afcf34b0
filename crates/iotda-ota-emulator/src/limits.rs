//! How much the emulator takes from its clients.

use crate::start_error::StartError;
use crate::store::most_readers;

/// Most bytes that a head may have. The HTTP library refuses a longer address in its own way, with 414, and one that long
/// does not fit into such a head.
const MOST_HEAD_BYTES: usize = 64 << 10;

/// No request of a client has a shorter head.
const LEAST_HEAD_BYTES: usize = 256;

/// Most connections of a port unless it is said otherwise.
const MOST_CONNECTIONS: usize = 256;

/// Open files that are left to everything but connections and readers: the database, what is synced, the program's own.
const OTHER_FILES: u64 = 48;

/// Open files of a reader: the database and its log.
const FILES_OF_READER: u64 = 2;

/// Open files that a connection of each port can need together: two sockets, two files, and two sockets of clients, which
/// can be in the same process.
const FILES_OF_CONNECTIONS: u64 = 6;

/// Bounds of sizes and numbers, as [`Builder`](crate::Builder) sets them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most bytes of a request body on the IoTDA port; the largest legal create request is far smaller.
    pub(crate) body_bytes: usize,
    /// Most bytes of a dump that a control call loads.
    pub(crate) load_bytes: u64,
    /// Most bytes of the head of a request.
    pub(crate) head_bytes: usize,
    /// Most connections of each port at the same time; further ones wait.
    pub(crate) connections: usize,
    /// Most records of a page, as the API reference has it.
    pub(crate) page: u32,
    /// The largest `offset` of a list, as the API reference has it.
    pub(crate) offset: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            load_bytes: 4 << 30,
            head_bytes: MOST_HEAD_BYTES,
            connections: connections(open_files(), most_readers()),
            page: 50,
            offset: 500,
        }
    }
}

impl Limits {
    /// Refuses what would leave no request that can be answered, and what cannot be kept to.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let positive = "at least 1, or nothing could be answered";
        let head = "from 256 to 65536: no client sends less, and the HTTP library has a limit of its own beyond";
        for (flag, value, possible, rule) in [
            ("--max-body", self.body_bytes, self.body_bytes > 0, positive),
            ("--max-head", self.head_bytes, (LEAST_HEAD_BYTES..=MOST_HEAD_BYTES).contains(&self.head_bytes), head),
            ("--max-connections", self.connections, self.connections > 0, positive),
            ("--max-page", self.page as usize, self.page > 0, positive),
        ] {
            if !possible {
                return Err(StartError::Limit { flag, value, rule });
            }
        }
        Ok(())
    }
}

/// As many connections of each port as this process can have open files for.
fn connections(open_files: Option<u64>, readers: usize) -> usize {
    let others = OTHER_FILES + FILES_OF_READER * readers as u64;
    let possible = open_files.map(|files| files.saturating_sub(others) / FILES_OF_CONNECTIONS);
    possible.and_then(|possible| usize::try_from(possible).ok()).unwrap_or(usize::MAX).clamp(1, MOST_CONNECTIONS)
}

/// How many files this process may have open, if the system says so.
#[cfg(unix)]
fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn open_files() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_as_many_as_there_can_be_open_files_for() {
        for (open_files, expected) in
            [(None, 256), (Some(1 << 20), 256), (Some(1024), 159), (Some(256), 31), (Some(64), 1), (Some(0), 1)]
        {
            assert_eq!(connections(open_files, 10), expected, "{open_files:?}");
        }
        assert_eq!(connections(Some(1024), 72), 138, "a machine with 64 cores");
    }
}

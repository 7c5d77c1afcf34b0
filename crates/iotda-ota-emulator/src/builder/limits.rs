//! How much an emulator takes from its clients: the settings of sizes and numbers. [`Builder::start`] refuses those that
//! are not possible.

use super::Builder;

impl Builder {
    /// Most bytes of a request body on the IoTDA port, 1 MiB by default; at least one.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.limits.body_bytes = bytes;
        self
    }

    /// Most bytes of a file that the control call `POST /emulator/load` takes, 4 GiB by default;
    /// [`Emulator::load`](crate::Emulator::load) has no such limit.
    pub fn max_load_bytes(mut self, bytes: u64) -> Self {
        self.limits.load_bytes = bytes;
        self
    }

    /// Most bytes of the head of a request, on both ports, from 256 to 64 KiB; 64 KiB by default. It is answered with 431
    /// beyond that, and with more than 100 headers.
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.limits.head_bytes = bytes;
        self
    }

    /// Most connections of each port at the same time, at least one; further ones wait.
    ///
    /// Each can hold a socket and an open file, and its client a socket of the same process. By default these are 256, or as
    /// many as the limit of the process for open files allows: 28 when that is 256, as on macOS, and there are 10 cores.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Most records of a page, at least one; 50 by default as documented.
    pub fn max_page(mut self, records: u32) -> Self {
        self.limits.page = records;
        self
    }

    /// The largest `offset` of a list, 500 by default as documented.
    pub fn max_offset(mut self, offset: u32) -> Self {
        self.limits.offset = offset;
        self
    }
}

//! How much an emulator takes from its clients: the settings of sizes and numbers.

use super::Builder;

impl Builder {
    /// Most bytes of a request body on the IoTDA port, 1 MiB by default.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.limits.body_bytes = bytes;
        self
    }

    /// Most bytes of the head of a request, on both ports; 64 KiB by default. It is answered with 431 beyond that, and with
    /// more than 100 headers.
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.limits.head_bytes = bytes;
        self
    }

    /// Most connections of each port at the same time, 256 by default; further ones wait. Each can hold a socket and an open
    /// file.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections.max(1);
        self
    }

    /// Most records of a page, 50 by default as documented.
    pub fn max_page(mut self, records: u32) -> Self {
        self.limits.page = records.max(1);
        self
    }

    /// The largest `offset` of a list, 500 by default as documented.
    pub fn max_offset(mut self, offset: u32) -> Self {
        self.limits.offset = offset;
        self
    }
}

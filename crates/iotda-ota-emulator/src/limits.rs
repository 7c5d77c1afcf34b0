//! How much the emulator takes from its clients.

/// Bounds of sizes and numbers, as [`Builder`](crate::Builder) sets them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most bytes of a request body on the IoTDA port; the largest legal create request is far smaller.
    pub(crate) body_bytes: usize,
    /// Most bytes of the head of a request.
    pub(crate) head_bytes: usize,
    /// Most connections of each port at the same time; further ones wait. Each can hold a socket and an open file, and
    /// many systems allow 1,024 of these to a process.
    pub(crate) connections: usize,
    /// Most records of a page, as the API reference has it.
    pub(crate) page: u32,
    /// The largest `offset` of a list, as the API reference has it.
    pub(crate) offset: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1 << 20, head_bytes: 64 << 10, connections: 256, page: 50, offset: 500 }
    }
}

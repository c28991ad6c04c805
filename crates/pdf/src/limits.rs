/// What a file may cost. Every number is a cap on untrusted input; nothing legitimate is near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. Default 25 MiB.
    pub max_bytes: usize,
    /// Pages. Default 5,000.
    pub max_pages: usize,
    /// Objects that the cross-reference table lists. Default 500,000.
    pub max_objects: usize,
    /// Values inside one object: a list of 500,000 numbers takes 64 MB once read. Default 500,000.
    pub max_values: usize,
    /// Arrays and dictionaries inside each other, and levels of the page tree. Default 100.
    pub max_depth: usize,
    /// Object streams and cross-reference streams after inflating, all together. Default 96 MiB.
    pub max_decompressed_bytes: usize,
    /// Work in all: a byte of syntax is 1, a value 8 more, and an object that is read twice counts twice. Bounds the time
    /// to a few seconds. Default 256 Mi.
    pub max_work: usize,
    /// Signatures. Default 50.
    pub max_signatures: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 25 << 20,
            max_pages: 5_000,
            max_objects: 500_000,
            max_values: 500_000,
            max_depth: 100,
            max_decompressed_bytes: 96 << 20,
            max_work: 256 << 20,
            max_signatures: 50,
        }
    }
}

//! The tables. What they are for is told in [`crate::store`].

/// The version of the schema below.
pub(super) const VERSION: u32 = 4;

/// Makes the tables. The last column of each but `listing` is the checksum of its row, see [`crate::store::sums`].
/// The columns of `filters`, eight of which are looked up for each package, are compared in the order in which most differ.
pub(super) const TABLES: &str = "
CREATE TABLE packages (
    seq INTEGER PRIMARY KEY,
    record_id TEXT NOT NULL UNIQUE,
    package_id TEXT NOT NULL UNIQUE,
    app_id TEXT NOT NULL,
    package_type TEXT NOT NULL,
    product_id TEXT NOT NULL,
    module_name TEXT,
    version TEXT NOT NULL,
    support_source_versions TEXT,
    description TEXT,
    custom_info TEXT,
    create_time TEXT NOT NULL,
    region_name TEXT NOT NULL,
    bucket_name TEXT NOT NULL,
    object_key TEXT NOT NULL,
    sign_method TEXT,
    sign TEXT,
    sum INTEGER NOT NULL AS (row_sum(
        seq, record_id, package_id, app_id, package_type, product_id, module_name, version,
        support_source_versions, description, custom_info, create_time, region_name, bucket_name, object_key,
        sign_method, sign
    )) STORED
) STRICT;

CREATE TABLE filters (
    filter_id INTEGER PRIMARY KEY,
    package_type TEXT NOT NULL,
    app_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    version TEXT NOT NULL,
    packages INTEGER NOT NULL CHECK (packages >= 0),
    sum INTEGER NOT NULL AS (row_sum(filter_id, package_type, app_id, product_id, version, packages)) STORED,
    UNIQUE (version, app_id, product_id, package_type)
) STRICT;

CREATE TABLE listing (
    filter_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (filter_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE sequence (
    last INTEGER NOT NULL,
    last_second INTEGER NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(last, last_second)) STORED
) STRICT;
INSERT INTO sequence VALUES (0, 0);

CREATE TABLE buckets (
    bucket TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(bucket, owner)) STORED
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
    object_id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    sha256 TEXT,
    content_type TEXT NOT NULL,
    modified INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(
        object_id, bucket, key, size, etag, sha256, content_type, modified, metadata
    )) STORED,
    UNIQUE (bucket, key)
) STRICT;

CREATE TABLE object_files (
    object_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(object_id, number, file, size)) STORED,
    PRIMARY KEY (object_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
    upload_id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    content_type TEXT NOT NULL,
    metadata TEXT NOT NULL,
    initiated INTEGER NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(upload_id, bucket, key, content_type, metadata, initiated)) STORED,
    UNIQUE (bucket, key, upload_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    sum INTEGER NOT NULL AS (row_sum(upload_id, number, file, size, etag, modified)) STORED,
    PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;
";

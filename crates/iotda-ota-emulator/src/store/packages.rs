//! Packages in the database: create, show, list, delete.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{StoreError, objects};
use crate::clock::{Clock, IdKind, compact_time, unix_seconds};
use crate::package::{FileLocation, NewPackage, ObsLocation, Package};
use crate::rules::PACKAGE_TYPES;
use crate::rules::list::{Filter, ListQuery};
use crate::rules::stored::{self, Checks, Found};

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) packages: Vec<Package>,
    /// How many packages the filters match, on all pages.
    pub(crate) count: u64,
}

/// What came of an attempt to create a package.
#[derive(Debug)]
pub(super) enum Created {
    Package(Box<Package>),
    /// Nothing was created: the rules need the SHA-256 of the object first.
    NeedsSha256,
}

/// Creates a package, if the rules that depend on what is stored allow it.
pub(super) fn create(
    connection: &Connection,
    clock: &dyn Clock,
    new: NewPackage,
    checks: Checks,
) -> Result<Created, StoreError> {
    let found = find(connection, &new, checks)?;
    if stored::needs_sha256(&new, checks, &found) {
        return Ok(Created::NeedsSha256);
    }
    stored::check(&new, checks, &found).map_err(StoreError::Rejected)?;

    let now = unix_seconds(clock.now());
    let (seq, record_id) = next_record(connection, now)?;
    let package = Package {
        record_id,
        package_id: free_package_id(connection, clock)?,
        create_time: compact_time(now),
        ..new.into()
    };
    add(connection, seq, &package)?;
    Ok(Created::Package(Box::new(package)))
}

/// The next place in the order of packages, and the paging position that belongs to it.
pub(super) fn next_record(connection: &Connection, now: i64) -> Result<(i64, String), StoreError> {
    let (seq, second): (i64, i64) = connection
        .prepare_cached(
            "UPDATE sequence SET last = last + 1, last_second = max(last_second, ?1)
             RETURNING last, last_second",
        )?
        .query_row([now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((seq, format!("{second:08x}{seq:016x}")))
}

/// Writes a package and everything by which it is found.
pub(super) fn add(connection: &Connection, seq: i64, package: &Package) -> Result<(), StoreError> {
    insert(connection, seq, package)?;
    for filter in filters_of(package) {
        let filter_id: i64 = connection
            .prepare_cached(
                "INSERT INTO filters (package_type, app_id, product_id, version, packages)
                 VALUES (?1, ?2, ?3, ?4, 1)
                 ON CONFLICT (package_type, app_id, product_id, version)
                 DO UPDATE SET packages = packages + 1
                 RETURNING filter_id",
            )?
            .query_row(filter, |row| row.get(0))?;
        connection.prepare_cached("INSERT INTO listing (filter_id, seq) VALUES (?1, ?2)")?.execute([filter_id, seq])?;
    }
    Ok(())
}

/// One package with its location.
pub(super) fn show(connection: &Connection, package_id: &str) -> Result<Option<Package>, StoreError> {
    let package = connection
        .prepare_cached("SELECT * FROM packages WHERE package_id = ?1")?
        .query_row([package_id], whole)
        .optional()?;
    Ok(package)
}

/// One page, newest first, and the count of all pages as of the same moment.
pub(super) fn list(connection: &mut Connection, query: &ListQuery) -> Result<Page, StoreError> {
    let snapshot = connection.transaction()?;
    let filter = &query.filter;
    let found: Option<(i64, u64)> = snapshot
        .prepare_cached(
            "SELECT filter_id, packages FROM filters
             WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4",
        )?
        .query_row(params![filter.package_type, filter.app_id, filter.product_id, filter.version], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((filter_id, count)) = found else {
        return Ok(Page { packages: Vec::new(), count: 0 });
    };
    let newest: i64 = match &query.marker {
        None => i64::MAX,
        // `seq` and `record_id` have the same order, so the newest smaller id bounds the page.
        Some(marker) => snapshot
            .prepare_cached("SELECT seq FROM packages WHERE record_id < ?1 ORDER BY record_id DESC LIMIT 1")?
            .query_row([marker], |row| row.get(0))
            .optional()?
            .unwrap_or(0),
    };
    let packages = snapshot
        .prepare_cached(
            "SELECT packages.* FROM (
                 SELECT seq FROM listing WHERE filter_id = ?1 AND seq <= ?2
                 ORDER BY seq DESC LIMIT ?3 OFFSET ?4
             ) AS page JOIN packages ON packages.seq = page.seq
             ORDER BY page.seq DESC",
        )?
        .query_map(params![filter_id, newest, query.limit, query.offset], info)?
        .collect::<Result<_, _>>()?;
    Ok(Page { packages, count })
}

/// Deletes a package; false when there is none.
pub(super) fn delete(connection: &Connection, package_id: &str) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM packages WHERE package_id = ?1 RETURNING *")?
        .query_row([package_id], |row| Ok((row.get::<_, i64>("seq")?, info(row)?)))
        .optional()?;
    let Some((seq, package)) = deleted else {
        return Ok(false);
    };
    for filter in filters_of(&package) {
        let filter_id: i64 = connection
            .prepare_cached(
                "UPDATE filters SET packages = packages - 1
                 WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4
                 RETURNING filter_id",
            )?
            .query_row(filter, |row| row.get(0))?;
        connection
            .prepare_cached("DELETE FROM listing WHERE filter_id = ?1 AND seq = ?2")?
            .execute([filter_id, seq])?;
        connection.prepare_cached("DELETE FROM filters WHERE filter_id = ?1 AND packages = 0")?.execute([filter_id])?;
    }
    Ok(true)
}

/// The eight filters that match a package, as values of the columns of `filters`.
fn filters_of(package: &Package) -> impl Iterator<Item = [&str; 4]> {
    (0..8).map(|given| {
        let pick = |bit: u32, value| if given & (1 << bit) == 0 { "" } else { value };
        [
            package.package_type.as_str(),
            pick(0, package.app_id.as_str()),
            pick(1, package.product_id.as_str()),
            pick(2, package.version.as_str()),
        ]
    })
}

/// Looks up what the rules need to know.
fn find(connection: &Connection, new: &NewPackage, checks: Checks) -> Result<Found, StoreError> {
    let location = &new.obs_location;
    let mut found = Found {
        object: objects::find(connection, &location.bucket_name, &location.object_key)?.map(|object| object.facts()),
        ..Found::default()
    };
    if checks.strict {
        found.duplicate = connection
            .prepare_cached(
                "SELECT EXISTS (
                     SELECT 1 FROM filters
                     JOIN listing ON listing.filter_id = filters.filter_id
                     JOIN packages ON packages.seq = listing.seq
                     WHERE filters.package_type = :package_type AND filters.app_id = :app_id
                     AND filters.product_id = :product_id AND filters.version = :version
                     AND packages.module_name IS :module_name
                 )",
            )?
            .query_row(
                named_params! {
                    ":package_type": new.package_type,
                    ":app_id": new.app_id,
                    ":product_id": new.product_id,
                    ":version": new.version,
                    ":module_name": new.module_name,
                },
                |row| row.get(0),
            )?;
    }
    if checks.limit_packages.is_some() {
        for package_type in PACKAGE_TYPES {
            let filter =
                Filter { package_type: package_type.to_owned(), app_id: new.app_id.clone(), ..Filter::default() };
            found.packages_of_app += count(connection, &filter)?;
        }
    }
    Ok(found)
}

fn count(connection: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    let count = connection
        .prepare_cached(
            "SELECT packages FROM filters
             WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4",
        )?
        .query_row(params![filter.package_type, filter.app_id, filter.product_id, filter.version], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

/// A package id that no package has. Only a [`crate::FixedClock`] over an old folder needs a second try.
pub(super) fn free_package_id(connection: &Connection, clock: &dyn Clock) -> Result<String, StoreError> {
    loop {
        let id = format!("{:032x}", clock.id(IdKind::Package));
        let taken: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM packages WHERE package_id = ?1)")?
            .query_row([&id], |row| row.get(0))?;
        if !taken {
            return Ok(id);
        }
    }
}

fn insert(connection: &Connection, seq: i64, package: &Package) -> Result<(), StoreError> {
    let location = package.file_location.as_ref().map(|location| &location.obs_location);
    connection
        .prepare_cached(
            "INSERT INTO packages VALUES (
                 :seq, :record_id, :package_id, :app_id, :package_type, :product_id, :module_name, :version,
                 :support_source_versions, :description, :custom_info, :create_time,
                 :region_name, :bucket_name, :object_key, :sign_method, :sign
             )",
        )?
        .execute(named_params! {
            ":seq": seq,
            ":record_id": package.record_id,
            ":package_id": package.package_id,
            ":app_id": package.app_id,
            ":package_type": package.package_type,
            ":product_id": package.product_id,
            ":module_name": package.module_name,
            ":version": package.version,
            ":support_source_versions":
                package.support_source_versions.as_ref().map(|versions| versions.join(SEPARATOR)),
            ":description": package.description,
            ":custom_info": package.custom_info,
            ":create_time": package.create_time,
            ":region_name": location.map(|location| &location.region_name),
            ":bucket_name": location.map(|location| &location.bucket_name),
            ":object_key": location.map(|location| &location.object_key),
            ":sign_method": location.and_then(|location| location.sign_method.as_ref()),
            ":sign": location.and_then(|location| location.sign.as_ref()),
        })?;
    Ok(())
}

/// Stands between source versions in their column; the rules allow no blank within one, and none is empty.
const SEPARATOR: &str = " ";

/// A package with its location.
pub(super) fn whole(row: &Row<'_>) -> rusqlite::Result<Package> {
    let mut package = info(row)?;
    package.file_location = Some(FileLocation {
        obs_location: ObsLocation {
            region_name: row.get("region_name")?,
            bucket_name: row.get("bucket_name")?,
            object_key: row.get("object_key")?,
            sign_method: row.get("sign_method")?,
            sign: row.get("sign")?,
        },
    });
    Ok(package)
}

/// A package as lists show it, without its location.
fn info(row: &Row<'_>) -> rusqlite::Result<Package> {
    let versions: Option<String> = row.get("support_source_versions")?;
    Ok(Package {
        record_id: row.get("record_id")?,
        package_id: row.get("package_id")?,
        app_id: row.get("app_id")?,
        package_type: row.get("package_type")?,
        product_id: row.get("product_id")?,
        module_name: row.get("module_name")?,
        version: row.get("version")?,
        support_source_versions: versions.map(|versions| versions.split_whitespace().map(str::to_owned).collect()),
        description: row.get("description")?,
        custom_info: row.get("custom_info")?,
        create_time: row.get("create_time")?,
        file_location: None,
    })
}

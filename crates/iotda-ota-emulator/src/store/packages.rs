//! Packages in the database: create, show, list, delete.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::sums::{self, intact};
use super::{StoreError, objects};
use crate::clock::{Clock, IdKind, compact_time, unix_seconds};
use crate::package::{FileLocation, NewPackage, ObsLocation, Package};
use crate::rules::PACKAGE_TYPES;
use crate::rules::list::{Filter, ListQuery};
use crate::rules::stored::{self, Checks, Found};

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The packages as they are shown, with commas between them.
    pub(crate) json: Vec<u8>,
    /// The paging position of the last of them.
    pub(crate) last: Option<String>,
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
    let mut package = Package { record_id, create_time: compact_time(now), ..new.into() };
    add_with_free_id(connection, clock, seq, &mut package)?;
    Ok(Created::Package(Box::new(package)))
}

/// Writes a package under an id that no package has.
pub(super) fn add_with_free_id(
    connection: &Connection,
    clock: &dyn Clock,
    seq: i64,
    package: &mut Package,
) -> Result<(), StoreError> {
    // Only a clock that counts from one over an old folder needs a second id.
    loop {
        package.package_id = format!("{:032x}", clock.id(IdKind::Package));
        if add(connection, seq, package)? {
            return Ok(());
        }
    }
}

/// The next place in the order of packages, and the paging position that belongs to it.
pub(super) fn next_record(connection: &Connection, now: i64) -> Result<(i64, String), StoreError> {
    let (seq, second): (i64, i64) = connection
        .prepare_cached(concat!(
            "UPDATE sequence SET last = last + 1, last_second = max(last_second, ?1) WHERE ",
            intact!("last, last_second"),
            " RETURNING last, last_second"
        ))?
        .query_row([now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| sums::damaged(DISORDERED))?;
    Ok((seq, format!("{second:08x}{seq:016x}")))
}

/// Writes a package and everything by which it is found; false, and nothing is written, when its id is taken.
pub(super) fn add(connection: &Connection, seq: i64, package: &Package) -> Result<bool, StoreError> {
    if !insert(connection, seq, package)? {
        return Ok(false);
    }
    for filter in filters_of(package) {
        let filter_id: i64 = connection
            .prepare_cached(concat!(
                "INSERT INTO filters (package_type, app_id, product_id, version, packages)
                 VALUES (?1, ?2, ?3, ?4, 1)
                 ON CONFLICT (package_type, app_id, product_id, version)
                 DO UPDATE SET packages = packages + 1 WHERE ",
                intact!("filter_id, packages"),
                " RETURNING filter_id",
            ))?
            .query_row(filter, |row| row.get(0))
            .optional()?
            .ok_or_else(|| sums::damaged(MISCOUNTED))?;
        connection.prepare_cached("INSERT INTO listing (filter_id, seq) VALUES (?1, ?2)")?.execute([filter_id, seq])?;
    }
    Ok(true)
}

/// One package with its location, as it is shown.
pub(super) fn show(connection: &Connection, package_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM packages WHERE package_id = ?1")?;
    let mut rows = statement.query([package_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut json = Vec::with_capacity(512);
    whole(row)?.write_json(&mut json);
    Ok(Some(json))
}

/// One page, newest first, and the count of all pages as of the same moment.
pub(super) fn list(connection: &mut Connection, query: &ListQuery) -> Result<Page, StoreError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let page = list_in_snapshot(connection, query);
    connection.prepare_cached("COMMIT")?.execute([])?;
    page
}

fn list_in_snapshot(connection: &Connection, query: &ListQuery) -> Result<Page, StoreError> {
    let filter = &query.filter;
    let Some((filter_id, count)) = find_filter(connection, filter)? else { return Ok(Page::default()) };
    let newest: i64 = match &query.marker {
        None => i64::MAX,
        // `seq` and `record_id` have the same order, so the newest smaller id bounds the page.
        Some(marker) => connection
            .prepare_cached("SELECT * FROM packages WHERE record_id < ?1 ORDER BY record_id DESC LIMIT 1")?
            .query_row([marker], |row| sums::check(row).and_then(|()| row.get(column::SEQ)))
            .optional()?
            .unwrap_or(0),
    };
    // The packages are read one by one, because a join of both would sort them once more.
    let seqs: Vec<i64> = connection
        .prepare_cached(
            "SELECT seq FROM listing WHERE filter_id = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT ?3 OFFSET ?4",
        )?
        .query_map(params![filter_id, newest, query.limit, query.offset], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // How many come before a marker is not known without counting them.
    let expected = count.saturating_sub(u64::from(query.offset)).min(u64::from(query.limit));
    if query.marker.is_none() && seqs.len() as u64 != expected {
        return Err(sums::damaged(MISCOUNTED).into());
    }
    let mut page = Page { json: Vec::with_capacity(4096), last: None, count };
    let mut statement = connection.prepare_cached("SELECT * FROM packages WHERE seq = ?1")?;
    for (index, seq) in seqs.iter().enumerate() {
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { return Err(sums::damaged("a package of a list is missing").into()) };
        let package = info(row)?;
        if !matches(filter, &package) {
            return Err(sums::damaged("a list has a package of another").into());
        }
        if !page.json.is_empty() {
            page.json.push(b',');
        }
        package.write_json(&mut page.json);
        if index + 1 == seqs.len() {
            page.last = Some(package.record_id.to_owned());
        }
    }
    Ok(page)
}

/// Deletes a package; false when there is none.
pub(super) fn delete(connection: &Connection, package_id: &str) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM packages WHERE package_id = ?1 RETURNING *")?
        .query_row([package_id], |row| {
            let package = info(row)?;
            let filters = filters_of(&package).map(|filter| filter.map(str::to_owned)).collect();
            Ok((row.get(column::SEQ)?, filters))
        })
        .optional()?;
    let Some((seq, filters)): Option<(i64, Vec<[String; 4]>)> = deleted else {
        return Ok(false);
    };
    for filter in filters {
        let filter_id: i64 = connection
            .prepare_cached(concat!(
                "UPDATE filters SET packages = packages - 1
                 WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4 AND ",
                intact!("filter_id, packages"),
                " RETURNING filter_id",
            ))?
            .query_row(filter, |row| row.get(0))
            .optional()?
            .ok_or_else(|| sums::damaged(MISCOUNTED))?;
        connection
            .prepare_cached("DELETE FROM listing WHERE filter_id = ?1 AND seq = ?2")?
            .execute([filter_id, seq])?;
        connection.prepare_cached("DELETE FROM filters WHERE filter_id = ?1 AND packages = 0")?.execute([filter_id])?;
    }
    Ok(true)
}

/// What is wrong when the last place in the order of packages is not known.
pub(super) const DISORDERED: &str = "the order of packages is not what was written";

/// What is wrong when a list and its count do not agree.
const MISCOUNTED: &str = "the packages of a list are not as many as its count";

/// The eight filters that match a package, as values of the columns of `filters`.
fn filters_of<Text: AsRef<str>>(package: &Package<Text>) -> impl Iterator<Item = [&str; 4]> {
    (0..8).map(|given| {
        let pick = |bit: u32, value| if given & (1 << bit) == 0 { "" } else { value };
        [
            package.package_type.as_ref(),
            pick(0, package.app_id.as_ref()),
            pick(1, package.product_id.as_ref()),
            pick(2, package.version.as_ref()),
        ]
    })
}

/// Whether a package belongs to the list of a filter.
fn matches(filter: &Filter, package: &Package<&str>) -> bool {
    let fits = |wanted: &str, found| wanted.is_empty() || wanted == found;
    filter.package_type == package.package_type
        && fits(&filter.app_id, package.app_id)
        && fits(&filter.product_id, package.product_id)
        && fits(&filter.version, package.version)
}

/// Looks up what the rules need to know.
fn find(connection: &Connection, new: &NewPackage, checks: Checks) -> Result<Found, StoreError> {
    let location = &new.obs_location;
    let mut found = Found {
        object: objects::find(connection, &location.bucket_name, &location.object_key)?.map(|object| object.facts()),
        ..Found::default()
    };
    if checks.strict {
        let filter = Filter {
            package_type: new.package_type.clone(),
            app_id: new.app_id.clone(),
            product_id: new.product_id.clone(),
            version: new.version.clone(),
        };
        if let Some((filter_id, _)) = find_filter(connection, &filter)? {
            let mut statement = connection.prepare_cached(
                "SELECT packages.* FROM listing JOIN packages USING (seq) WHERE listing.filter_id = ?1",
            )?;
            let mut rows = statement.query([filter_id])?;
            while let Some(row) = rows.next()? {
                found.duplicate |= info(row)?.module_name == new.module_name.as_deref();
            }
        }
    }
    if checks.limit_packages.is_some() {
        for package_type in PACKAGE_TYPES {
            let filter =
                Filter { package_type: package_type.to_owned(), app_id: new.app_id.clone(), ..Filter::default() };
            found.packages_of_app += find_filter(connection, &filter)?.map_or(0, |(_, packages)| packages);
        }
    }
    Ok(found)
}

/// The id of a filter, and how many packages it matches; nothing when it matches none.
fn find_filter(connection: &Connection, filter: &Filter) -> Result<Option<(i64, u64)>, StoreError> {
    let Filter { package_type, app_id, product_id, version } = filter;
    Ok(connection
        .prepare_cached(
            "SELECT filter_id, packages, sum FROM filters
             WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4",
        )?
        .query_row(params![package_type, app_id, product_id, version], |row| {
            sums::check(row)?;
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?)
}

fn insert(connection: &Connection, seq: i64, package: &Package) -> Result<bool, StoreError> {
    let location = package.file_location.as_ref().map(|location| &location.obs_location);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO packages VALUES (
                 :seq, :record_id, :package_id, :app_id, :package_type, :product_id, :module_name, :version,
                 :support_source_versions, :description, :custom_info, :create_time,
                 :region_name, :bucket_name, :object_key, :sign_method, :sign
             ) ON CONFLICT (package_id) DO NOTHING",
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
    Ok(inserted == 1)
}

/// Stands between source versions in their column; the rules allow no blank within one, and none is empty.
const SEPARATOR: &str = " ";

/// Where the columns of `packages` are in `SELECT *`: a name would be looked for in every row.
mod column {
    pub(super) const SEQ: usize = 0;
    pub(super) const RECORD_ID: usize = 1;
    pub(super) const PACKAGE_ID: usize = 2;
    pub(super) const APP_ID: usize = 3;
    pub(super) const PACKAGE_TYPE: usize = 4;
    pub(super) const PRODUCT_ID: usize = 5;
    pub(super) const MODULE_NAME: usize = 6;
    pub(super) const VERSION: usize = 7;
    pub(super) const SUPPORT_SOURCE_VERSIONS: usize = 8;
    pub(super) const DESCRIPTION: usize = 9;
    pub(super) const CUSTOM_INFO: usize = 10;
    pub(super) const CREATE_TIME: usize = 11;
    pub(super) const REGION_NAME: usize = 12;
    pub(super) const BUCKET_NAME: usize = 13;
    pub(super) const OBJECT_KEY: usize = 14;
    pub(super) const SIGN_METHOD: usize = 15;
    pub(super) const SIGN: usize = 16;
}

/// The columns of a package as they are stored, compared with their checksum.
type Columns<'row> = [ValueRef<'row>; column::SIGN + 1];

/// A package with its location.
pub(super) fn whole<'row>(row: &'row Row<'_>) -> rusqlite::Result<Package<&'row str>> {
    let columns: Columns<'_> = sums::read(row)?;
    let obs_location = ObsLocation {
        region_name: columns[column::REGION_NAME].as_str()?,
        bucket_name: columns[column::BUCKET_NAME].as_str()?,
        object_key: columns[column::OBJECT_KEY].as_str()?,
        sign_method: columns[column::SIGN_METHOD].as_str_or_null()?,
        sign: columns[column::SIGN].as_str_or_null()?,
    };
    Ok(Package { file_location: Some(FileLocation { obs_location }), ..without_location(&columns)? })
}

/// A package as lists show it, without its location.
fn info<'row>(row: &'row Row<'_>) -> rusqlite::Result<Package<&'row str>> {
    without_location(&sums::read(row)?)
}

fn without_location<'row>(columns: &Columns<'row>) -> rusqlite::Result<Package<&'row str>> {
    let versions = columns[column::SUPPORT_SOURCE_VERSIONS].as_str_or_null()?;
    Ok(Package {
        record_id: columns[column::RECORD_ID].as_str()?,
        package_id: columns[column::PACKAGE_ID].as_str()?,
        app_id: columns[column::APP_ID].as_str()?,
        package_type: columns[column::PACKAGE_TYPE].as_str()?,
        product_id: columns[column::PRODUCT_ID].as_str()?,
        module_name: columns[column::MODULE_NAME].as_str_or_null()?,
        version: columns[column::VERSION].as_str()?,
        support_source_versions: versions.map(|versions| versions.split_whitespace().collect()),
        description: columns[column::DESCRIPTION].as_str_or_null()?,
        custom_info: columns[column::CUSTOM_INFO].as_str_or_null()?,
        create_time: columns[column::CREATE_TIME].as_str()?,
        file_location: None,
    })
}

//! Packages in the database: create, show, list, delete.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{self, column};
use super::filters::{self, Listed, Lists};
use super::record_id::{self, RecordId};
use super::sums;
use super::{StoreError, objects};
use crate::clock::{Clock, IdKind, compact_time, unix_seconds};
use crate::package::{NewPackage, Package};
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
    let id = RecordId::next(connection, now)?;
    let mut package = Package { record_id: id.write(), create_time: compact_time(now), ..new.into() };
    let lists = filters::lists(connection, &package)?;
    // Everything was read and is whole; only from here on something is written.
    id.give_out(connection)?;
    add_with_free_id(connection, clock, id.seq, &mut package, lists)?;
    Ok(Created::Package(Box::new(package)))
}

/// Writes a package under an id that no package has.
pub(super) fn add_with_free_id(
    connection: &Connection,
    clock: &dyn Clock,
    seq: i64,
    package: &mut Package,
    lists: Lists,
) -> Result<(), StoreError> {
    // Only a clock that counts from one over an old folder needs a second id.
    loop {
        package.package_id = format!("{:032x}", clock.id(IdKind::Package));
        if add(connection, seq, package, lists)? {
            return Ok(());
        }
    }
}

/// Writes a package and everything by which it is found; false, and nothing is written, when its id is taken.
pub(super) fn add(connection: &Connection, seq: i64, package: &Package, lists: Lists) -> Result<bool, StoreError> {
    if !columns::insert(connection, seq, package)? {
        return Ok(false);
    }
    filters::enter(connection, seq, package, lists)?;
    Ok(true)
}

/// One package with its location, as it is shown.
pub(super) fn show(connection: &Connection, package_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM packages WHERE package_id = ?1")?;
    let mut rows = statement.query([package_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut json = Vec::with_capacity(512);
    columns::whole(row)?.write_json(&mut json);
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
    let Some(Listed { filter_id, packages: count }) = filters::find(connection, filter)? else {
        return Ok(Page::default());
    };
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
        return Err(sums::damaged(filters::MISCOUNTED).into());
    }
    if !seqs.is_sorted_by(|newer, older| newer > older) {
        return Err(sums::damaged("a list is not in its order").into());
    }
    let mut page = Page { json: Vec::with_capacity(4096), last: None, count };
    let mut statement = connection.prepare_cached("SELECT * FROM packages WHERE seq = ?1")?;
    for (index, seq) in seqs.iter().enumerate() {
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { return Err(sums::damaged("a package of a list is missing").into()) };
        let package = columns::info(row)?;
        if !filters::matches(filter, &package) {
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
    let (seq, lists) = {
        let mut find = connection.prepare_cached("SELECT * FROM packages WHERE package_id = ?1")?;
        let mut rows = find.query([package_id])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        (row.get(column::SEQ)?, filters::lists(connection, &columns::info(row)?)?)
    };
    filters::leave(connection, seq, lists)?;
    connection.prepare_cached("DELETE FROM packages WHERE seq = ?1")?.execute([seq])?;
    Ok(true)
}

/// Deletes all packages; the order of later ones begins anew.
pub(super) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["packages", "listing", "filters"] {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    record_id::restart(connection)
}

/// Looks up what the rules need to know.
fn find(connection: &Connection, new: &NewPackage, checks: Checks) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if checks.objects || checks.strict {
        let location = &new.obs_location;
        found.object =
            objects::find(connection, &location.bucket_name, &location.object_key)?.map(|object| object.facts());
    }
    if checks.strict {
        let filter = Filter {
            package_type: new.package_type.clone(),
            app_id: new.app_id.clone(),
            product_id: new.product_id.clone(),
            version: new.version.clone(),
        };
        if let Some(Listed { filter_id, .. }) = filters::find(connection, &filter)? {
            let mut statement = connection.prepare_cached(
                "SELECT packages.* FROM listing JOIN packages USING (seq) WHERE listing.filter_id = ?1",
            )?;
            let mut rows = statement.query([filter_id])?;
            while let Some(row) = rows.next()? {
                found.duplicate |= columns::info(row)?.module_name == new.module_name.as_deref();
            }
        }
    }
    if checks.limit_packages.is_some() {
        for package_type in PACKAGE_TYPES {
            let filter =
                Filter { package_type: package_type.to_owned(), app_id: new.app_id.clone(), ..Filter::default() };
            found.packages_of_app += filters::find(connection, &filter)?.map_or(0, |listed| listed.packages);
        }
    }
    Ok(found)
}

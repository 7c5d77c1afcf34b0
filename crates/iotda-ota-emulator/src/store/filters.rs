//! The lists of packages: which packages each combination of filters matches, in order and counted.
//!
//! Of a package there are eight combinations, see [`crate::store`]. Nothing else reads or writes `filters` and `listing`.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::StoreError;
use super::sums;
use crate::package::Package;
use crate::rules::list::Filter;

/// What is wrong when a list and its count do not agree.
pub(super) const MISCOUNTED: &str = "the packages of a list are not as many as its count";

/// The values that a filter has in the columns of `filters`; an empty text matches any value.
type Values<'text> = [&'text str; 4];

/// One list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) filter_id: i64,
    /// How many packages it has.
    pub(super) packages: u64,
}

/// The list of a filter; nothing when it matches no package.
pub(super) fn find(connection: &Connection, filter: &Filter) -> Result<Option<Listed>, StoreError> {
    Ok(query(&mut connection.prepare_cached(FIND)?, values(filter))?)
}

/// The lists that a package belongs in, found and checked before anything is written; nothing for one that has to begin.
pub(super) type Lists = [Option<Listed>; LISTS];

/// Finds the lists that a package belongs in.
pub(super) fn lists<Text: AsRef<str>>(connection: &Connection, package: &Package<Text>) -> Result<Lists, StoreError> {
    let mut find = connection.prepare_cached(FIND)?;
    let mut lists = [None; LISTS];
    for (given, values) in values_of(package).enumerate() {
        // Where a wider filter matches nothing, a narrower one matches nothing either.
        let is_empty = (0..given).any(|wider| wider & given == wider && lists[wider].is_none());
        if !is_empty {
            lists[given] = query(&mut find, values)?;
        }
    }
    Ok(lists)
}

/// Enters a package into its lists.
pub(super) fn enter(connection: &Connection, seq: i64, package: &Package, lists: Lists) -> Result<(), StoreError> {
    let mut count = connection.prepare_cached(COUNT)?;
    let mut begin = connection.prepare_cached(
        "INSERT INTO filters (package_type, app_id, product_id, version, packages) VALUES (?1, ?2, ?3, ?4, 1)",
    )?;
    let mut list = connection.prepare_cached("INSERT INTO listing (filter_id, seq) VALUES (?1, ?2)")?;
    for (values, found) in values_of(package).zip(lists) {
        let filter_id = match found {
            Some(Listed { filter_id, packages }) => {
                count.execute(params![filter_id, packages + 1])?;
                filter_id
            }
            None => begin.insert(values)?,
        };
        list.execute([filter_id, seq])?;
    }
    Ok(())
}

/// Takes a package off its lists; a list without packages is gone.
pub(super) fn leave(connection: &Connection, seq: i64, lists: Lists) -> Result<(), StoreError> {
    if lists.iter().any(Option::is_none) {
        return Err(sums::damaged(MISCOUNTED).into());
    }
    let mut count = connection.prepare_cached(COUNT)?;
    let mut end = connection.prepare_cached("DELETE FROM filters WHERE filter_id = ?1")?;
    let mut unlist = connection.prepare_cached("DELETE FROM listing WHERE filter_id = ?1 AND seq = ?2")?;
    for Listed { filter_id, packages } in lists.into_iter().flatten() {
        match packages {
            0 | 1 => end.execute([filter_id])?,
            _ => count.execute(params![filter_id, packages - 1])?,
        };
        unlist.execute([filter_id, seq])?;
    }
    Ok(())
}

/// Whether a package belongs to the list of a filter.
pub(super) fn matches(filter: &Filter, package: &Package<&str>) -> bool {
    let fits = |wanted: &str, found| wanted.is_empty() || wanted == found;
    filter.package_type == package.package_type
        && fits(&filter.app_id, package.app_id)
        && fits(&filter.product_id, package.product_id)
        && fits(&filter.version, package.version)
}

/// How many lists a package is in: each of app, product and version is given or not.
const LISTS: usize = 8;

const FIND: &str = "SELECT filter_id, packages, sum FROM filters
                    WHERE package_type = ?1 AND app_id = ?2 AND product_id = ?3 AND version = ?4";

const COUNT: &str = "UPDATE filters SET packages = ?2 WHERE filter_id = ?1";

fn query(find: &mut CachedStatement<'_>, values: Values<'_>) -> rusqlite::Result<Option<Listed>> {
    find.query_row(values, |row| {
        // With the values that were looked for, so that an index that leads to another list is noticed, too.
        let [package_type, app_id, product_id, version] = values.map(ValueRef::from);
        let (filter_id, packages) = (row.get_ref(0)?, row.get_ref(1)?);
        sums::compare(row, 2, [filter_id, package_type, app_id, product_id, version, packages].into_iter())?;
        Ok(Listed { filter_id: row.get(0)?, packages: row.get(1)? })
    })
    .optional()
}

fn values(filter: &Filter) -> Values<'_> {
    [&filter.package_type, &filter.app_id, &filter.product_id, &filter.version]
}

/// The filters that match a package.
fn values_of<Text: AsRef<str>>(package: &Package<Text>) -> impl Iterator<Item = Values<'_>> {
    (0..LISTS).map(|given| {
        let pick = |bit: u32, value| if given & (1 << bit) == 0 { "" } else { value };
        [
            package.package_type.as_ref(),
            pick(0, package.app_id.as_ref()),
            pick(1, package.product_id.as_ref()),
            pick(2, package.version.as_ref()),
        ]
    })
}

//! A package as a row of the table `packages`: writing it, and reading it with its checksum compared.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, named_params};

use super::sums;
use crate::package::{FileLocation, ObsLocation, Package};

/// Writes a package; false, and nothing is written, when its id is taken.
pub(super) fn insert(connection: &Connection, seq: i64, package: &Package) -> rusqlite::Result<bool> {
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
pub(super) mod column {
    pub(in crate::store) const SEQ: usize = 0;
    pub(in crate::store) const RECORD_ID: usize = 1;
    pub(in crate::store) const PACKAGE_ID: usize = 2;
    pub(in crate::store) const APP_ID: usize = 3;
    pub(in crate::store) const PACKAGE_TYPE: usize = 4;
    pub(in crate::store) const PRODUCT_ID: usize = 5;
    pub(in crate::store) const MODULE_NAME: usize = 6;
    pub(in crate::store) const VERSION: usize = 7;
    pub(in crate::store) const SUPPORT_SOURCE_VERSIONS: usize = 8;
    pub(in crate::store) const DESCRIPTION: usize = 9;
    pub(in crate::store) const CUSTOM_INFO: usize = 10;
    pub(in crate::store) const CREATE_TIME: usize = 11;
    pub(in crate::store) const REGION_NAME: usize = 12;
    pub(in crate::store) const BUCKET_NAME: usize = 13;
    pub(in crate::store) const OBJECT_KEY: usize = 14;
    pub(in crate::store) const SIGN_METHOD: usize = 15;
    pub(in crate::store) const SIGN: usize = 16;
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
pub(super) fn info<'row>(row: &'row Row<'_>) -> rusqlite::Result<Package<&'row str>> {
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

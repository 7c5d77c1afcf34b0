//! The text that is signed.

use std::collections::BTreeMap;

use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use zeroize::Zeroizing;

use super::dialect::Dialect;
use super::error::SignError;
use super::resource::{BucketForm, Resource};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// What stands in an explanation where a secret is in the text that is signed.
pub(super) const MASK: &str = "***";

/// Whether secrets in the headers are written as they are, to be signed, or masked, to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Kept,
    Masked,
}

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) dialect: Dialect,
    pub(super) bucket: BucketForm,
    pub(super) secrets: Secrets,
}

impl Style {
    /// That of the reference.
    pub(super) const OBS: Self = Self { dialect: Dialect::Obs, bucket: BucketForm::WithSlash, secrets: Secrets::Kept };
}

/// Builds the text that is signed; with masked secrets it is good for explanations only.
pub(super) fn build(
    method: &Method,
    resource: &Resource<'_>,
    headers: &HeaderMap,
    style: Style,
) -> Result<String, SignError> {
    let own_date = single(headers, &style.dialect.date())?;
    let date = single(headers, &DATE)?;
    if own_date.or(date).is_none_or(str::is_empty) {
        return Err(SignError::MissingDate);
    }
    let date = if own_date.is_some() { None } else { date };
    let first_lines = [Some(method.as_str()), single(headers, &CONTENT_MD5)?, single(headers, &CONTENT_TYPE)?, date];

    // More than is needed: a text that grows would leave copies of a security token behind.
    let room = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 2;
    let resource_room = 64 + 3 * (resource.bucket.map_or(0, str::len) + resource.key.map_or(0, str::len));
    let mut out = String::with_capacity(resource_room + headers.iter().map(room).sum::<usize>());
    for line in first_lines {
        out.push_str(line.unwrap_or_default());
        out.push('\n');
    }
    write_service_headers(headers, style, &mut out)?;
    resource.write(&mut out, style)?;
    Ok(out)
}

fn write_service_headers(headers: &HeaderMap, style: Style, out: &mut String) -> Result<(), SignError> {
    let mut lines = BTreeMap::<&str, Zeroizing<String>>::new();
    // Values of one name come in the order in which they were added, which is the order on the wire.
    for (name, value) in headers {
        if !name.as_str().starts_with(style.dialect.header_prefix()) {
            continue;
        }
        let value = match style.secrets {
            Secrets::Masked if style.dialect.is_secret(name) => MASK,
            _ => text(name, value)?,
        };
        lines
            .entry(name.as_str())
            .and_modify(|line| {
                line.push(',');
                line.push_str(value);
            })
            .or_insert_with(|| Zeroizing::new(value.to_owned()));
    }
    for (name, value) in lines {
        out.push_str(name);
        out.push(':');
        out.push_str(&value);
        out.push('\n');
    }
    Ok(())
}

/// The value of a header that may occur once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, SignError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => text(name, value).map(Some),
        (Some(_), Some(_)) => Err(SignError::RepeatedHeader(name.clone())),
    }
}

/// The value as text, without the blanks around it that HTTP does not count as part of it.
fn text<'a>(name: &HeaderName, value: &'a HeaderValue) -> Result<&'a str, SignError> {
    value.to_str().map(|text| text.trim_matches([' ', '\t'])).map_err(|_| SignError::HeaderNotAscii(name.clone()))
}

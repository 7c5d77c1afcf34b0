//! What the fuzz target `request` cannot do: signatures of OBS requests.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, DATE};
use http::{HeaderValue, Request};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Resource, authorization};

use super::target::Target;
use crate::clock::{http_date, unix_seconds};

/// Signs a request in path style, unless it has an `Authorization` of its own or cannot be signed.
pub(crate) fn sign<Body>((id, secret): (&str, &str), request: &mut Request<Body>) {
    if request.headers().contains_key(AUTHORIZATION) {
        return;
    }
    let Ok(target) = Target::in_path(request.uri()) else { return };
    let date = HeaderValue::try_from(http_date(unix_seconds(SystemTime::now()))).expect("visible ASCII");
    request.headers_mut().entry(DATE).or_insert(date);
    let query: Vec<_> = target.query.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let bucket = Some(target.bucket.as_str()).filter(|bucket| !bucket.is_empty());
    let resource = Resource { bucket, key: Some(&target.key), query: &query };
    if let Ok(value) = authorization(&AccessKey { id, secret }, request.method(), &resource, request.headers()) {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
}

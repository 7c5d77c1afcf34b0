//! A request that the generated builders could not hold: its address and headers are made here.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use iotda_ota_client::{OperationInfo, Transport};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::Call;
use crate::client::Client;
use crate::endpoint;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

/// Everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Call {
    /// Sends a request that the generated builders could not hold.
    pub(crate) async fn send_raw<T>(
        &self,
        client: &Client,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
        body: Option<Vec<u8>>,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, Error> {
        let mut request = reqwest::Request::new(method, self.url(segments, query)?);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(instance) = client.instance_id() {
            let value = HeaderValue::from_str(instance.as_str())
                .map_err(|error| Error::new(ErrorKind::Invalid, "Instance-Id: no header value").with_source(error))?;
            request.headers_mut().insert("Instance-Id", value);
        }
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        let info = OperationInfo { operation_id: self.operation.name };
        let sent = match self.prepare(&mut request, &info).await {
            Ok(()) => self.execute(&self.http, request, &info).await.map(|_| None),
            Err(_) => Ok(None),
        };
        self.conclude(sent, read)
    }

    fn url(&self, segments: &[&str], query: &[(&str, String)]) -> Result<Url, Error> {
        let mut text = endpoint::base(&self.endpoint).to_owned();
        for segment in segments {
            // Without this the address would be that of something else.
            if matches!(*segment, "" | "." | "..") {
                let message = format!("{segment:?} cannot be a part of an address");
                return Err(Error::new(ErrorKind::Invalid, message).with_operation(self.operation.name));
            }
            text.push('/');
            text.extend(utf8_percent_encode(segment, ENCODED));
        }
        let mut url = Url::parse(&text).map_err(|error| {
            Error::new(ErrorKind::Invalid, "the address of the request cannot be built").with_source(error)
        })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

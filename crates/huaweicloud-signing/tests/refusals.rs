//! Each request that is refused because its signature would be a guess, and its neighbors that are not.

use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{
    Resource, SignError, VerifyError, authorization, parse_authorization, string_to_sign, verify,
};

const TIME: &str = "Sat, 11 Feb 2023 12:12:12 GMT";
const OBJECT: Resource<'static> = Resource { bucket: Some("fw-bucket"), key: Some("a.bin"), query: &[] };

/// `Date` and these headers, in this order.
fn headers(more: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(DATE, HeaderValue::from_static(TIME));
    for &(name, value) in more {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

/// The lines of the string to sign after the first four.
fn signed(resource: &Resource<'_>, headers: &HeaderMap) -> Result<String, SignError> {
    let text = string_to_sign(&Method::GET, resource, headers)?;
    Ok(text.split('\n').skip(4).collect::<Vec<_>>().join("\n"))
}

fn signed_query(query: &[(&str, Option<&str>)]) -> Result<String, SignError> {
    let text = signed(&Resource { query, ..OBJECT }, &headers(&[]))?;
    Ok(text.replace("/fw-bucket/a.bin", ""))
}

#[test]
fn refuses_a_request_without_a_time() {
    for value in [None, Some(""), Some(" \t")] {
        for name in ["date", "x-obs-date"] {
            let headers = value
                .map(|value| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .into_iter()
                .collect();
            assert_eq!(string_to_sign(&Method::GET, &OBJECT, &headers), Err(SignError::MissingDate));
        }
    }
}

#[test]
fn x_obs_date_replaces_date() {
    let text = string_to_sign(&Method::GET, &OBJECT, &headers(&[("x-obs-date", TIME)]));
    let expected = format!("GET\n\n\n\nx-obs-date:{TIME}\n/fw-bucket/a.bin");
    assert_eq!(text, Ok(expected));
}

#[test]
fn refuses_a_repeated_header_that_has_one_line_of_its_own() {
    for name in ["date", "x-obs-date", "content-type", "content-md5"] {
        let headers = headers(&[(name, "a"), (name, "a")]);
        assert_eq!(
            string_to_sign(&Method::GET, &OBJECT, &headers),
            Err(SignError::RepeatedHeader(HeaderName::from_static(name)))
        );
    }
}

#[test]
fn joins_repeated_obs_headers_with_a_comma() {
    let headers = headers(&[("x-obs-meta-name", "name1"), ("x-obs-acl", "private"), ("x-obs-meta-name", " name2 ")]);
    assert_eq!(
        signed(&OBJECT, &headers).as_deref(),
        Ok("x-obs-acl:private\nx-obs-meta-name:name1,name2\n/fw-bucket/a.bin")
    );
}

#[test]
fn drops_blanks_at_both_ends_of_a_value() {
    let trimmed = headers(&[("content-type", "text/plain"), ("x-obs-acl", "a b")]);
    let padded = headers(&[("content-type", " text/plain\t"), ("x-obs-acl", "\t a b ")]);
    assert_eq!(string_to_sign(&Method::GET, &OBJECT, &padded), string_to_sign(&Method::GET, &OBJECT, &trimmed));
}

#[test]
fn signs_no_other_header() {
    let headers = headers(&[("host", "fw-bucket.example.com"), ("range", "bytes=0-1"), ("x-amz-acl", "private")]);
    assert_eq!(signed(&OBJECT, &headers).as_deref(), Ok("/fw-bucket/a.bin"));
}

#[test]
fn refuses_header_values_outside_ascii() {
    for name in [
        CONTENT_TYPE,
        DATE,
        HeaderName::from_static("content-md5"),
        HeaderName::from_static("x-obs-date"),
        HeaderName::from_static("x-obs-meta-name"),
    ] {
        let mut headers = headers(&[]);
        let value = HeaderValue::from_bytes("固件".as_bytes()).expect("bytes above 127 are legal");
        headers.insert(name.clone(), value);
        assert_eq!(string_to_sign(&Method::GET, &OBJECT, &headers), Err(SignError::HeaderNotAscii(name)));
    }
}

#[test]
fn names_bucket_and_service_as_the_reference_does() {
    let bucket = Resource { key: None, ..OBJECT };
    let empty_key = Resource { key: Some(""), ..OBJECT };
    let domain = Resource { bucket: Some("obs.ccc.com"), key: Some("object.txt"), query: &[] };
    for (resource, expected) in [
        (bucket, "/fw-bucket/"),
        (empty_key, "/fw-bucket/"),
        (Resource::default(), "/"),
        (domain, "/obs.ccc.com/object.txt"),
    ] {
        assert_eq!(signed(&resource, &headers(&[])).as_deref(), Ok(expected));
    }
}

#[test]
fn encodes_everything_in_a_key_that_could_be_mistaken() {
    let resource = Resource { key: Some("//a?acl&b=%2F#\n*'~_.-"), ..OBJECT };
    assert_eq!(signed(&resource, &headers(&[])).as_deref(), Ok("/fw-bucket///a%3Facl%26b%3D%252F%23%0A%2A%27~_.-"));
}

#[test]
fn refuses_a_bucket_that_is_none() {
    for bucket in ["", "a/b", "a?acl", "a\nb", "a b", "固件"] {
        let resource = Resource { bucket: Some(bucket), ..OBJECT };
        assert_eq!(signed(&resource, &headers(&[])), Err(SignError::InvalidBucket));
    }
}

#[test]
fn refuses_a_key_without_a_bucket() {
    let resource = Resource { bucket: None, ..OBJECT };
    assert_eq!(signed(&resource, &headers(&[])), Err(SignError::KeyWithoutBucket));
}

#[test]
fn sorts_sub_resources_and_leaves_out_the_rest_of_the_query() {
    let query = [
        ("versionId", Some("xxx")),
        ("prefix", Some("a b")),
        ("response-content-type", Some("text/plain")),
        ("prefix", None),
        ("acl", None),
    ];
    assert_eq!(signed_query(&query).as_deref(), Ok("?acl&response-content-type=text/plain&versionId=xxx"));
}

#[test]
fn refuses_a_repeated_sub_resource() {
    let query = [("uploadId", Some("1")), ("acl", None), ("uploadId", None)];
    assert_eq!(signed_query(&query), Err(SignError::RepeatedSubResource("uploadId".to_owned())));
}

#[test]
fn refuses_query_items_on_which_the_sources_disagree() {
    for name in ["UploadId", "ACL", "attname", "customDomain", "x-obs-unheard-of", "x-amz-date", "X-OBS-security-token"]
    {
        assert_eq!(signed_query(&[(name, Some("1"))]), Err(SignError::UnknownSubResource(name.to_owned())));
    }
}

#[test]
fn refuses_sub_resource_values_that_encoding_would_change() {
    for value in ["", "a b", "a+b", "a&b", "a=b", "a%20b", "固件", "a\nb"] {
        assert_eq!(
            signed_query(&[("uploadId", Some(value))]),
            Err(SignError::UnclearSubResourceValue("uploadId".to_owned()))
        );
    }
}

#[test]
fn refuses_an_access_key_that_cannot_be_used() {
    for id in ["", "A:B", "A B", "A\n", "固件"] {
        let key = AccessKey { id, secret: "fake-secret" };
        assert_eq!(authorization(&key, &Method::GET, &OBJECT, &headers(&[])), Err(SignError::InvalidAccessKeyId));
    }
    let key = AccessKey { id: "FAKEACCESSKEY", secret: "" };
    assert_eq!(authorization(&key, &Method::GET, &OBJECT, &headers(&[])), Err(SignError::EmptySecret));
}

#[test]
fn refuses_another_scheme() {
    for value in [
        "",
        "OBS",
        "obs A:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "aws A:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AWSA:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AWS4-HMAC-SHA256 Credential=A",
        "OBSA:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert_eq!(parse_authorization(&HeaderValue::from_static(value)), Err(VerifyError::OtherScheme), "{value}");
    }
}

#[test]
fn refuses_a_malformed_authorization() {
    for value in [
        "OBS ",
        "OBS A",
        "OBS A:",
        "OBS :AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "OBS  A:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "OBS A: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "OBS A:B:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "OBS A:AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "OBS A:AAAAAAAAAAAAAAAAAAAAAAAAAAB=",
        "OBS A:AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "OBS A:AAAA",
    ] {
        assert_eq!(parse_authorization(&HeaderValue::from_static(value)), Err(VerifyError::Malformed), "{value}");
    }
    let bytes = HeaderValue::from_bytes(b"OBS \xff:AAAA").expect("bytes above 127 are legal");
    assert_eq!(parse_authorization(&bytes), Err(VerifyError::Malformed));
}

#[test]
fn a_mismatch_explains_itself_without_secrets() {
    let headers = headers(&[
        ("x-obs-security-token", "fake-token"),
        ("x-obs-server-side-encryption-customer-key", "fake-sse-key"),
        ("x-obs-meta-version", "V2.0"),
    ]);
    let resource = Resource { query: &[("x-obs-security-token", Some("fake-token"))], ..OBJECT };
    let value = HeaderValue::from_static("OBS FAKEACCESSKEY:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let claim = parse_authorization(&value).expect("a claim");
    let answer = verify("fake-secret", &claim, &Method::GET, &resource, &headers);

    let lines = [
        "GET",
        "",
        "",
        TIME,
        "x-obs-meta-version:V2.0",
        "x-obs-security-token:***",
        "x-obs-server-side-encryption-customer-key:***",
        "/fw-bucket/a.bin?x-obs-security-token=***",
    ];
    let string_to_sign = lines.join("\n");
    assert_eq!(answer, Err(VerifyError::Mismatch { string_to_sign }));
    assert!(!format!("{claim:?} {answer:?}").contains("fake"));
}

#[test]
fn a_request_that_cannot_be_signed_does_not_verify() {
    let value = HeaderValue::from_static("OBS FAKEACCESSKEY:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let claim = parse_authorization(&value).expect("a claim");
    assert_eq!(
        verify("fake-secret", &claim, &Method::GET, &OBJECT, &HeaderMap::new()),
        Err(VerifyError::NotSignable(SignError::MissingDate))
    );
    assert_eq!(
        verify("", &claim, &Method::GET, &OBJECT, &headers(&[])),
        Err(VerifyError::NotSignable(SignError::EmptySecret))
    );
}

#[test]
fn an_authorization_is_marked_as_sensitive() {
    let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
    let value = authorization(&key, &Method::GET, &OBJECT, &headers(&[])).expect("a signature");
    assert!(value.is_sensitive());
}

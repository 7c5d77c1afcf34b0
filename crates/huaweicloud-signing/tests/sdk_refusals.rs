//! Each request that the gateway schemes refuse because its signature would be a guess, and its neighbors that they do
//! not.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::canonical::{self, Payload, Request, SignError, SignedHeaders};

const TIME: &str = "20230211T121212Z";
const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// SHA-256 of `{}`.
const BRACES_HASH: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// `X-Sdk-Date` and these headers, in this order.
fn headers(more: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-sdk-date", HeaderValue::from_static(TIME));
    for &(name, value) in more {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

fn request(headers: &HeaderMap) -> Request<'_> {
    Request { method: &Method::GET, path: "/v5/things", query: None, headers, payload: Payload::Bytes(b"") }
}

/// The canonical request with every header signed.
fn canonical(request: &Request<'_>) -> Result<String, SignError> {
    request.canonical(&SignedHeaders::new(request.headers.keys())?)
}

/// One line of the canonical request.
fn line(number: usize, request: &Request<'_>) -> Result<String, SignError> {
    canonical(request).map(|text| text.split('\n').nth(number).expect("enough lines").to_owned())
}

fn path(path: &str) -> Result<String, SignError> {
    line(1, &Request { path, ..request(&headers(&[])) })
}

fn query(query: &str) -> Result<String, SignError> {
    line(2, &Request { query: Some(query), ..request(&headers(&[])) })
}

fn payload(payload: Payload<'_>, stated: Option<&'static str>) -> Result<String, SignError> {
    let stated: Vec<_> = stated.iter().map(|stated| ("x-sdk-content-sha256", *stated)).collect();
    let text = canonical(&Request { payload, ..request(&headers(&stated)) })?;
    Ok(text.rsplit('\n').next().expect("a last line").to_owned())
}

#[test]
fn refuses_a_request_without_a_time() {
    let headers = HeaderMap::new();
    let answer = request(&headers).canonical(&SignedHeaders::usual(&headers));
    assert_eq!(answer, Err(SignError::MissingDate));
}

#[test]
fn refuses_a_time_that_sdks_would_change() {
    for value in [
        "",
        "20230211",
        "2023-02-11T12:12:12Z",
        "20230229T121212Z",
        "20230211T121260Z",
        "20230211T121212",
        "20230211t121212z",
    ] {
        let headers = [(HeaderName::from_static("x-sdk-date"), HeaderValue::from_static(value))].into_iter().collect();
        assert_eq!(canonical(&request(&headers)), Err(SignError::InvalidDate), "{value}");
    }
}

#[test]
fn refuses_a_method_in_lower_case() {
    let (method, headers) = (Method::from_bytes(b"get").expect("a method"), headers(&[]));
    assert_eq!(
        canonical(&Request { method: &method, ..request(&headers) }),
        Err(SignError::LowercaseMethod(method.clone()))
    );
}

#[test]
fn a_path_gets_a_slash_at_the_end() {
    for (given, expected) in [("/", "/"), ("/a", "/a/"), ("/a/", "/a/"), ("/A-b/c_d.e~f", "/A-b/c_d.e~f/")] {
        assert_eq!(path(given).as_deref(), Ok(expected));
    }
}

#[test]
fn encodes_what_all_sdks_encode_alike_in_a_path() {
    assert_eq!(path("/a:b@c!$&()*+,;=").as_deref(), Ok("/a%3Ab%40c%21%24%26%28%29%2A%2B%2C%3B%3D/"));
}

#[test]
fn refuses_path_characters_that_sdks_encode_differently() {
    for unclear in ['%', '\'', '"', '<', '>', '[', ']', '\\', '^', '`', '{', '|', '}', ' ', '\n', '?', '#', '固'] {
        assert_eq!(path(&format!("/a{unclear}41/b")), Err(SignError::UnclearPathCharacter(unclear)));
    }
}

#[test]
fn refuses_path_segments_that_the_documentation_removes() {
    for (given, segment) in [
        ("//", ""),
        ("//a", ""),
        ("/a//b", ""),
        ("/a//", ""),
        ("/.", "."),
        ("/a/./b", "."),
        ("/a/..", ".."),
        ("/../", ".."),
    ] {
        assert_eq!(path(given), Err(SignError::UnclearPathSegment(segment.to_owned())), "{given}");
    }
    assert_eq!(path("/.../a.").as_deref(), Ok("/.../a./"));
}

#[test]
fn refuses_a_path_that_is_not_absolute() {
    for given in ["", "*", "a/b", "https://example.com/"] {
        assert_eq!(path(given), Err(SignError::RelativePath));
    }
}

#[test]
fn no_query_and_an_empty_query_are_the_same() {
    assert_eq!(query("").as_deref(), Ok(""));
    assert_eq!(line(2, &request(&headers(&[]))).as_deref(), Ok(""));
}

#[test]
fn sorts_the_query_before_encoding() {
    assert_eq!(query("b=2&%7E=3&a=x%20y&b=1&a=x%2by&%5B=&B=0").as_deref(), Ok("B=0&%5B=&a=x%20y&a=x%2By&b=1&b=2&~=3"));
    assert_eq!(query("a=b=c/d:e").as_deref(), Ok("a=b%3Dc%2Fd%3Ae"));
}

#[test]
fn refuses_a_query_that_can_be_read_in_two_ways() {
    assert_eq!(query("a=x+y"), Err(SignError::PlusInQuery));
    assert_eq!(query("a+b=x"), Err(SignError::PlusInQuery));
    for (given, item) in [("a", "a"), ("a=1&b", "b"), ("a=1&&b=2", ""), ("a=1&", "")] {
        assert_eq!(query(given), Err(SignError::QueryItemWithoutValue(item.to_owned())), "{given}");
    }
    for given in ["a=%", "a=%4", "a=%4g", "%zz=1", "a=100%&b=1", "a=%ff", "a=%E5%9B"] {
        assert_eq!(query(given), Err(SignError::MalformedQuery), "{given}");
    }
}

#[test]
fn refuses_a_query_whose_order_depends_on_utf_16() {
    // As UTF-16, an emoji sorts before a full-width letter, as UTF-8 after it.
    let unclear = |name: &str| Err(SignError::UnclearQueryOrder(name.to_owned()));
    assert_eq!(canonical::query([("a", "😀"), ("a", "ｗ")]), unclear("a"));
    assert_eq!(canonical::query([("ｗ", ""), ("😀", "")]), unclear("ｗ"));
    assert!(canonical::query([("a", "😀"), ("b", "ｗ"), ("ｗ", "")]).is_ok());
}

#[test]
fn refuses_repeated_numbers_whose_order_depends_on_their_type() {
    let unclear = || Err(SignError::UnclearQueryOrder("id".to_owned()));
    assert_eq!(query("id=2&id=10"), unclear());
    assert_eq!(query("id=-2&id=-1"), unclear());
    assert_eq!(query("id=2&id=3&other=10").as_deref(), Ok("id=2&id=3&other=10"));
    assert_eq!(query("id=2a&id=10a").as_deref(), Ok("id=10a&id=2a"));
}

#[test]
fn refuses_a_signed_header_that_is_absent_repeated_or_not_text() {
    let none = headers(&[]);
    let signed = SignedHeaders::new([&HOST]).expect("a signable name");
    assert_eq!(request(&none).canonical(&signed), Err(SignError::MissingHeader("host".to_owned())));

    for name in ["x-custom", "x-sdk-date", "x-sdk-content-sha256"] {
        let twice = headers(&[(name, EMPTY_HASH), (name, EMPTY_HASH)]);
        // The date and the hash may not be repeated even where they are not signed as headers.
        let name = HeaderName::from_static(name);
        let signed = SignedHeaders::new((name == "x-custom").then_some(&name)).expect("signable names");
        let error = SignError::RepeatedHeader(name.clone());
        assert_eq!(request(&twice).canonical(&signed), Err(error));
    }

    let mut bytes = headers(&[]);
    bytes.insert(CONTENT_TYPE, HeaderValue::from_bytes(b"\xff").expect("bytes above 127 are legal"));
    assert_eq!(canonical(&request(&bytes)), Err(SignError::HeaderNotUtf8(CONTENT_TYPE)));
    assert!(request(&bytes).canonical(&SignedHeaders::new([]).expect("the date")).is_ok());
}

#[test]
fn keeps_blanks_inside_a_value_and_refuses_those_around_it() {
    let inside = headers(&[("x-custom", "a  b\tc"), ("x-empty", "")]);
    assert_eq!(line(3, &request(&inside)).as_deref(), Ok("x-custom:a  b\tc"));
    assert_eq!(line(4, &request(&inside)).as_deref(), Ok("x-empty:"));
    for value in [" a", "a ", "\ta", "a\t", " "] {
        let around = headers(&[("x-custom", value)]);
        let name = HeaderName::from_static("x-custom");
        assert_eq!(canonical(&request(&around)), Err(SignError::BlankAroundHeader(name)));
    }
    // Python and Go count the no-break space as a blank.
    let mut around = headers(&[]);
    around.insert("x-custom", HeaderValue::from_bytes("a\u{a0}".as_bytes()).expect("bytes above 127 are legal"));
    assert!(matches!(canonical(&request(&around)), Err(SignError::BlankAroundHeader(_))));
}

#[test]
fn refuses_header_names_that_sdks_treat_differently() {
    for name in ["authorization", "x_custom", "x.custom", "x!custom", "x~custom"] {
        let name = HeaderName::from_static(name);
        assert_eq!(SignedHeaders::new([&name]), Err(SignError::UnsignableHeader(name.clone())));
    }
}

#[test]
fn the_usual_headers_leave_out_what_may_change_on_the_way() {
    let present = headers(&[
        ("host", "a.example.com"),
        ("user-agent", "test/1"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-security-token", "fake-token"),
        ("authorization", "Basic fake"),
        ("content-length", "0"),
    ]);
    assert_eq!(SignedHeaders::usual(&present).to_string(), "host;x-sdk-date;x-security-token");
    assert_eq!(SignedHeaders::usual(&HeaderMap::new()).to_string(), "x-sdk-date");
}

#[test]
fn a_payload_is_hashed_or_stated() {
    let braces = Payload::Bytes(b"{}");
    for (given, stated, expected) in [
        (Payload::Bytes(b""), None, EMPTY_HASH),
        (Payload::Bytes(b""), Some(EMPTY_HASH), EMPTY_HASH),
        (braces, None, BRACES_HASH),
        (braces, Some(BRACES_HASH), BRACES_HASH),
        (braces, Some("UNSIGNED-PAYLOAD"), "UNSIGNED-PAYLOAD"),
        (Payload::Unsigned, Some("UNSIGNED-PAYLOAD"), "UNSIGNED-PAYLOAD"),
        (Payload::Sha256([0xab; 32]), None, &"ab".repeat(32)),
        (Payload::Sha256([0xab; 32]), Some("UNSIGNED-PAYLOAD"), "UNSIGNED-PAYLOAD"),
    ] {
        assert_eq!(payload(given, stated).as_deref(), Ok(expected), "{given:?} {stated:?}");
    }
}

#[test]
fn refuses_a_payload_that_contradicts_what_is_stated() {
    let braces = Payload::Bytes(b"{}");
    for (given, stated, expected) in [
        (Payload::Unsigned, None, SignError::UnsignedPayloadNotStated),
        (Payload::Unsigned, Some(BRACES_HASH), SignError::ContentHashMismatch),
        (braces, Some(EMPTY_HASH), SignError::ContentHashMismatch),
        (Payload::Sha256([0xab; 32]), Some(BRACES_HASH), SignError::ContentHashMismatch),
        (Payload::Bytes(b""), Some("UNSIGNED-PAYLOAD"), SignError::UnsignedEmptyPayload),
        (braces, Some("unsigned-payload"), SignError::InvalidContentHash),
        (braces, Some(""), SignError::InvalidContentHash),
        (
            braces,
            Some("44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A"),
            SignError::InvalidContentHash,
        ),
    ] {
        assert_eq!(payload(given, stated), Err(expected), "{given:?} {stated:?}");
    }
}

#[test]
fn an_unsigned_header_does_no_harm() {
    let (alone, crowd) =
        (headers(&[]), headers(&[("x_y", "1"), ("accept", "a"), ("accept", " b "), ("authorization", "Basic fake")]));
    let signed = SignedHeaders::usual(&alone);
    assert_eq!(request(&alone).canonical(&signed), request(&crowd).canonical(&signed));
    assert!(matches!(SignedHeaders::new(crowd.keys()), Err(SignError::UnsignableHeader(_))));
    assert!(SignedHeaders::new(crowd.keys().filter(|name| **name != AUTHORIZATION && *name != "x_y")).is_ok());
}

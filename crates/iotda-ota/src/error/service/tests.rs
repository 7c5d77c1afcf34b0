//! What is read from answers of every shape.

use proptest::prelude::*;

use super::shapes::LONGEST_MESSAGE;
use super::*;

fn read(body: &str) -> (Option<String>, Option<String>) {
    let error = ServiceError::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes());
    (error.error_code, error.error_msg)
}

fn found(code: &str, message: &str) -> (Option<String>, Option<String>) {
    (Some(code.to_owned()), Some(message.to_owned()))
}

#[test]
fn reads_the_four_shapes_of_json() {
    for body in [
        r#"{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}"#,
        r#"{"errorCode":"IOTDA.000006","errorMsg":"Invalid input data."}"#,
        r#"{"code":"IOTDA.000006","message":"Invalid input data."}"#,
        r#"{"error":{"code":"IOTDA.000006","message":"Invalid input data."}}"#,
    ] {
        assert_eq!(read(body), found("IOTDA.000006", "Invalid input data."), "{body}");
    }
}

#[test]
fn a_code_is_found_in_an_answer_that_is_a_success_otherwise() {
    for body in [
        r#"{"package_id":"1","error_code":"IOTDA.000006"}"#,
        r#"{"error\u005fcode":"IOTDA.000006","packages":[{"a":[{}]}]}"#,
        r#"{"error_code":7}"#,
        r#"{"error_code":"IOTDA.000006","error_code":"0"}"#,
    ] {
        assert!(has_error_code(body.as_bytes()), "{body}");
    }
    for body in [
        r#"{"package_id":"1"}"#,
        r#"{"error_code":"0"}"#,
        r#"{"error_code":0}"#,
        r#"{"error_code":""}"#,
        r#"{"error_code":null}"#,
        r#"{"packages":[{"error_code":"IOTDA.000006"}]}"#,
        r#"[{"error_code":"IOTDA.000006"}]"#,
        r#"{"error_code":"IOTDA.0000"#,
        "",
    ] {
        assert!(!has_error_code(body.as_bytes()), "{body}");
    }
}

#[test]
fn reads_an_error_of_obs() {
    let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no such key</Message>\
                <RequestId>1</RequestId></Error>";
    assert_eq!(read(body), found("NoSuchKey", "no such key"));
}

#[test]
fn keeps_the_words_of_a_page() {
    let body = "<html><head><title>502</title><style>\nbody {width: 35em}</style><script>x < 1</script></head>\n\
                <body><h1>Bad Gateway</h1></body></html>";
    assert_eq!(read(body), (None, Some("502 Bad Gateway".to_owned())));
}

#[test]
fn survives_half_a_json_nothing_and_bytes_that_are_no_text() {
    assert_eq!(read(r#"{"error_code":"IOTDA.0"#), (None, Some(r#"{"error_code":"IOTDA.0"#.to_owned())));
    assert_eq!(read(""), (None, None));
    let error = ServiceError::read(StatusCode::BAD_GATEWAY, &HeaderMap::new(), &[0xff, 0xfe, 0x00]);
    assert_eq!(error.status, Some(502));
}

#[test]
fn keeps_a_message_on_one_line_and_within_bounds() {
    let message = "a\\u001b[31m\\nb".to_owned() + &"x".repeat(10_000);
    let found = read(&format!(r#"{{"error_msg":"{message}"}}"#)).1.unwrap();
    assert!(found.starts_with("a [31m b") && found.len() == LONGEST_MESSAGE, "{found}");
}

#[test]
fn searches_nested_objects_only_so_deep() {
    let nested = "{\"a\":".repeat(100) + "{\"code\":\"deep\"}" + &"}".repeat(100);
    assert_eq!(read(&nested).0, None);
}

#[test]
fn keeps_the_request_id_of_any_service() {
    for name in REQUEST_ID_HEADERS {
        let mut headers = HeaderMap::new();
        headers.insert(name, http::HeaderValue::from_static("id-1"));
        assert_eq!(request_id(&headers).as_deref(), Some("id-1"), "{name}");
    }
}

fn bounded(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.chars().count() <= LONGEST_MESSAGE && !text.chars().any(char::is_control))
}

proptest! {
    #[test]
    fn any_answer_is_read_without_panic_on_one_line_and_within_bounds(
        status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..400), id in "[ -~]{0,40}",
        shape in prop::option::of("(<Error><Code>|<html><script>|\\{\"error_code\":|\\{\"error\":\\{\"code\":)"),
    ) {
        let body = [shape.unwrap_or_default().into_bytes(), body].concat();
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", http::HeaderValue::from_str(&id).unwrap());
        let read = ServiceError::read(StatusCode::from_u16(status).unwrap(), &headers, &body);
        prop_assert_eq!(read.status, Some(status));
        prop_assert_eq!(read.request_id.as_deref(), Some(id.as_str()));
        prop_assert!(bounded(read.error_code.as_deref()) && bounded(read.error_msg.as_deref()));
        let _ = has_error_code(&body);
    }

    #[test]
    fn any_message_is_read_as_it_was_written(code in "[A-Z]{1,5}\\.[0-9]{1,6}", message in "[^\\p{C}]{1,80}") {
        let body = serde_json::json!({ "error_code": code, "error_msg": message }).to_string();
        prop_assert_eq!(read(&body), found(&code, &message));
    }

    #[test]
    fn any_message_of_obs_is_read_as_it_was_written(code in "[A-Za-z]{1,20}", message in "[!-~é升]([ -~é升]{0,40}[!-~é升])?") {
        let written = quick_xml::escape::escape(message.as_str());
        let body = format!("<Error><Code>{code}</Code><Message>{written}</Message><HostId>x</HostId></Error>");
        prop_assert_eq!(read(&body), found(&code, &message));
    }
}

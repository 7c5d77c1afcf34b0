//! What holds for every list in the XML of OBS, and for the answers around them.

use http::{HeaderMap, StatusCode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use quick_xml::escape::escape;

use super::*;
use crate::obs::multipart::{Begun, Completed};

/// Text that XML can hold: no control characters, and no blanks at its ends, which a reader may drop.
const TEXT: &str = "[!-~éλ升]([ -~éλ升]{0,20}[!-~éλ升])?";

fn reply(body: String) -> Reply {
    Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into(), request_id: None, attempt: 1 }
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

proptest! {
    #[test]
    fn a_list_of_parts_is_read_as_it_was_written(
        parts in vec((1_u32..=10_000, TEXT, any::<u64>()), 0..5), truncated in any::<bool>(), next in option::of("[0-9]{1,5}"),
    ) {
        let body: String = parts
            .iter()
            .map(|(number, etag, size)| {
                let inner = element("PartNumber", &number.to_string()) + &element("ETag", etag);
                // What else OBS says of a part is not looked at.
                format!("<Part>{inner}<LastModified>now</LastModified>{}</Part>", element("Size", &size.to_string()))
            })
            .chain(next.iter().map(|next| element("NextPartNumberMarker", next)))
            .collect();
        let truncated_text = element("IsTruncated", &truncated.to_string());
        let page: PartPage = read("test", &reply(format!("<ListPartsResult>{truncated_text}{body}</ListPartsResult>"))).unwrap();
        let found: Vec<_> = page.parts.into_iter().map(|part| (part.number, part.etag, part.size)).collect();
        prop_assert_eq!((found, page.truncated, page.next), (parts, truncated, next));
    }

    #[test]
    fn a_list_of_uploads_is_read_as_it_was_written(
        uploads in vec((TEXT, "[0-9A-Za-z]{1,32}"), 0..5), next in option::of((TEXT, "[0-9A-Za-z]{1,32}")),
    ) {
        let mut body: String = uploads
            .iter()
            .map(|(key, id)| format!("<Upload>{}{}</Upload>", element("Key", key), element("UploadId", id)))
            .collect();
        if let Some((key, id)) = &next {
            body += &(element("NextKeyMarker", key) + &element("NextUploadIdMarker", id));
        }
        let page: UploadPage =
            read("test", &reply(format!("<ListMultipartUploadsResult>{body}</ListMultipartUploadsResult>"))).unwrap();
        let found: Vec<_> = page.uploads.into_iter().map(|upload| (upload.key, upload.upload_id)).collect();
        prop_assert_eq!((found, page.truncated), (uploads, false));
        prop_assert_eq!((page.next_key, page.next_upload_id), next.unzip());
    }

    #[test]
    fn any_answer_is_understood_or_an_error(
        before in "(<\\?xml version=\"1.0\"\\?>)?", name in "[A-Za-z]{1,9}", body in "(<[A-Za-z/]{0,9}>|&[a-z]{0,4};|[ -~]){0,30}",
    ) {
        let reply = reply(format!("{before}<{name}>{body}</{name}>"));
        for error in [
            read::<Begun>("test", &reply).err(),
            read::<Completed>("test", &reply).err(),
            read::<PartPage>("test", &reply).err(),
            read::<UploadPage>("test", &reply).err(),
        ].into_iter().flatten() {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }

    #[test]
    fn an_error_with_a_status_of_success_is_read_as_it_was_written(code in "[A-Za-z]{1,20}", message in TEXT) {
        let error = format!("<Error>{}{}</Error>", element("Code", &code), element("Message", &message));
        let error = read::<Completed>("test", &reply(error)).err().unwrap();
        prop_assert_eq!((error.error_code(), error.error_msg()), (Some(code.as_str()), Some(message.as_str())));
    }
}

//! Parts of objects: `Range` on GET.

use http::Method;

use super::{is, refused};
use crate::client::Caller;

const TEXT: &str = "0123456789";

async fn get(caller: &Caller, range: &str) -> reqwest::Response {
    caller.obs(Method::GET, "a.bin", &[("range", range)], "").await
}

#[tokio::test]
async fn a_range_is_answered_with_its_bytes() {
    let caller = Caller::new().await;
    caller.upload("a.bin", TEXT.as_bytes()).await;
    for (range, content_range, text) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=0-99", "bytes 0-9/10", TEXT),
        ("bytes=-3", "bytes 7-9/10", "789"),
    ] {
        let answer = get(&caller, range).await;
        assert_eq!(answer.status().as_u16(), 206, "{range}");
        assert_eq!(answer.headers()["content-range"], content_range, "{range}");
        assert_eq!(answer.headers()["content-length"], text.len().to_string(), "{range}");
        assert_eq!(answer.text().await.unwrap(), text, "{range}");
    }
}

#[tokio::test]
async fn a_range_behind_the_end_is_refused_and_a_broken_one_ignored() {
    let caller = Caller::new().await;
    caller.upload("a.bin", TEXT.as_bytes()).await;
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
        assert_eq!(refused(get(&caller, range).await).await, is(416, "InvalidRange"), "{range}");
    }
    for range in ["bytes=4-2", "bytes=0-1,3-4", "lines=1-2"] {
        let answer = get(&caller, range).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, TEXT), "{range}");
    }
}

#[tokio::test]
async fn a_range_may_cross_parts_and_begin_in_any() {
    let caller = Caller::new().await;
    let least = 100 << 10;
    let id = caller.create_upload("a.bin").await;
    let mut parts = Vec::new();
    for (number, size) in [(1, least), (2, least), (3, 7)] {
        parts.push((number, caller.put_part("a.bin", &id, number, size).await));
    }
    assert_eq!(caller.complete("a.bin", &id, &parts).await.status().as_u16(), 200);
    let whole = caller.obs(Method::GET, "a.bin", &[], "").await.bytes().await.unwrap();
    assert_eq!(whole.len(), 2 * least + 7);
    for (first, last) in
        [(0, 0), (least - 1, least), (5, 2 * least + 2), (2 * least, 2 * least + 6), (least, 2 * least - 1)]
    {
        let answer = get(&caller, &format!("bytes={first}-{last}")).await;
        assert_eq!(answer.bytes().await.unwrap(), whole[first..=last], "{first}-{last}");
    }
}

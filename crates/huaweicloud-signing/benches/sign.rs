//! What a signature costs: a create request with a body of 4 KB, by both gateway schemes, and the share of it that is
//! the SHA-256 of the body.
//!
//! `cargo bench -p huaweicloud-signing`; the goal is less than 10 µs for a signature.

use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderValue, Method};
use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
use huaweicloud_signing::v11::{self, Key, Scope};
use huaweicloud_signing::{AccessKey, sdk_hmac};
use sha2::{Digest as _, Sha256};

const KEY: AccessKey<'static> =
    AccessKey { id: "FAKEAK0000000000TEST", secret: "fake-sk-for-benchmarks-only-000000000000" };
const SCOPE: Scope<'static> = Scope { region: "cn-north-4", service: "iotdm" };
const BODY: &[u8] = &[b'x'; 4096];

fn main() {
    divan::main();
}

fn headers() -> HeaderMap {
    [
        ("content-type", "application/json"),
        ("host", "iotda.cn-north-4.myhuaweicloud.com"),
        ("instance-id", "11112222-3333-4444-5555-666677778888"),
        ("user-agent", "bench/1.0"),
        ("x-project-id", "0123456789abcdef0123456789abcdef"),
        ("x-sdk-date", "20230211T121212Z"),
    ]
    .into_iter()
    .map(|(name, value)| (name.parse().expect("a header name"), HeaderValue::from_static(value)))
    .collect()
}

fn request(headers: &HeaderMap) -> Request<'_> {
    Request {
        method: &Method::POST,
        path: "/v5/iot/0123456789abcdef0123456789abcdef/ota-upgrades/packages",
        query: None,
        headers,
        payload: Payload::Bytes(BODY),
    }
}

#[divan::bench]
fn sha256_of_the_body(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Sha256::digest(black_box(BODY)));
}

#[divan::bench]
fn sdk_hmac_sign(bencher: Bencher<'_, '_>) {
    let headers = headers();
    bencher.bench(|| {
        let request = black_box(request(&headers));
        sdk_hmac::authorization(&KEY, &request, &SignedHeaders::usual(&headers))
    });
}

#[divan::bench]
fn sdk_hmac_verify(bencher: Bencher<'_, '_>) {
    let headers = headers();
    let value =
        sdk_hmac::authorization(&KEY, &request(&headers), &SignedHeaders::usual(&headers)).expect("a signature");
    bencher.bench(|| {
        let claim = sdk_hmac::parse_authorization(black_box(&value)).expect("a claim");
        sdk_hmac::verify(KEY.secret, &claim, &request(&headers)).expect("a match");
    });
}

#[divan::bench]
fn v11_sign(bencher: Bencher<'_, '_>) {
    let headers = headers();
    bencher.bench(|| {
        let request = black_box(request(&headers));
        v11::authorization(&KEY, &SCOPE, &request, &SignedHeaders::usual(&headers))
    });
}

#[divan::bench]
fn v11_sign_with_a_kept_key(bencher: Bencher<'_, '_>) {
    let headers = headers();
    let key = Key::derive(&KEY, &SCOPE, "20230211").expect("a key");
    bencher.bench(|| {
        let request = black_box(request(&headers));
        key.authorization(&request, &SignedHeaders::usual(&headers))
    });
}

#[divan::bench]
fn v11_verify_with_a_kept_key(bencher: Bencher<'_, '_>) {
    let headers = headers();
    let key = Key::derive(&KEY, &SCOPE, "20230211").expect("a key");
    let value = key.authorization(&request(&headers), &SignedHeaders::usual(&headers)).expect("a signature");
    bencher.bench(|| {
        let claim = v11::parse_authorization(black_box(&value)).expect("a claim");
        key.verify(&claim, &request(&headers)).expect("a match");
    });
}

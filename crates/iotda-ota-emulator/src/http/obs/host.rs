//! Which bucket the host of a request names: the virtual-host style.

use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;

/// What the host says about the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InHost {
    /// Nothing: the bucket is in the path.
    Nothing,
    Bucket(String),
    /// This one, if there is such a bucket; else it is a part of the server's name.
    BucketIfItExists(String),
}

impl InHost {
    /// Reads the host of a request.
    pub(super) fn of(parts: &Parts) -> Self {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        Self::read(host.or_else(|| parts.uri.host()).unwrap_or_default())
    }

    fn read(host: &str) -> Self {
        // An address of version 6 has its colons in brackets.
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name.starts_with("obs.") || name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
            return Self::Nothing;
        }
        // Only in these two forms can it be told where a bucket with a dot in its name ends.
        if let Some((bucket, _)) = name.split_once(".obs.") {
            return Self::Bucket(bucket.to_owned());
        }
        if let Some(bucket) = name.strip_suffix(".localhost") {
            return Self::Bucket(bucket.to_owned());
        }
        match name.split_once('.') {
            Some((bucket, _)) => Self::BucketIfItExists(bucket.to_owned()),
            None => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_buckets_from_servers() {
        let bucket = |name: &str| InHost::Bucket(name.to_owned());
        for (host, expected) in [
            ("127.0.0.1:8791", InHost::Nothing),
            ("[::1]:8791", InHost::Nothing),
            ("localhost:8791", InHost::Nothing),
            ("emulator", InHost::Nothing),
            ("", InHost::Nothing),
            ("obs.emulator-1.example.com", InHost::Nothing),
            ("obs.localhost:8791", InHost::Nothing),
            ("fw.localhost:8791", bucket("fw")),
            ("FW.Localhost.", bucket("fw")),
            ("fw.v2.localhost", bucket("fw.v2")),
            ("fw.v2.obs.cn-north-4.myhuaweicloud.com", bucket("fw.v2")),
            ("fw.example.com:80", InHost::BucketIfItExists("fw".to_owned())),
        ] {
            assert_eq!(InHost::read(host), expected, "{host}");
        }
    }

    proptest! {
        #[test]
        fn any_bucket_before_a_known_server_is_found(bucket in "[a-z0-9][a-z0-9-]{1,20}(\\.[a-z0-9][a-z0-9-]{0,9})?", port in any::<u16>()) {
            prop_assume!(!bucket.starts_with("obs.") && !bucket.contains(".obs"));
            for server in ["localhost", "obs.cn-north-4.myhuaweicloud.com", "LOCALHOST."] {
                prop_assert_eq!(InHost::read(&format!("{bucket}.{server}:{port}")), InHost::Bucket(bucket.clone()));
            }
        }

        #[test]
        fn any_address_names_no_bucket(address in any::<IpAddr>(), port in any::<u16>()) {
            prop_assert_eq!(InHost::read(&std::net::SocketAddr::new(address, port).to_string()), InHost::Nothing);
        }

        #[test]
        fn any_text_is_survived(host in ".{0,40}") {
            let _ = InHost::read(&host);
        }
    }
}

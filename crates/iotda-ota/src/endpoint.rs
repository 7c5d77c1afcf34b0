//! Addresses: which region has which, and what a given one says about itself.

use http::Uri;
use url::{Host, Url};

use crate::validate::Violations;

/// The regions with a shared IoTDA address, as in the official Python SDK (huaweicloudsdkiotda 3.1.219).
///
/// The list is not complete, and a shared address serves only accounts with the basic edition; every other instance
/// has an address of its own, which the console shows.
const SHARED: [&str; 13] = [
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "cn-east-3",
    "cn-north-4",
    "cn-south-1",
    "cn-south-4",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "ru-moscow-1",
    "sa-brazil-1",
];

/// The shared IoTDA address of a region, if one is known.
pub(crate) fn iotda_of(region: &str) -> Option<String> {
    SHARED.contains(&region).then(|| format!("https://iotda.{region}.myhuaweicloud.com"))
}

/// The regions with an IAM address of their own (huaweicloudsdkcore 3.1.219, `auth/endpoint.py`).
const IAM: [&str; 27] = [
    "ae-ad-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-southwest-2",
    "eu-west-0",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "sa-brazil-1",
    "tr-west-1",
];

/// The IAM address of a region; one address serves all that have none of their own.
pub(crate) fn iam_of(region: Option<&str>) -> Url {
    let own = region.filter(|region| IAM.contains(region));
    let host =
        own.map_or_else(|| "iam.myhuaweicloud.com".to_owned(), |region| format!("iam.{region}.myhuaweicloud.com"));
    // Only known region ids go into the text, so it always parses.
    Url::parse(&format!("https://{host}")).unwrap_or_else(|_| unreachable!("a known region makes an address"))
}

/// The OBS address of a region. One pattern serves all; it is confirmed for few (not verified for the others).
pub(crate) fn obs_of(region: &str) -> String {
    format!("https://obs.{region}.myhuaweicloud.com")
}

/// What stands right before the region in the address of a dedicated IoTDA instance.
const DEDICATED: &str = "iotda-app";

/// The region that an address names: that of a dedicated IoTDA instance, or of OBS.
pub(crate) fn region_in(endpoint: &Url) -> Option<String> {
    let labels: Vec<_> = endpoint.host_str()?.split('.').collect();
    let after = |name| labels.iter().position(|label| *label == name).map(|at| &labels[at + 1..]);
    let region = match (after(DEDICATED), after("obs")) {
        // Whatever domain follows: the provider has several, and a private address has its own.
        (Some([region, _, ..]), _) => region,
        // Anybody may call a host `obs`, so there the provider's domain has to follow.
        (None, Some([region, "myhuaweicloud", ..])) => region,
        _ => return None,
    };
    Some(*region).filter(|region| !region.is_empty()).map(str::to_owned)
}

/// True if the address is that of a dedicated instance.
pub(crate) fn is_dedicated(endpoint: &Url) -> bool {
    endpoint.host_str().is_some_and(|host| host.split('.').any(|label| label == DEDICATED))
}

/// True if the host names no bucket: an IP address or localhost, where the bucket goes into the path.
pub(crate) fn is_path_style(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// True if the address is that of this machine.
pub(crate) fn is_loopback(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Reads a base address that credentials are sent to: over plain `http` only to this machine, unless that is allowed.
pub(crate) fn secure(field: &str, text: &str, plain_http: bool, violations: &mut Violations) -> Option<Url> {
    let url = parse(field, text, violations)?;
    if url.scheme() == "http" && !plain_http && !is_loopback(&url) {
        let help = "use https://, or allow plain http explicitly (--plain-http); everybody on the way can read the \
                    credentials then";
        violations.add(field, "an https:// address", text, help);
        return None;
    }
    Some(url)
}

/// Reads a base address: a scheme and a host, perhaps a port and a path, nothing more.
pub(crate) fn parse(field: &str, text: &str, violations: &mut Violations) -> Option<Url> {
    const RULE: &str = "an address such as https://host or http://127.0.0.1:8790";
    // What stands before an @ may be a password, whatever else is wrong.
    if text.contains('@') {
        violations.add_hidden(field, "an address without a user name", "leave the part before @ out");
        return None;
    }
    // `host:8790` would parse as a scheme; what http can send is the better judge.
    let usable = text.parse::<Uri>().is_ok();
    let url = Url::parse(text).ok().filter(|url| {
        let plain = url.query().is_none() && url.fragment().is_none();
        usable && plain && url.has_host() && matches!(url.scheme(), "http" | "https")
    });
    if url.is_none() {
        violations.add(field, RULE, text, "give scheme, host and, if needed, port");
    }
    url
}

/// A base address without the slash at its end, ready for a path.
pub(crate) fn base(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        let mut violations = Violations::default();
        parse("endpoint", text, &mut violations).unwrap_or_else(|| panic!("{violations}"))
    }

    #[test]
    fn finds_the_region_in_dedicated_and_obs_addresses() {
        for (text, region) in [
            ("https://9bc34xxxxx.st1.iotda-app.ap-southeast-1.myhuaweicloud.com", Some("ap-southeast-1")),
            ("https://9bc34xxxxx.iotda-app.cn-north-4.myhuaweicloud.com:443", Some("cn-north-4")),
            ("https://9bc34xxxxx.st1.iotda-app.eu-west-101.myhuaweicloud.eu", Some("eu-west-101")),
            ("https://9bc34xxxxx.iotda-app.cn-north-4.example", Some("cn-north-4")),
            ("https://iotda-app.example", None),
            ("https://iotda-app..example", None),
            ("https://obs.cn-north-1.myhuaweicloud.com", Some("cn-north-1")),
            ("https://obs.cn-north-1.example.com", None),
            ("https://iotda.cn-north-4.myhuaweicloud.com", None),
            ("http://127.0.0.1:8791", None),
        ] {
            assert_eq!(region_in(&url(text)).as_deref(), region, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_base_address() {
        for text in
            ["", "host:8790", "ftp://host", "https://", "https://a b", "https://h/?q", "http://u:p@h", "u:p@h:1", "//h"]
        {
            let mut violations = Violations::default();
            assert!(parse("endpoint", text, &mut violations).is_none(), "{text}");
            assert_eq!(violations.len(), 1, "{text}");
            assert!(!violations.to_string().contains("u:p"));
        }
    }

    #[test]
    fn addresses_the_bucket_in_the_path_on_this_machine_only() {
        assert!(is_path_style(&url("http://127.0.0.1:1")) && is_path_style(&url("http://[::1]:1")));
        assert!(is_path_style(&url("http://localhost:1")));
        assert!(!is_path_style(&url("https://obs.cn-north-4.myhuaweicloud.com")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_what_is_taken_is_a_base_address(
            text in "((https?|ftp)(:|://|:/))?(\\PC|[@?#:/.\\[\\]%\\\\]){0,40}", plain_http: bool,
        ) {
            let mut violations = Violations::default();
            match parse("endpoint", &text, &mut violations) {
                Some(url) => {
                    prop_assert!(violations.is_empty() && url.has_host() && !text.contains('@'));
                    prop_assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
                    let safe = url.scheme() == "https" || is_loopback(&url);
                    let secure = secure("endpoint", &text, plain_http, &mut violations);
                    prop_assert_eq!(secure.is_some(), safe || plain_http);
                    let _ = (region_in(&url), is_dedicated(&url), is_path_style(&url));
                    prop_assert!(!base(&url).ends_with('/'));
                }
                None => {
                    prop_assert_eq!(violations.len(), 1);
                    prop_assert!(secure("endpoint", &text, plain_http, &mut violations).is_none());
                }
            }
        }

        #[test]
        fn the_region_of_an_instance_is_found_in_any_domain_and_that_of_obs_in_the_domain_of_the_provider(
            before in "[a-z0-9]{0,8}", service in "(iotda-app|obs|iotda)", region in "[a-z]{2,4}-[a-z]{4,9}-[0-9]{1,3}",
            domain in "(myhuaweicloud|example|[a-z]{1,9}\\.[a-z]{1,9})", top in "(com|eu|cn)",
        ) {
            let dot = if before.is_empty() { "" } else { "." };
            let found = region_in(&url(&format!("https://{before}{dot}{service}.{region}.{domain}.{top}")));
            let expected = match service.as_str() {
                "iotda-app" => Some(region),
                "obs" => Some(region).filter(|_| domain == "myhuaweicloud"),
                _ => None,
            };
            prop_assert_eq!(found, expected);
        }
    }
}

//! The query of a list request.

use percent_encoding::percent_decode;

use super::text::{self, TextRule};
use super::{Violations, package_type};
use crate::limits::Limits;
use crate::rejection::Rejection;

/// How many records a page has unless the request says so.
const DEFAULT_LIMIT: u32 = 10;

/// Which packages a list request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) filter: Filter,
    pub(crate) limit: u32,
    /// Only records with a smaller id are listed; absent means from the newest.
    pub(crate) marker: Option<String>,
    pub(crate) offset: u32,
}

/// The filters of a list request; empty text means any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) package_type: String,
    pub(crate) app_id: String,
    pub(crate) product_id: String,
    pub(crate) version: String,
}

/// Reads and checks the query of a list request.
///
/// Names the reference does not know are ignored; of a repeated name the first value counts.
pub(crate) fn read(query: &str, limits: &Limits) -> Result<ListQuery, Rejection> {
    let mut violations = Violations::default();
    let mut values = Values::parse(query, &mut violations);

    let list = ListQuery {
        filter: Filter {
            package_type: values.package_type(&mut violations),
            app_id: values.filter("app_id", &text::APP_ID, &mut violations),
            product_id: values.filter("product_id", &text::PRODUCT_ID, &mut violations),
            version: values.filter("version", &text::VERSION, &mut violations),
        },
        limit: values.number("limit", (1, limits.page), DEFAULT_LIMIT.min(limits.page), &mut violations),
        marker: values.take("marker").map(|marker| {
            text::MARKER.check("marker", &marker, &mut violations);
            marker.to_ascii_lowercase()
        }),
        offset: values.number("offset", (0, limits.offset), 0, &mut violations),
    };
    violations.into_result()?;
    Ok(list)
}

/// The decoded names and values of a query.
struct Values(Vec<(String, String)>);

impl Values {
    fn parse(query: &str, violations: &mut Violations) -> Self {
        let mut values = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => values.push((name, value)),
                _ => violations.add(TextRule::quote(pair), "must be percent-encoded UTF-8"),
            }
        }
        Self(values)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(index).1)
    }

    fn filter(&mut self, name: &str, rule: &TextRule, violations: &mut Violations) -> String {
        let value = self.take(name);
        if let Some(value) = &value {
            rule.check(name, value, violations);
        }
        value.unwrap_or_default()
    }

    fn package_type(&mut self, violations: &mut Violations) -> String {
        let value = self.take("package_type");
        match &value {
            Some(value) => package_type(value, violations),
            None => violations.add("package_type", "is required"),
        }
        value.unwrap_or_default()
    }

    fn number(&mut self, name: &str, (least, most): (u32, u32), default: u32, violations: &mut Violations) -> u32 {
        let Some(text) = self.take(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                let found = TextRule::quote(&text);
                violations.add(name, format!("must be a whole number from {least} to {most}, not {found}"));
                default
            }
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    Some(percent_decode(text.as_bytes()).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::rejection::Code;

    fn read(query: &str) -> Result<ListQuery, Rejection> {
        super::read(query, &Limits::default())
    }

    fn refused(query: &str) -> (Code, String) {
        let rejection = read(query).unwrap_err();
        (rejection.code, rejection.message)
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let query = read("package_type=firmwarePackage").unwrap();
        assert_eq!((query.limit, query.offset, query.marker), (10, 0, None));
        assert_eq!(query.filter.app_id, "");
    }

    #[test]
    fn reads_every_parameter() {
        let query = read(
            "package_type=softwarePackage&app_id=a&product_id=p&version=V2%2E0&limit=50&offset=500\
             &marker=FFFFFFFFFFFFFFFFFFFFFFFF&unknown=1",
        )
        .unwrap();
        assert_eq!(query.filter.version, "V2.0");
        assert_eq!((query.limit, query.offset), (50, 500));
        assert_eq!(query.marker.as_deref(), Some("f".repeat(24).as_str()));
    }

    #[test]
    fn the_package_type_is_required() {
        let (code, message) = refused("");
        assert_eq!(code, Code::InvalidInput);
        assert_eq!(message, "Invalid input data. package_type: is required");
    }

    #[test]
    fn a_limit_out_of_range_has_its_documented_code() {
        for limit in ["0", "51", "-1", "ten", "", "99999999999999999999"] {
            let (code, _) = refused(&format!("package_type=firmwarePackage&limit={limit}"));
            assert_eq!(code, Code::LimitOutOfRange, "{limit}");
        }
    }

    #[test]
    fn rejects_a_wrong_offset_marker_and_empty_filters() {
        for query in ["offset=501", "marker=abc", "marker=", "app_id=", "version=a b", "app_id=%ff"] {
            let (code, _) = refused(&format!("package_type=firmwarePackage&{query}"));
            assert_eq!(code, Code::InvalidInput, "{query}");
        }
    }

    #[test]
    fn bounds_of_pages_can_be_others() {
        let limits = Limits { page: 5, offset: 0, ..Limits::default() };
        let read = |query| super::read(query, &limits);
        assert_eq!(read("package_type=firmwarePackage").unwrap().limit, 5);
        assert!(read("package_type=firmwarePackage&limit=6").is_err());
        assert!(read("package_type=firmwarePackage&offset=1").is_err());
    }

    #[test]
    fn the_first_of_repeated_values_counts() {
        let query = read("package_type=firmwarePackage&limit=5&limit=6").unwrap();
        assert_eq!(query.limit, 5);
    }

    proptest! {
        #[test]
        fn any_query_that_keeps_the_rules_is_read_as_it_was_written(
            app_id in option::of("[A-Za-z0-9_-]{1,36}"), product_id in option::of("[A-Za-z0-9_-]{1,36}"),
            version in option::of("[A-Za-z0-9._-]{1,256}"), marker in option::of("[0-9a-f]{24}"),
            limit in 1_u32..=50, offset in 0_u32..=500, package_type in 0_usize..3,
        ) {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let package_type = crate::rules::PACKAGE_TYPES[package_type];
            let mut query = format!("limit={limit}&package_type={package_type}&offset={offset}");
            let optional = [("app_id", &app_id), ("product_id", &product_id), ("version", &version), ("marker", &marker)];
            for (name, value) in optional {
                if let Some(value) = value {
                    query += &format!("&{name}={}", encoded(value));
                }
            }
            let filter = Filter {
                package_type: package_type.to_owned(),
                app_id: app_id.unwrap_or_default(),
                product_id: product_id.unwrap_or_default(),
                version: version.unwrap_or_default(),
            };
            prop_assert_eq!(read(&query), Ok(ListQuery { filter, limit, marker, offset }));
        }

        #[test]
        fn any_query_is_read_within_the_bounds_or_refused(
            query in "((package_type|app_id|limit|marker|offset|[a-z]{0,4})=?(firmwarePackage|[!-~]{0,9})&?){0,6}",
        ) {
            if let Ok(query) = read(&query) {
                prop_assert!((1..=50).contains(&query.limit) && query.offset <= 500);
                prop_assert!(query.marker.is_none_or(|marker| marker.len() == 24));
            }
        }
    }
}

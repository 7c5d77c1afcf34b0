//! What holds for every page that is answered.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::*;

proptest! {
    #[test]
    fn a_page_is_read_as_it_was_written(
        ids in vec("[0-9a-f]{1,32}", 0..6), count in option::of(any::<u32>()), marker in option::of(".{0,30}"),
    ) {
        let mut body = json!({ "packages": ids.iter().map(|id| json!({ "package_id": id })).collect::<Vec<_>>() });
        let mut page = serde_json::Map::new();
        page.extend(count.map(|count| ("count".to_owned(), json!(count))));
        page.extend(marker.clone().map(|marker| ("marker".to_owned(), json!(marker))));
        if !page.is_empty() {
            body["page"] = page.into();
        }
        let body = body.to_string();
        let read = PackagePage::from_body(body.as_bytes()).unwrap();
        prop_assert!(read.packages.iter().map(|package| package.package_id.as_str()).eq(ids.iter().map(String::as_str)));
        prop_assert_eq!((read.count, &read.marker), (count.map(u64::from), &marker));
        // The document bounds what it takes; what it takes, it reads as the same.
        if let Ok(wire) = serde_json::from_str::<types::OtaPackageList>(&body) {
            prop_assert_eq!(PackagePage::from_wire(wire), Some(read));
        }
    }

    #[test]
    fn without_a_list_it_is_a_page_only_if_nothing_is_to_be_listed(
        count in 0_u32..3, null in any::<bool>(), odd in any::<bool>(),
    ) {
        let mut body = json!({ "page": { "count": count } });
        if null {
            body["packages"] = json!(null);
        }
        if odd {
            body["page"]["marker"] = json!(7);
        }
        let body = body.to_string();
        let empty = (count == 0).then(|| PackagePage { count: Some(0), ..PackagePage::default() });
        prop_assert_eq!(&PackagePage::from_body(body.as_bytes()), &empty);
        let wire = serde_json::from_str::<types::OtaPackageList>(&body);
        prop_assert_eq!(wire.is_err(), odd);
        prop_assert_eq!(wire.ok().and_then(PackagePage::from_wire), empty.filter(|_| !odd));
    }

    #[test]
    fn odd_fields_beside_the_packages_do_not_cost_them(odd in 0_usize..5, id in "[0-9a-f]{1,32}") {
        let odd = [json!(null), json!([]), json!("text"), json!({ "count": -1, "marker": 7 }), json!(1.5)][odd].clone();
        let body = json!({ "packages": [{ "package_id": id, "version": odd }], "page": odd }).to_string();
        let read = PackagePage::from_body(body.as_bytes()).unwrap();
        prop_assert_eq!((read.packages.len(), read.count, read.marker), (1, None, None));
        prop_assert_eq!(read.packages[0].package_id.as_str(), id);
    }

    #[test]
    fn any_bytes_are_no_page(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(PackagePage::from_body(&bytes), None);
    }
}

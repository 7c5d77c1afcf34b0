//! Pages by marker as one stream of items.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;

use futures_util::stream::{iter, try_unfold};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind};
use crate::model::Package;
use crate::packages::PackagePage;

const OPERATION: &str = "list_ota_packages";

const STUCK: &str = "a marker that does not go on from the last one";

/// The largest page that the service gives.
pub(crate) const LARGEST_PAGE: u32 = 50;

/// How much is asked for: the size of a page, and the most over all pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) page: u32,
    pub(crate) most: Option<u64>,
}

struct State<F> {
    fetch: F,
    left: Option<u64>,
    marker: Option<String>,
    markers: HashSet<String>,
    packages: Seen,
    last: bool,
}

/// Which packages were there already: a number for each id, so that a list of millions is followed with little memory.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    ids: HashSet<u64>,
}

impl Seen {
    /// Remembers the packages of a page, and tells whether any of them is new.
    fn adds(&mut self, page: &PackagePage) -> bool {
        let before = self.ids.len();
        self.ids.extend(page.packages.iter().map(|package| self.hasher.hash_one(package.package_id.as_str())));
        self.ids.len() > before
    }
}

/// Fetches pages, each from the marker of the one before, until one is not full or as many as wanted are there. `fetch`
/// gets the marker and the size.
///
/// What a marker looks like after the last page is not known, so the end is told from the number of items alone. A page
/// that is full and has nothing new, whatever its marker is, is an error: it would go on for ever.
pub(crate) fn pages<F, P>(wanted: Wanted, fetch: F) -> impl Stream<Item = Result<PackagePage, Error>> + Send
where
    F: FnMut(Option<String>, u32) -> P + Send,
    P: Future<Output = Result<PackagePage, Error>> + Send,
{
    let (markers, packages) = (HashSet::new(), Seen::default());
    let state = State { fetch, left: wanted.most, marker: None, markers, packages, last: wanted.most == Some(0) };
    try_unfold(state, move |mut state| async move {
        if state.last {
            return Ok(None);
        }
        let size =
            state.left.and_then(|left| u32::try_from(left).ok()).map_or(wanted.page, |left| left.min(wanted.page));
        let mut page = (state.fetch)(state.marker.clone(), size).await?;
        let is_new = state.packages.adds(&page);
        let full = page.packages.len() >= size as usize;
        // Should the service answer more than it was asked for, what is cut off here comes with no other page.
        if state.left.is_some() {
            page.packages.truncate(size as usize);
        }
        state.left = state.left.map(|left| left - page.packages.len() as u64);
        state.last = !full || state.left == Some(0);
        if !state.last && !is_new {
            return Err(endless("a full page of packages that were all listed before"));
        }
        if !state.last {
            let marker = next(state.marker.as_deref(), page.marker.clone())?;
            if !state.markers.insert(marker.clone()) {
                return Err(endless(STUCK));
            }
            state.marker = Some(marker);
        }
        Ok(Some((page, state)))
    })
}

/// The items of all pages.
pub(crate) fn items(
    pages: impl Stream<Item = Result<PackagePage, Error>> + Send,
) -> impl Stream<Item = Result<Package, Error>> + Send {
    pages.map_ok(|page| iter(page.packages).map(Ok)).try_flatten()
}

/// The marker of the next page. Record ids descend, so one that does not would be followed forever; of a marker in
/// another form nothing is known but that it must not come twice.
fn next(before: Option<&str>, marker: Option<String>) -> Result<String, Error> {
    let Some(marker) = marker else {
        let message = "the service answered a full page without a marker, so the next one cannot be asked for";
        return Err(Error::new(ErrorKind::Unintelligible, message).with_operation(OPERATION));
    };
    match before {
        Some(before) if is_record_id(before) && is_record_id(&marker) => {
            let descends = marker.to_ascii_lowercase() < before.to_ascii_lowercase();
            if descends { Ok(marker) } else { Err(endless(STUCK)) }
        }
        _ => Ok(marker),
    }
}

fn is_record_id(marker: &str) -> bool {
    marker.len() == 24 && marker.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The error of a list that would never end.
fn endless(answered: &str) -> Error {
    let message = format!("the service answered {answered}");
    Error::new(ErrorKind::Unintelligible, message).with_operation(OPERATION)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::TryStreamExt;

    use super::*;

    /// A page whose packages are like no other's.
    fn page(count: usize, marker: Option<&str>) -> PackagePage {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = || NEXT.fetch_add(1, Ordering::Relaxed).to_string().into();
        let packages = (0..count).map(|_| Package { package_id: id(), ..Package::default() }).collect();
        PackagePage { packages, count: None, marker: marker.map(str::to_owned) }
    }

    const TWO: Wanted = Wanted { page: 2, most: None };

    async fn collect(wanted: Wanted, pages: Vec<PackagePage>) -> Result<usize, Error> {
        let mut served = pages.into_iter();
        let stream = items(super::pages(wanted, |_, size| {
            let page = served.next().expect("no page was asked for after the last");
            assert!(size <= wanted.page);
            async move { Ok(page) }
        }));
        let mut stream = pin!(stream);
        let mut count = 0;
        while stream.try_next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[tokio::test]
    async fn asks_for_no_more_than_is_wanted() {
        let most = |most| Wanted { page: 2, most: Some(most) };
        assert_eq!(collect(most(0), vec![]).await.unwrap(), 0);
        assert_eq!(collect(most(2), vec![page(2, None)]).await.unwrap(), 2);
        assert_eq!(collect(most(3), vec![page(2, Some("b")), page(1, Some("a"))]).await.unwrap(), 3);
        assert_eq!(collect(most(9), vec![page(2, Some("b")), page(1, Some("a"))]).await.unwrap(), 3);
        assert_eq!(collect(most(1), vec![page(2, Some("b"))]).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn stops_at_a_page_that_is_not_full_or_empty() {
        assert_eq!(collect(TWO, vec![page(2, Some("b")), page(1, Some("a"))]).await.unwrap(), 3);
        assert_eq!(collect(TWO, vec![page(2, Some("b")), page(0, None)]).await.unwrap(), 2);
        assert_eq!(collect(TWO, vec![page(0, None)]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_marker_that_stands_still_goes_back_or_is_missing_is_an_error() {
        let (low, high) = ("5ea000000000000000000000", "5F1000000000000000000000");
        for (first, second) in [(low, Some(low)), (low, Some(high)), (low, None), ("b", Some("b"))] {
            let error = collect(TWO, vec![page(2, Some(first)), page(2, second)]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unintelligible, "{second:?}");
        }
    }

    #[tokio::test]
    async fn a_marker_of_either_case_or_of_another_form_is_followed() {
        let (low, high) = ("5ea000000000000000000000", "5F1000000000000000000000");
        for (first, second) in [(high, low), ("page-1", "page-2")] {
            let pages = vec![page(2, Some(first)), page(2, Some(second)), page(0, None)];
            assert_eq!(collect(TWO, pages).await.unwrap(), 4, "{first}");
        }
    }

    #[tokio::test]
    async fn a_page_without_anything_new_is_an_error_whatever_its_marker_is() {
        let first = page(2, Some("5fa000000000000000000000"));
        let again = |marker: &str| PackagePage { marker: Some(marker.to_owned()), ..first.clone() };
        let half = PackagePage { packages: [&first.packages[1..], &page(1, None).packages].concat(), ..again("x") };
        assert_eq!(collect(TWO, vec![first.clone(), half, page(0, None)]).await.unwrap(), 4, "half of it is new");
        let pages = vec![first.clone(), again("5ea000000000000000000000")];
        assert_eq!(collect(TWO, pages).await.unwrap_err().kind(), ErrorKind::Unintelligible);
        let empty = PackagePage { packages: Vec::new(), ..again("5ea000000000000000000000") };
        assert_eq!(collect(TWO, vec![first.clone(), empty]).await.unwrap(), 2, "an empty page is the last");
    }

    #[tokio::test]
    async fn markers_that_go_in_a_circle_are_an_error() {
        let pages = vec![page(2, Some("a")), page(2, Some("b")), page(2, Some("a"))];
        assert_eq!(collect(TWO, pages).await.unwrap_err().kind(), ErrorKind::Unintelligible);
    }
}

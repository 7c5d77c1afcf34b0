//! Pages by marker as one stream of items.

use std::collections::VecDeque;
use std::future::Future;

use futures_util::Stream;
use futures_util::stream::try_unfold;

use crate::error::{Error, ErrorKind};
use crate::model::Package;
use crate::packages::PackagePage;

/// The largest page that the service gives.
pub(crate) const LARGEST_PAGE: u32 = 50;

struct State<F> {
    fetch: F,
    ready: VecDeque<Package>,
    marker: Option<String>,
    last: bool,
}

/// Fetches pages of `size` with growing markers until one is not full.
///
/// What a marker looks like after the last page is not known, so the end is told from the number of items alone.
pub(crate) fn items<F, P>(size: u32, fetch: F) -> impl Stream<Item = Result<Package, Error>> + Send
where
    F: FnMut(Option<String>) -> P + Send,
    P: Future<Output = Result<PackagePage, Error>> + Send,
{
    let state = State { fetch, ready: VecDeque::new(), marker: None, last: false };
    try_unfold(state, move |mut state| async move {
        while state.ready.is_empty() {
            if state.last {
                return Ok(None);
            }
            let page = (state.fetch)(state.marker.clone()).await?;
            state.last = page.packages.len() < size as usize;
            state.ready = page.packages.into();
            if !state.last {
                state.marker = Some(next(state.marker.as_deref(), page.marker)?);
            }
        }
        Ok(state.ready.pop_front().map(|package| (package, state)))
    })
}

/// The marker of the next page. One that does not go on would be followed forever.
fn next(before: Option<&str>, marker: Option<String>) -> Result<String, Error> {
    let message = match marker {
        Some(marker) if before.is_none_or(|before| marker.as_str() < before) => return Ok(marker),
        Some(_) => "the service answered a marker that does not go on from the last one",
        None => "the service answered a full page without a marker, so the next one cannot be asked for",
    };
    Err(Error::new(ErrorKind::Unintelligible, message).with_operation("list_ota_packages"))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::TryStreamExt;

    use super::*;

    fn page(count: usize, marker: Option<&str>) -> PackagePage {
        PackagePage { packages: vec![Package::default(); count], count: None, marker: marker.map(str::to_owned) }
    }

    async fn collect(pages: Vec<PackagePage>) -> Result<usize, Error> {
        let mut pages = pages.into_iter();
        let stream = items(2, |_| {
            let page = pages.next().expect("no page was asked for after the last");
            async move { Ok(page) }
        });
        let mut stream = pin!(stream);
        let mut count = 0;
        while stream.try_next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[tokio::test]
    async fn stops_at_a_page_that_is_not_full_or_empty() {
        assert_eq!(collect(vec![page(2, Some("b")), page(1, Some("a"))]).await.unwrap(), 3);
        assert_eq!(collect(vec![page(2, Some("b")), page(0, None)]).await.unwrap(), 2);
        assert_eq!(collect(vec![page(0, None)]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_marker_that_stands_still_goes_back_or_is_missing_is_an_error() {
        for second in [Some("b"), Some("c"), None] {
            let error = collect(vec![page(2, Some("b")), page(2, second)]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unintelligible, "{second:?}");
        }
    }
}

//! One fetch for many callers, in time and not too often.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::BoxFuture;
use super::super::exchange::stub::http;
use super::*;

/// Gives tokens that are valid for so long, and counts how often it was asked.
#[derive(Clone)]
struct Source {
    valid: Option<SignedDuration>,
    fails_after: usize,
    asked: Arc<AtomicUsize>,
}

impl Source {
    fn new(valid: Option<i64>, fails_after: usize) -> Self {
        Self { valid: valid.map(SignedDuration::from_secs), fails_after, asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn keeper(&self) -> Arc<Keeper> {
        Arc::new(Keeper::new(Arc::new(self.clone()), http()))
    }
}

impl CredentialsSource for Source {
    fn name(&self) -> &str {
        "test"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            // Long enough for others to come meanwhile.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.asked.fetch_add(1, Ordering::SeqCst) >= self.fails_after {
                return Err(SourceError::Unavailable("away".to_owned().into()));
            }
            let credentials = Credentials::token(format!("fake-token-{}", self.asked()));
            Ok(match self.valid {
                Some(valid) => credentials.with_expires_at(Timestamp::now() + valid),
                None => credentials,
            })
        })
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch_and_one_renewal() {
    let source = Source::new(Some(3600), 9);
    let keeper = source.keeper();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let keeper = Arc::clone(&keeper);
                async move { keeper.get().await }
            })
        })
        .collect();
    let mut found = Vec::new();
    for call in calls {
        found.push(call.await.unwrap().unwrap());
    }
    assert_eq!(source.asked(), 1);
    assert!(found.iter().all(|credentials| Arc::ptr_eq(credentials, &found[0])));

    let (one, two) = tokio::join!(keeper.renew(&found[0]), keeper.renew(&found[0]));
    assert!(Arc::ptr_eq(&one.unwrap().unwrap(), &two.unwrap().unwrap()));
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn what_does_not_expire_is_fetched_again_only_after_a_refusal_and_then_once() {
    let source = Source::new(None, 9);
    let keeper = source.keeper();
    let first = keeper.get().await.unwrap();
    assert!(Arc::ptr_eq(&first, &keeper.get().await.unwrap()));
    assert_eq!(source.asked(), 1);
    let second = keeper.renew(&first).await.unwrap().unwrap();
    assert!(keeper.renew(&second).await.unwrap().is_none());
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_source_that_gives_the_same_again_has_nothing_better_for_anybody_who_was_refused() {
    let given = crate::auth::session::Given(Credentials::token("fake-token"));
    let keeper = Keeper::new(Arc::new(given), http());
    let refused = keeper.get().await.unwrap();
    for _ in 0..2 {
        assert!(keeper.renew(&refused).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_about_to_expire_is_used_on_while_its_source_is_left_alone_or_away() {
    let source = Source::new(Some(300), 1);
    let keeper = source.keeper();
    let first = keeper.get().await.unwrap();
    assert!(Arc::ptr_eq(&first, &keeper.get().await.unwrap()));
    assert_eq!(source.asked(), 1);
    // As if a minute had passed.
    keeper.current.lock().await.asked = None;
    assert!(Arc::ptr_eq(&first, &keeper.get().await.unwrap()));
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn what_has_expired_is_fetched_anew_or_the_call_fails() {
    let source = Source::new(Some(-1), 1);
    let keeper = source.keeper();
    keeper.get().await.unwrap();
    assert_eq!(keeper.get().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn callers_who_waited_share_a_failure_and_later_ones_ask_again() {
    let source = Source::new(Some(3600), 0);
    let keeper = source.keeper();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let keeper = Arc::clone(&keeper);
            tokio::spawn(async move { keeper.get().await.is_err() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    assert_eq!(source.asked(), 1);
    assert!(keeper.get().await.is_err());
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_service_that_refuses_everything_does_not_make_every_call_fetch_anew() {
    let source = Source::new(Some(3600), 9);
    let keeper = source.keeper();
    for _ in 0..5 {
        let refused = keeper.get().await.unwrap();
        let _ = keeper.renew(&refused).await.unwrap();
    }
    assert_eq!(source.asked(), 2);
}

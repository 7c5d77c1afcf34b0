//! One fetch for many callers, in time and not too often.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;

use super::super::BoxFuture;
use super::super::exchange::stub::http;
use super::*;

/// The attempt that every fetch is for.
const FIRST: Course = Course { number: 1, waited: Duration::ZERO, because: None };

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
                async move { keeper.get(&FIRST).await }
            })
        })
        .collect();
    let mut found = Vec::new();
    for call in calls {
        found.push(call.await.unwrap().unwrap());
    }
    assert_eq!(source.asked(), 1);
    assert!(found.iter().all(|credentials| Arc::ptr_eq(credentials, &found[0])));

    let (one, two) = tokio::join!(keeper.renew(&found[0], &FIRST), keeper.renew(&found[0], &FIRST));
    assert!(Arc::ptr_eq(&one.unwrap().unwrap(), &two.unwrap().unwrap()));
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn what_does_not_expire_is_fetched_again_only_after_a_refusal_and_then_once() {
    let source = Source::new(None, 9);
    let keeper = source.keeper();
    let first = keeper.get(&FIRST).await.unwrap();
    assert!(Arc::ptr_eq(&first, &keeper.get(&FIRST).await.unwrap()));
    assert_eq!(source.asked(), 1);
    let second = keeper.renew(&first, &FIRST).await.unwrap().unwrap();
    assert!(keeper.renew(&second, &FIRST).await.unwrap().is_none());
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_source_that_gives_the_same_again_has_nothing_better_for_anybody_who_was_refused() {
    let given = crate::auth::session::Given(Credentials::token("fake-token"));
    let keeper = Keeper::new(Arc::new(given), http());
    let refused = keeper.get(&FIRST).await.unwrap();
    for _ in 0..2 {
        assert!(keeper.renew(&refused, &FIRST).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_about_to_expire_is_used_on_and_its_source_is_asked_once_in_a_while() {
    let source = Source::new(Some(300), 2);
    let keeper = source.keeper();
    let first = keeper.get(&FIRST).await.unwrap();
    assert!(Arc::ptr_eq(&first, &keeper.get(&FIRST).await.unwrap()));
    assert!(lock(&keeper.kept).underway.is_none(), "it was asked only just now");
    for (fetched, expected) in [(true, 2), (false, 3)] {
        // As if a minute had passed.
        lock(&keeper.kept).asked = None;
        let before = keeper.get(&FIRST).await.unwrap();
        let mut ended = lock(&keeper.kept).underway.as_ref().unwrap().ended.clone();
        assert!(ended.wait_for(Option::is_some).await.unwrap().as_ref().unwrap().is_ok() == fetched);
        assert_eq!(source.asked(), expected);
        let after = keeper.get(&FIRST).await.unwrap();
        assert_eq!(Arc::ptr_eq(&before, &after), !fetched);
    }
}

#[tokio::test]
async fn what_has_expired_is_fetched_anew_or_the_call_fails() {
    let source = Source::new(Some(-1), 1);
    let keeper = source.keeper();
    keeper.get(&FIRST).await.unwrap();
    assert_eq!(keeper.get(&FIRST).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn callers_who_waited_share_a_failure_and_later_ones_ask_again() {
    let source = Source::new(Some(3600), 0);
    let keeper = source.keeper();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let keeper = Arc::clone(&keeper);
            tokio::spawn(async move { keeper.get(&FIRST).await.is_err() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    assert_eq!(source.asked(), 1);
    assert!(keeper.get(&FIRST).await.is_err());
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_service_that_refuses_everything_does_not_make_every_call_fetch_anew() {
    let source = Source::new(Some(3600), 9);
    let keeper = source.keeper();
    for _ in 0..5 {
        let refused = keeper.get(&FIRST).await.unwrap();
        let _ = keeper.renew(&refused, &FIRST).await.unwrap();
    }
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_is_shared_and_does_not_keep_the_next_one_from_asking() {
    let source = Source::new(Some(3600), 1);
    let keeper = source.keeper();
    let refused = keeper.get(&FIRST).await.unwrap();
    for expected in [2, 3] {
        let (one, two) = tokio::join!(keeper.renew(&refused, &FIRST), keeper.renew(&refused, &FIRST));
        for result in [one, two] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert_eq!(source.asked(), expected);
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_ends_no_fetch_and_no_renewal() {
    let source = Source::new(Some(3600), 9);
    let keeper = source.keeper();
    let first = keeper.get(&FIRST);
    assert!(first.now_or_never().is_none());
    let refused = keeper.get(&FIRST).await.unwrap();
    assert_eq!(source.asked(), 1);
    let renewal = keeper.renew(&refused, &FIRST);
    assert!(renewal.now_or_never().is_none());
    assert!(keeper.renew(&refused, &FIRST).await.unwrap().is_some());
    assert_eq!(source.asked(), 2);
}

/// Never gives anything, and says so when nobody waits for it any more.
struct Hanging(std::sync::Mutex<Option<tokio::sync::oneshot::Sender<()>>>);

impl CredentialsSource for Hanging {
    fn name(&self) -> &str {
        "hanging"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        let sender = self.0.lock().unwrap().take();
        Box::pin(async move {
            let _sender = sender;
            std::future::pending().await
        })
    }
}

fn hanging() -> (Keeper, tokio::sync::oneshot::Receiver<()>) {
    let (sender, stopped) = tokio::sync::oneshot::channel();
    (Keeper::new(Arc::new(Hanging(Some(sender).into())), http()), stopped)
}

#[tokio::test]
async fn a_fetch_ends_with_its_keeper() {
    let (keeper, stopped) = hanging();
    assert!(keeper.get(&FIRST).now_or_never().is_none());
    tokio::task::yield_now().await;
    drop(keeper);
    // The sender goes with the fetch.
    stopped.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_given_up_and_asked_again() {
    let (keeper, stopped) = hanging();
    let error = keeper.get(&FIRST).await.unwrap_err();
    assert!(error.is_retryable() && format!("{error:?}").contains("gave nothing within"), "{error:?}");
    stopped.await.unwrap_err();
    assert!(keeper.get(&FIRST).now_or_never().is_none());
    assert!(lock(&keeper.kept).underway.is_some());
}

#[test]
fn a_fetch_whose_runtime_is_gone_or_does_not_run_is_begun_anew() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let source = Source::new(Some(3600), 9);
    let keeper = source.keeper();
    runtime().block_on(async { assert!(keeper.get(&FIRST).now_or_never().is_none()) });
    runtime().block_on(keeper.get(&FIRST)).unwrap();
    assert_eq!(source.asked(), 1);

    let keeper = source.keeper();
    let idle = runtime();
    idle.block_on(async { assert!(keeper.get(&FIRST).now_or_never().is_none()) });
    // As if much time had passed.
    lock(&keeper.kept).underway.as_mut().unwrap().begun -= 2 * longest(&http());
    runtime().block_on(keeper.get(&FIRST)).unwrap();
    assert_eq!(source.asked(), 2);
}

/// Fails in a way that no source should.
struct Panicking;

impl CredentialsSource for Panicking {
    fn name(&self) -> &str {
        "panicking"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async { panic!("fake panic") })
    }
}

#[tokio::test]
async fn a_source_that_panics_leaves_nobody_waiting() {
    let keeper = Keeper::new(Arc::new(Panicking), http());
    for _ in 0..2 {
        assert!(format!("{:?}", keeper.get(&FIRST).await.unwrap_err()).contains("the fetch was stopped"));
    }
}

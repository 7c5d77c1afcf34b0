//! Creates, which must not be repeated blindly: the service makes a second thing of a second request.
//!
//! [`create`] is the course of one. While it is clear that nothing was done (no connection, too many requests) it is
//! repeated like any other call. When the request may have reached the service and no clear answer came, what it was to
//! make is looked up first: found is a success, not found allows another attempt. After such an attempt, and for callers
//! who ask for it always, [`settle`] sees to it that of several that are the same only the oldest stays.
//!
//! Only the service itself, with 500 or 503 and an error code of its own, says that it is done with a request. Whatever else
//! ends one without a clear answer, a connection that breaks or a page of a proxy as well as a time-out, says nothing about
//! that: a moment is waited before each look, and when nothing is found at the end the outcome stays open. A 408 is such an
//! end, too, but no other attempt follows.
//!
//! What it takes of an operation is the trait [`Once`].
//!
//! A window remains: what the service carries out after the last look of the call. When the call succeeded with a later
//! attempt, that is a second one that nobody knows of; when it ended with an open outcome, up to as many may come as
//! attempts were made. And of two attempts that both are carried out between two looks both stay, with a warning, because
//! it is not known which of them are this call's.

use std::cmp::Ordering;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use tracing::Instrument;

use crate::call::{Attempts, Call, CallOptions, Operation};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Sought, Unclear};
use crate::response::Response;
use crate::validate::Warning;

/// How often is looked for what the service said it made.
const LOOKS: u32 = 4;

/// How often settling is begun anew, and how often something is created again that others deleted meanwhile.
const ROUNDS: u32 = 4;

/// Something that is created by a request which must not be repeated blindly.
pub(crate) trait Once: Sync {
    /// What a create answers.
    type Made: Send + Sync;

    /// The operation that creates.
    const OPERATION: Operation;

    /// The client that sends.
    fn client(&self) -> &Client;

    /// Sends the request once.
    fn make(&self, call: Arc<Call>) -> impl Future<Output = Result<Response<Self::Made>, Error>> + Send;

    /// Everything that exists and is the same as what the request makes, as each is shown; without `mine`.
    fn find(
        &self,
        mine: Option<&Self::Made>,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Vec<Response<Self::Made>>, Error>> + Send;

    /// One as it is now, or `None` if it is gone.
    fn show(
        &self,
        made: &Self::Made,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Option<Response<Self::Made>>, Error>> + Send;

    /// Deletes one; that it is gone already is no error.
    fn remove(&self, made: &Self::Made, options: &CallOptions) -> impl Future<Output = Result<(), Error>> + Send;

    /// What identifies one.
    fn id(made: &Self::Made) -> &str;

    /// Which is older, as far as is shown; both can be equally old.
    fn age(one: &Self::Made, other: &Self::Made) -> Ordering;

    /// What to look for when nobody knows whether it was made.
    fn sought(&self) -> Sought;
}

/// When is looked for others that are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// After an attempt whose end was not clear.
    WhenRepeated,
    /// After every create, because somebody else may make the same at this moment.
    Always,
}

/// What settling came to.
enum Settled<T> {
    /// This one stays.
    Done(Response<T>),
    /// Ours gave way to another, which is gone, too.
    Gone,
}

/// Creates, and finds out what came of it.
pub(crate) async fn create<O: Once>(
    once: &O,
    options: &CallOptions,
    settle: Settle,
) -> Result<Response<O::Made>, Error> {
    let mut attempts = Attempts::new(once.client(), O::OPERATION, options);
    let span = attempts.span();
    let result = course(once, &mut attempts, settle).instrument(span).await;
    attempts.counted(result)
}

/// The attempts, and what is seldom needed beside them: that is boxed, so that it does not make the future of every create
/// several times as large.
async fn course<O: Once>(once: &O, attempts: &mut Attempts<'_>, settling: Settle) -> Result<Response<O::Made>, Error> {
    // What the attempts so far leave open.
    let mut open: Option<Unclear> = None;
    let mut rounds = 0;
    loop {
        let error = match attempts.make(&|call| once.make(call)).await {
            Ok(made) if open.is_none() && settling == Settle::WhenRepeated => return Ok(made),
            Ok(made) => match Box::pin(settle(once, attempts, made, open)).await {
                Settled::Done(made) => return Ok(made),
                Settled::Gone if rounds < ROUNDS => {
                    rounds += 1;
                    attempts.again("what was created gave way to another, which is gone, too");
                    continue;
                }
                Settled::Gone => return Err(given_up()),
            },
            Err(error) => error,
        };
        open = open.max(error.unclear());
        let Some(unclear) = open else {
            if attempts.pause(&error).await {
                continue;
            }
            return Err(error);
        };
        if unclear == Unclear::Accepted {
            return Box::pin(accepted(once, attempts, error)).await;
        }
        let again = attempts.pause(&error).await;
        // What is under way may arrive meanwhile.
        if !again || error.unclear() == Some(Unclear::Late) {
            attempts.moment().await;
        }
        match Box::pin(once.find(None, &attempts.limits())).await {
            Ok(found) => match oldest::<O>(found) {
                Some(found) => return Ok(found),
                None if again => {}
                None => return Err(not_found(error, unclear, once)),
            },
            Err(failed) => return Err(error.unknown(&not_looked_up(&failed), once.sought())),
        }
    }
}

/// Looks for what the service said it made but did not name. It is not created again, whatever comes of that.
async fn accepted<O: Once>(once: &O, attempts: &Attempts<'_>, error: Error) -> Result<Response<O::Made>, Error> {
    let mut note = "it was not looked up, because time was over".to_owned();
    for _ in 0..LOOKS {
        if !attempts.moment().await {
            break;
        }
        match once.find(None, &attempts.limits()).await {
            Ok(found) => match oldest::<O>(found) {
                Some(found) => return Ok(found),
                None => note = "it was looked up and is not there, or not yet".to_owned(),
            },
            Err(failed) => note = not_looked_up(&failed),
        }
    }
    Err(error.unknown(&note, once.sought()))
}

/// The oldest of those that were found after an attempt whose end was not clear. Which of them this call made is not
/// known, so all of them stay.
fn oldest<O: Once>(mut found: Vec<Response<O::Made>>) -> Option<Response<O::Made>> {
    found.sort_by(|one, other| order::<O>(one, other));
    let others: Vec<_> = found.iter().skip(1).map(|other| O::id(other).to_owned()).collect();
    let oldest = found.into_iter().next()?.with_found();
    if others.is_empty() {
        return Some(oldest);
    }
    let message =
        format!("there are more that are the same; this call may have made one of them: {}", others.join(", "));
    Some(oldest.with_warning(Warning::new("package_id", message)))
}

/// The order in which several stay: the older before the younger, and of equally old ones the same for everybody.
fn order<O: Once>(one: &O::Made, other: &O::Made) -> Ordering {
    O::age(one, other).then_with(|| O::id(one).cmp(O::id(other)))
}

/// The error of a call that ends with nothing found.
fn not_found<O: Once>(error: Error, open: Unclear, once: &O) -> Error {
    match error.unclear() {
        // Whatever refused the last attempt, an earlier one may still be under way.
        _ if open == Unclear::Late => {
            let note = "it was looked up and is not there, but the service may still be at it";
            error.unknown(note, once.sought())
        }
        Some(_) => error.not_done("it was looked up and is not there"),
        None => error,
    }
}

fn not_looked_up(failed: &Error) -> String {
    format!("whether it was created could not be looked up: {failed}")
}

fn given_up() -> Error {
    let message = "what was created gave way to others that were the same, and each of them was deleted then";
    Error::new(ErrorKind::Unavailable, message)
        .with_hint("nothing was created; see who else creates and deletes the same, then try again")
}

/// Sees to it that of several that are the same only the oldest stays, as far as this call made them.
///
/// Several callers may be at it at the same moment. All see the same order, and each gives up its own one unless that is
/// the first. But nobody else may be there who gives up the other one: when both are equally old, because its maker may
/// have looked before ours came; and when earlier attempts of this call, as far as they are `open`, may have made it. Then
/// a moment is waited, and if the other one is still there, ours gives way although it is the first, and it is made sure
/// that the other one stayed. Before the first look a moment is waited if an earlier attempt may still be under way.
async fn settle<O: Once>(
    once: &O,
    attempts: &Attempts<'_>,
    mine: Response<O::Made>,
    open: Option<Unclear>,
) -> Settled<O::Made> {
    if open == Some(Unclear::Late) {
        attempts.moment().await;
    }
    let limits = attempts.limits();
    let mut waited = false;
    for _ in 0..ROUNDS {
        let mut others = match once.find(Some(&mine), &limits).await {
            Ok(others) => others,
            Err(error) => return Settled::Done(unsettled::<O>(mine, error)),
        };
        others.sort_by(|one, other| order::<O>(one, other));
        let Some(other) = others.into_iter().next() else { return Settled::Done(mine) };
        // Its age is taken as it is shown, because that is how the others see it.
        let own = match once.show(&mine, &limits).await {
            Ok(Some(own)) => own,
            Ok(None) => return Settled::Done(other.with_found()),
            Err(error) => return Settled::Done(unsettled::<O>(mine, error)),
        };
        let age = O::age(&own, &other);
        let is_first = order::<O>(&own, &other) == Ordering::Less;
        if is_first && age == Ordering::Less && open.is_none() {
            return Settled::Done(mine);
        }
        if is_first && !waited {
            waited = attempts.moment().await;
            if waited {
                continue;
            }
            let message =
                format!("{} is the same, and there was no time to find out which of them stays", O::id(&other));
            return Settled::Done(mine.with_warning(Warning::new("package_id", message)));
        }
        // One of the two has to stay, and the other one may just have been given up.
        match once.show(&other, &limits).await {
            Ok(Some(_)) => {}
            Ok(None) => continue,
            Err(error) => return Settled::Done(unsettled::<O>(mine, error)),
        }
        if let Err(error) = once.remove(&mine, &limits).await {
            let message = format!("{}, which this call made as well, may still be there: {error}", O::id(&mine));
            return Settled::Done(other.with_found().with_warning(Warning::new("package_id", message)));
        }
        if waited {
            attempts.moment().await;
        }
        return match once.show(&other, &limits).await {
            Ok(None) => Settled::Gone,
            Ok(Some(other)) => Settled::Done(other.with_found()),
            Err(error) => Settled::Done(unsettled::<O>(other.with_found(), error)),
        };
    }
    Settled::Done(unsettled::<O>(mine, "others came and went as often as it was looked"))
}

/// What stays, when it cannot be found out whether it is the only one.
fn unsettled<O: Once>(made: Response<O::Made>, why: impl Display) -> Response<O::Made> {
    let message = format!("whether there is another one that is the same could not be looked up: {why}");
    made.with_warning(Warning::new("package_id", message))
}

//! Deletes, which may be repeated but whose answers then mean something else.

use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{ErrorKind, Sought};
use support::{Answer, Stub, impatient, target};

use super::{ID, at_first, throttled};

#[tokio::test]
async fn a_delete_that_is_repeated_and_finds_nothing_has_succeeded() {
    let gone = || Answer::new(404, "").header("x-request-id", "fake-request-2");
    for first in [Answer::nothing(), Answer::new(500, ""), Answer::new(504, "")] {
        let stub = at_first(vec![first, gone()]).await;
        let deleted = stub.client().packages().delete(ID).send().await.unwrap();
        assert_eq!((deleted.attempts(), deleted.status()), (2, 404));
        assert_eq!(deleted.request_id(), Some("fake-request-2"));
    }
    // What never reached the service, or was refused there, deleted nothing.
    for first in [Answer::new(429, ""), throttled("IOTDA.021101")] {
        let stub = at_first(vec![first, gone()]).await;
        let error = stub.client().packages().delete(ID).send().await.unwrap_err();
        assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    }
    let target = target().await;
    target.faults().add("create_token:status:status=503,times=1".parse().unwrap()).unwrap();
    let client = target.addresses().credentials(target.user()).retry(impatient()).build().unwrap();
    let error = client.packages().delete("0".repeat(32)).send().await.unwrap_err();
    assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    let stub = at_first(vec![gone()]).await;
    assert!(stub.client().packages().delete(ID).send().await.unwrap_err().is_not_found());
    let stub = at_first(vec![Answer::new(500, ""), gone()]).await;
    assert!(stub.client().packages().show(ID).send().await.unwrap_err().is_not_found(), "what is shown is not there");
}

#[tokio::test]
async fn a_delete_that_is_answered_oddly_is_looked_up() {
    let odd = || Answer::new(200, "<html>sign in</html>");
    let shown =
        |answer: Answer| Stub::start(move |request| if request.method == "DELETE" { odd() } else { answer.clone() });
    let deleted = shown(Answer::new(404, "")).await.client().packages().delete(ID).send().await.unwrap();
    assert_eq!(deleted.status(), 200);

    let stub = shown(Answer::new(200, format!(r#"{{"package_id":"{ID}"}}"#))).await;
    for outcome in
        [stub.client().packages().delete(ID).send().await, stub.client().packages().delete(ID).send_unchecked().await]
    {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible);
        assert!(error.to_string().contains("it was looked up and is still there"), "{error}");
    }

    for impossible in [odd(), Answer::new(503, ""), Answer::new(403, "")] {
        let error = shown(impossible).await.client().packages().delete(ID).send().await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error:?}");
        let sought = error.sought().unwrap();
        assert_eq!(sought, &Sought::Deleted { package_id: ID.into() });
        assert_eq!(sought.command(), format!("iotda-ota package show {ID}"));
        assert!(error.hint().unwrap().contains(&sought.command()));
    }
}

#[tokio::test]
async fn a_refusal_after_an_attempt_that_may_have_deleted_it_is_not_the_last_word() {
    // The shown package, and what the call comes to then.
    let after = async |refusal: u16, shown: Answer| {
        let deletes = AtomicUsize::new(0);
        let stub = Stub::start(move |request| match request.method.as_str() {
            "DELETE" if deletes.fetch_add(1, Ordering::Relaxed) == 0 => Answer::nothing(),
            "DELETE" => Answer::new(refusal, ""),
            _ => shown.clone(),
        });
        stub.await.client().packages().delete(ID).send().await
    };
    for refusal in [401, 403, 400] {
        assert_eq!(after(refusal, Answer::new(404, "")).await.unwrap().status(), refusal);

        let error = after(refusal, Answer::new(200, format!(r#"{{"package_id":"{ID}"}}"#))).await.unwrap_err();
        assert_eq!(error.status(), Some(refusal));
        assert!(error.to_string().contains("it was looked up and is still there"), "{error}");

        let error = after(refusal, Answer::new(refusal, "")).await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.sought().is_some(), "{error:?}");
    }
}

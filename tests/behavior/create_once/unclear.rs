//! Creates whose end does not tell whether the service is done with them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use iotda_ota::{RetryPolicy, Sought};
use support::{Answer, LIMIT, Received, impatient};

use super::{Create, ID, Service, failed};

/// Ends that do not tell whether the service is done with the request.
fn open_ends() -> Vec<Answer> {
    let cut = serde_json::json!({ "status": 500, "body": "{\"error_code\": \"X\"}", "cut_after": 8 });
    let statuses = [500, 502, 503, 504, 507].map(|status| Answer::new(status, ""));
    // Proxies and gateways have the statuses of the service, too.
    let others = [
        Answer::new(503, "<html><h1>503 Service Temporarily Unavailable</h1></html>"),
        Answer::new(500, "<Error><Code>InternalError</Code></Error>"),
        Answer::new(503, r#"{"error_code":"APIG.0203","error_msg":"Backend timeout."}"#),
        // A gateway's time-out, which users report with several statuses.
        Answer::new(400, r#"{"error_code":"APIGW.0201","error_msg":"Backend timeout."}"#),
        Answer::new(413, r#"{"error_code":"APIG.0201","error_msg":"Request entity too large."}"#),
    ];
    [&statuses[..], &others, &[Answer::nothing(), Answer::silence(), Answer::from_fixture(&cut)]].concat()
}

#[tokio::test]
async fn a_service_that_did_not_say_that_it_was_done_may_still_be_at_it() {
    let last = |late: &Answer| [late.clone(), failed(500), Answer::new(403, "")];
    let ends = open_ends().into_iter().flat_map(|late| last(&late).map(|last| (late.clone(), last)));
    join_all(ends.map(async |(late, last)| {
        let service = Service::start([Create::Not(late.clone()), Create::Not(last)]).await;
        let create = service.create(impatient().max_attempts(2)).timeout(LIMIT);
        let error = create.send().await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.sought().is_some(), "{late:?}: {error:?}");
        assert!(error.to_string().contains("may still be at it"), "{error}");
        assert_eq!(service.methods(), "CLCL", "{late:?}");
    }))
    .await;
}

#[tokio::test]
async fn before_it_is_looked_up_what_may_be_under_way_has_a_moment_to_arrive() {
    const MOMENT: Duration = Duration::from_millis(50);
    let times = Arc::<Mutex<Vec<(bool, Instant)>>>::default();
    let seen = Arc::clone(&times);
    let creates = [Create::Not(Answer::nothing()), Create::Done(ID)];
    let service = Service::with(creates, move |request| {
        seen.lock().unwrap().push((request.method == "POST", Instant::now()));
        None
    })
    .await;
    service.send(RetryPolicy::default().delays(MOMENT, MOMENT)).await.unwrap();
    assert_eq!(service.methods(), "CLCL");
    let times = times.lock().unwrap();
    for pair in times.windows(2).filter(|pair| pair[0].0) {
        assert!(pair[1].1 - pair[0].1 >= MOMENT, "{times:?}");
    }
}

#[tokio::test]
async fn a_service_that_lists_without_end_does_not_keep_a_look_up_for_ever() {
    let lists = AtomicU64::new(0);
    let endless = move |request: &Received| {
        (request.method == "GET" && request.target.contains('?')).then(|| {
            let page = lists.fetch_add(1, Ordering::Relaxed);
            let id = |item| format!(r#"{{"package_id":"{:032x}","version":"another"}}"#, page * 50 + item);
            let items: Vec<_> = (0..50).map(id).collect();
            let marker = format!("{:024x}", u64::MAX - page);
            Answer::new(200, format!(r#"{{"packages":[{}],"page":{{"marker":"{marker}"}}}}"#, items.join(",")))
        })
    };
    let service = Service::with([Create::Lost(ID, Answer::nothing())], endless).await;
    let error = service.send(impatient()).await.unwrap_err();
    assert!(error.is_outcome_unknown() && error.to_string().contains("more than 1000"), "{error:?}");
    assert_eq!(service.methods(), format!("C{}", "L".repeat(21)));
}

#[tokio::test]
async fn a_refusal_after_an_open_end_is_only_the_answer_if_nothing_is_there() {
    let refused = || Create::Not(Answer::new(409, ""));
    let service = Service::start([Create::Not(failed(500)), refused()]).await;
    assert_eq!(service.send(impatient()).await.unwrap_err().status(), Some(409));
    assert_eq!(service.methods(), "CLCL");

    // The first look comes too early.
    let looks = Mutex::new(0);
    let early = move |request: &Received| {
        let is_list = request.method == "GET" && request.target.contains('?');
        *looks.lock().unwrap() += u32::from(is_list);
        (is_list && *looks.lock().unwrap() == 1).then(|| Answer::new(200, r#"{"packages":[]}"#))
    };
    let service = Service::with([Create::Lost(ID, Answer::nothing()), refused()], early).await;
    let package = service.send(impatient()).await.unwrap();
    assert!(package.is_found() && package.package_id == ID);
}

#[tokio::test]
async fn when_it_cannot_be_looked_up_the_error_has_all_to_find_out_later() {
    for lookup in [Answer::new(403, ""), Answer::new(500, ""), Answer::nothing(), Answer::new(200, "<html>")] {
        let answer = lookup.clone();
        let no_looks = move |request: &Received| (request.method == "GET").then(|| answer.clone());
        let service = Service::with([Create::Lost(ID, Answer::nothing())], no_looks).await;
        let error = service.send(impatient()).await.unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error:?}");
        assert_eq!(service.methods().matches('C').count(), 1, "{lookup:?}");
        let Some(Sought::Package(sought)) = error.sought() else { panic!("{error:?}") };
        assert_eq!((sought.app_id.as_str(), sought.version.as_str()), ("my-app", "2.0"));
        let command = "iotda-ota package list --all --type firmwarePackage --app-id my-app --product-id my-product \
                       --version 2.0";
        let hint = error.hint().unwrap();
        assert!(hint.contains(command) && hint.contains("\"x.bin\"") && hint.contains("\"abc\""), "{hint}");
    }
}

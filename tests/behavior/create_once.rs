//! Creates whose answer is lost: what is looked up, what is repeated, and what the caller learns.

mod alike;
mod settle;
mod unclear;

use std::sync::Mutex;
use std::time::Duration;

use iotda_ota::{CreatePackage, Error, ErrorKind, ObsLocation, Package, PackageType, Response, RetryPolicy};
use support::{Answer, Received, Stub, impatient};

const ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";
const OTHER: &str = "0f61af50fc9452aa0ed5ea25c3cc3d32";

/// A stub service with some state: what exists, and what each create is to be answered.
struct Service {
    stub: Stub,
}

/// What becomes of one create.
#[derive(Clone)]
enum Create {
    /// It is carried out and answered.
    Done(&'static str),
    /// It is carried out, and the answer is this.
    Lost(&'static str, Answer),
    /// It is not carried out, and the answer is this.
    Not(Answer),
}

/// A package as show answers it.
fn shown(id: &str, time: &str, key: &str) -> String {
    format!(
        r#"{{"package_id":"{id}","app_id":"my-app","product_id":"my-product","package_type":"firmwarePackage",
        "version":"2.0","create_time":"{time}","file_location":{{"obs_location":{{"region_name":"cn-north-4",
        "bucket_name":"abc","object_key":"{key}"}}}}}}"#
    )
}

fn id_of(request: &Received) -> String {
    request.target.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Service {
    /// A service that treats its creates in this way, one after the other, and answers every look-up.
    async fn start(creates: impl IntoIterator<Item = Create>) -> Self {
        Self::with(creates, |_| None).await
    }

    /// The same; `first` may answer a request before that.
    async fn with(
        creates: impl IntoIterator<Item = Create>,
        first: impl Fn(&Received) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let mut creates: Vec<Create> = creates.into_iter().collect();
        creates.reverse();
        let state = Mutex::new((creates, Vec::<(String, String)>::new()));
        let stub = Stub::start(move |request| {
            if let Some(answer) = first(request) {
                return answer;
            }
            let (creates, packages) = &mut *state.lock().expect("no stub panics");
            let time = format!("20260101T0000{:02}Z", packages.len());
            let body = |id: &str, time: &str| shown(id, time, "x.bin");
            match request.method.as_str() {
                "POST" => match creates.pop().expect("no further create is sent") {
                    Create::Done(id) => {
                        packages.push((id.to_owned(), time.clone()));
                        Answer::new(201, body(id, &time))
                    }
                    Create::Lost(id, answer) => {
                        packages.push((id.to_owned(), time));
                        answer
                    }
                    Create::Not(answer) => answer,
                },
                "DELETE" => {
                    let id = id_of(request);
                    let before = packages.len();
                    packages.retain(|(found, _)| *found != id);
                    if packages.len() < before { Answer::new(204, "") } else { Answer::new(404, "") }
                }
                _ if request.target.contains('?') => {
                    let items: Vec<_> = packages.iter().rev().map(|(id, time)| body(id, time)).collect();
                    Answer::new(200, format!(r#"{{"packages":[{}],"page":{{"count":1}}}}"#, items.join(",")))
                }
                _ => match packages.iter().find(|(id, _)| *id == id_of(request)) {
                    Some((id, time)) => Answer::new(200, body(id, time)),
                    None => Answer::new(404, ""),
                },
            }
        })
        .await;
        Self { stub }
    }

    fn create(&self, policy: RetryPolicy) -> CreatePackage {
        let client = self.stub.builder().retry(policy).build().expect("the settings are valid");
        let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
        client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location)
    }

    async fn send(&self, policy: RetryPolicy) -> Result<Response<Package>, Error> {
        self.create(policy).timeout(Duration::from_secs(5)).send().await
    }

    fn methods(&self) -> String {
        let requests = self.stub.received();
        let letter = |request: &Received| match request.method.as_str() {
            "POST" => 'C',
            "DELETE" => 'D',
            _ if request.target.contains('?') => 'L',
            _ => 'S',
        };
        requests.iter().map(letter).collect()
    }
}

/// The service's own word that it failed.
fn failed(status: u16) -> Answer {
    Answer::new(status, r#"{"error_code":"IOTDA.000001","error_msg":"internal server error"}"#)
}

fn lost_answers() -> Vec<Answer> {
    let cut = serde_json::json!({ "status": 201, "body": "{\"package_id\": \"28f61af5\"}", "cut_after": 8 });
    vec![
        Answer::nothing(),
        failed(500),
        Answer::new(500, "<html>Internal Server Error</html>"),
        Answer::new(502, "<html>Bad Gateway</html>"),
        Answer::new(504, ""),
        Answer::new(201, ""),
        Answer::new(201, "{"),
        Answer::new(200, r#"{"packages":[]}"#),
        Answer::from_fixture(&cut),
    ]
}

#[tokio::test]
async fn a_create_that_was_carried_out_is_found_and_not_repeated() {
    for answer in lost_answers() {
        for policy in [impatient(), impatient().max_attempts(1)] {
            let service = Service::start([Create::Lost(ID, answer.clone())]).await;
            let package = service.send(policy).await.unwrap();
            assert_eq!(package.package_id, ID, "{answer:?}");
            assert!(package.is_found() && package.attempts() == 1, "{answer:?}");
            assert!(package.warnings().is_empty());
            assert_eq!(service.methods(), "CLS", "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_create_that_was_not_carried_out_is_tried_again_after_a_look() {
    for answer in [Answer::nothing(), failed(500), Answer::new(502, ""), Answer::new(504, "")] {
        let service = Service::start([Create::Not(answer.clone()), Create::Not(answer), Create::Done(ID)]).await;
        let package = service.send(impatient()).await.unwrap();
        assert!(!package.is_found() && package.attempts() == 3 && package.status() == 201);
        assert_eq!(service.methods(), "CLCLCL", "the last look is the one for others that are the same");
    }
}

#[tokio::test]
async fn what_clearly_was_not_done_is_repeated_without_a_look() {
    let throttled = Answer::new(403, r#"{"error_code":"IOTDA.021101","error_msg":"too fast"}"#);
    let creates = [Answer::new(429, ""), throttled, Answer::new(429, "").header("retry-after", "0")];
    let service = Service::start(creates.map(Create::Not).into_iter().chain([Create::Done(ID)])).await;
    let package = service.send(impatient()).await.unwrap();
    assert!(!package.is_found() && package.attempts() == 4);
    assert_eq!(service.methods(), "CCCC");
}

#[tokio::test]
async fn a_clear_refusal_is_not_repeated() {
    for status in [400, 401, 403, 404, 409, 413, 422] {
        let service = Service::start([Create::Not(Answer::new(status, ""))]).await;
        let error = service.send(impatient()).await.unwrap_err();
        assert!(!error.is_retryable() && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!((service.methods().as_str(), error.attempts()), ("C", 1), "{status}");
    }
    let service = Service::start([Create::Not(Answer::new(200, r#"{"error_code":"IOTDA.1"}"#))]).await;
    assert_eq!(service.send(impatient()).await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(service.methods(), "C");
    // A 408 refuses and yet leaves open what became of the request: it is looked up, and not repeated either.
    let service = Service::start([Create::Not(Answer::new(408, ""))]).await;
    let error = service.send(impatient()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert_eq!((service.methods().as_str(), error.attempts()), ("CL", 1));
    let service = Service::start([Create::Lost(ID, Answer::new(408, ""))]).await;
    assert!(service.send(impatient()).await.unwrap().is_found());
    assert_eq!(service.methods(), "CLS");
}

#[tokio::test]
async fn a_success_that_cannot_be_found_is_never_created_again() {
    let service = Service::start([Create::Not(Answer::new(201, "<html>"))]).await;
    let error = service.send(impatient()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert_eq!(service.methods(), "CLLLL", "it is looked for several times");
}

#[tokio::test]
async fn a_service_that_fails_every_time_has_done_nothing_and_that_is_said() {
    for status in [500, 503] {
        let failing = || Create::Not(failed(status));
        let service = Service::start([failing(), failing()]).await;
        let error = service.send(impatient().max_attempts(2)).await.unwrap_err();
        assert!(error.is_retryable() && error.attempts() == 2, "{error:?}");
        assert!(error.to_string().contains("it was looked up and is not there"), "{error}");
        assert_eq!(service.methods(), "CLCL");
    }
}

#[tokio::test]
async fn only_the_same_file_counts_as_the_same_package() {
    let another_file = |request: &Received| {
        (request.method == "GET" && !request.target.contains('?') && request.target.ends_with(OTHER))
            .then(|| Answer::new(200, shown(OTHER, "20260101T000000Z", "y.bin")))
    };
    let creates = [Create::Lost(OTHER, Answer::nothing()), Create::Done(ID)];
    let service = Service::with(creates, another_file).await;
    let package = service.send(impatient()).await.unwrap();
    assert!(package.package_id == ID && !package.is_found());
    assert_eq!(service.methods(), "CLSCLS");
}

#[tokio::test]
async fn a_page_without_a_list_says_that_nothing_is_there_if_it_counts_none() {
    for page in [r#"{"page":{"count":0}}"#, r#"{"packages":null,"page":{"count":0}}"#] {
        let empty = move |request: &Received| {
            (request.method == "GET" && request.target.contains('?')).then(|| Answer::new(200, page))
        };
        let service = Service::with([Create::Not(failed(500)), Create::Done(ID)], empty).await;
        assert_eq!(service.send(impatient()).await.unwrap().package_id, ID, "{page}");
    }
}

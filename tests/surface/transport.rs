//! The generated crate alone, with a transport of its own and no network.

use std::sync::{Arc, Mutex};

use iotda_ota_client::{BoxFuture, Client, Error, Inner, OperationInfo, Refusal, Transport};

/// Keeps what would be sent, and answers by itself.
#[derive(Default)]
struct Recorder {
    refuses: bool,
    prepared: Mutex<Vec<&'static str>>,
    sent: Mutex<Vec<reqwest::Request>>,
}

impl Transport for Recorder {
    fn prepare<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        operation: &'a OperationInfo,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            self.prepared.lock().expect("no test panics here").push(operation.operation_id);
            if self.refuses {
                return Err(Refusal::new("no credentials today"));
            }
            request.headers_mut().insert("X-Auth-Token", reqwest::header::HeaderValue::from_static("fake-token"));
            Ok(())
        })
    }

    fn execute<'a>(
        &'a self,
        _client: &'a reqwest::Client,
        request: reqwest::Request,
        _operation: &'a OperationInfo,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(async move {
            self.sent.lock().expect("no test panics here").push(request);
            let answer = http::Response::builder().status(200).header("x-request-id", "fake-request-1");
            let body = r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3","version":"2.0","new_field":null}"#;
            Ok(answer.body(body).expect("the answer is well formed").into())
        })
    }
}

fn client(transport: &Arc<Recorder>) -> Client {
    // Who brings a reqwest client of his own brings its TLS provider, too. Only the first call sets it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let inner = Inner::new(Arc::clone(transport) as Arc<dyn Transport>);
    Client::new_with_client("http://127.0.0.1:9", reqwest::Client::new(), inner)
}

#[tokio::test]
async fn the_transport_completes_and_sends_the_request() {
    let transport = Arc::new(Recorder::default());
    let client = client(&transport);
    let show = client.show_ota_package().project_id("fake-project").package_id("28f61af50fc9452aa0ed5ea25c3cc3d3");
    let answer = show.instance_id("fake-instance").send().await.unwrap();
    assert_eq!(answer.version.as_deref(), Some("2.0"));
    assert_eq!(answer.headers()["x-request-id"], "fake-request-1");

    let sent = transport.sent.lock().unwrap();
    let [request] = &sent[..] else { panic!("one request is sent, not {}", sent.len()) };
    assert_eq!(request.method(), "GET");
    let path = "/v5/iot/fake-project/ota-upgrades/packages/28f61af50fc9452aa0ed5ea25c3cc3d3";
    assert_eq!(request.url().path(), path);
    assert_eq!(request.headers()["x-auth-token"], "fake-token");
    assert_eq!(request.headers()["instance-id"], "fake-instance");
    assert_eq!(*transport.prepared.lock().unwrap(), ["show_ota_package"]);
}

#[tokio::test]
async fn the_version_of_the_document_is_not_sent() {
    let transport = Arc::new(Recorder::default());
    let client = client(&transport);
    let show = client.show_ota_package().project_id("fake-project").package_id("28f61af50fc9452aa0ed5ea25c3cc3d3");
    show.send().await.unwrap();
    assert!(!transport.sent.lock().unwrap()[0].headers().contains_key("api-version"));
}

#[tokio::test]
async fn a_refusal_of_the_transport_comes_back_and_nothing_is_sent() {
    let transport = Arc::new(Recorder { refuses: true, ..Recorder::default() });
    let client = client(&transport);
    let show = client.show_ota_package().project_id("fake-project").package_id("28f61af50fc9452aa0ed5ea25c3cc3d3");
    let error = show.send().await.unwrap_err();
    assert!(matches!(&error, Error::Custom(reason) if reason == "no credentials today"), "{error:?}");
    assert!(transport.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_value_against_the_document_is_an_error_and_nothing_is_sent() {
    let transport = Arc::new(Recorder::default());
    let client = client(&transport);
    let error = client.show_ota_package().project_id("fake-project").package_id("a/b").send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error:?}");
    assert!(transport.prepared.lock().unwrap().is_empty());
    assert!(transport.sent.lock().unwrap().is_empty());
}

//! Requests as bytes, for what no HTTP client would send, and answers as bytes, for what no client would show.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Caller;

/// Connects to an endpoint.
pub(crate) async fn connect(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends bytes and returns everything that comes back until the end, with how the connection ended.
pub(crate) async fn exchange(endpoint: &str, request: &str) -> (String, std::io::Result<()>) {
    let mut stream = connect(endpoint).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    (String::from_utf8_lossy(&answer).into_owned(), end.map(drop))
}

/// Sends bytes to the OBS port, possibly closes for writing, and returns everything that comes back.
pub(crate) async fn obs(caller: &Caller, request: &str, then_close: bool) -> String {
    let mut stream = connect(caller.emulator.obs_endpoint()).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    if then_close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request of the IoTDA port with the token, whose connection ends with it.
pub(crate) fn list(caller: &Caller) -> String {
    format!(
        "GET /v5/iot/{}/ota-upgrades/packages?package_type=firmwarePackage HTTP/1.1\r\nhost: localhost\r\nx-auth-token: {}\r\n\
         connection: close\r\n\r\n",
        caller.emulator.project_id(),
        caller.emulator.token()
    )
}

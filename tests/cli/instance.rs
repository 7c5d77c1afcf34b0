//! An emulator inside the test, as an instance of one kind.

use std::io::{Read, Write};
use std::net::TcpStream;

use iotda_ota_emulator::{Emulator, InstanceKind};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// Runs until it is dropped.
pub(crate) struct Instance {
    pub(crate) emulator: Emulator,
    // Dropped after the emulator, which runs on it.
    _runtime: Runtime,
}

/// A temporary access key.
pub(crate) struct TemporaryKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) security_token: String,
}

impl Instance {
    pub(crate) fn start(kind: InstanceKind) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let emulator = runtime.block_on(Emulator::builder().signing(kind).start()).unwrap();
        Self { emulator, _runtime: runtime }
    }

    /// The variables that say where it is, and nothing about who is asking.
    pub(crate) fn place(&self) -> Vec<(&'static str, &str)> {
        let emulator = &self.emulator;
        vec![
            ("IOTDA_OTA_ENDPOINT", emulator.endpoint()),
            ("IOTDA_OTA_OBS_ENDPOINT", emulator.obs_endpoint()),
            ("HUAWEICLOUD_SDK_IAM_ENDPOINT", emulator.iam_endpoint()),
            ("IOTDA_OTA_REGION", emulator.region()),
            ("IOTDA_OTA_BUCKET", emulator.bucket()),
            ("HUAWEICLOUD_SDK_PROJECT_ID", emulator.project_id()),
        ]
    }

    /// The same and more.
    pub(crate) fn and<'a>(&'a self, more: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
        [&self.place()[..], more].concat()
    }

    /// The variables of its access key.
    pub(crate) fn pair(&self) -> [(&'static str, &str); 2] {
        let emulator = &self.emulator;
        [("HUAWEICLOUD_SDK_AK", emulator.access_key_id()), ("HUAWEICLOUD_SDK_SK", emulator.secret_access_key())]
    }

    /// The variables of its user.
    pub(crate) fn user(&self) -> [(&'static str, &str); 3] {
        let emulator = &self.emulator;
        [
            ("IOTDA_OTA_USERNAME", emulator.user()),
            ("IOTDA_OTA_PASSWORD", emulator.password()),
            ("IOTDA_OTA_DOMAIN", emulator.domain()),
        ]
    }

    /// A temporary access key, from its IAM.
    pub(crate) fn temporary_key(&self) -> TemporaryKey {
        let token = json!({"id": self.emulator.token(), "duration_seconds": 900});
        let body = json!({"auth": {"identity": {"methods": ["token"], "token": token}}}).to_string();
        let host = self.emulator.iam_endpoint().strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(host).unwrap();
        let head = format!("POST /v3.0/OS-CREDENTIAL/securitytokens HTTP/1.1\r\nHost: {host}\r\nConnection: close");
        let length = body.len();
        let head = format!("{head}\r\nContent-Type: application/json\r\nContent-Length: {length}");
        write!(connection, "{head}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        let text = |name: &str| answer["credential"][name].as_str().unwrap().to_owned();
        TemporaryKey { id: text("access"), secret: text("secret"), security_token: text("securitytoken") }
    }
}

//! What the behavior suite runs against.
//!
//! Cases reach it only through [`Target`], which holds addresses and credentials and not how they came to be. So the
//! same cases can run against another backend as soon as [`target()`] makes a [`Target`] of it.

use std::path::Path;

use iotda_ota::{AccessKey, Client, ClientBuilder, Metadata, ObsLocation, Password};
use iotda_ota_emulator::{Builder, Emulator, Faults, FixedClock, InstanceKind, RecordedRequest, Refusal};

/// A backend with everything a client needs for it. It stops when it is dropped.
#[derive(Debug)]
pub struct Target {
    backend: Emulator,
}

/// A fresh emulator, which nobody else uses, with the rules that the service is known to have.
pub async fn target() -> Target {
    Target::start(Emulator::builder()).await
}

/// An emulator that adds rules the service is not known to have: the sign matches the object, a version exists once.
pub async fn strict_target() -> Target {
    Target::start(Emulator::builder().strict(true)).await
}

/// An emulator with a metadata service.
pub async fn target_with_metadata() -> Target {
    Target::start(Emulator::builder().metadata(true)).await
}

/// An emulator of a standard or enterprise instance, which takes no plain signatures.
pub async fn dedicated_target() -> Target {
    Target::start(Emulator::builder().signing(InstanceKind::Dedicated)).await
}

/// An emulator of the shared address of a region, which takes no derived signatures.
pub async fn shared_target() -> Target {
    Target::start(Emulator::builder().signing(InstanceKind::Shared)).await
}

/// An emulator whose clock stands still, so many seconds after the beginning of 1970.
pub async fn target_at(seconds: u64) -> Target {
    Target::start(Emulator::builder().clock(FixedClock::at_unix_seconds(seconds))).await
}

/// An emulator that refuses every call to IoTDA in the same way, as real ones are known to.
pub async fn refusing_target(refusal: Refusal) -> Target {
    Target::start(Emulator::builder().refuse_with(refusal)).await
}

/// An emulator that does not ask whether objects exist, for cases that are about requests alone.
///
/// A strict one also minds the suffix of the object key, which newer service texts do not mention.
pub async fn target_without_objects(strict: bool) -> Target {
    Target::start(Emulator::builder().strict(strict).check_objects(false)).await
}

/// An emulator that tells so many of its last requests.
pub async fn target_that_remembers(requests: usize) -> Target {
    Target::start(Emulator::builder().keep_requests(requests)).await
}

impl Target {
    async fn start(builder: Builder) -> Self {
        let backend = builder.in_memory().start().await;
        Self { backend: backend.expect("an emulator starts") }
    }

    /// A builder with addresses and project, for cases that choose their credentials.
    pub fn addresses(&self) -> ClientBuilder {
        Client::builder()
            .region(self.backend.region())
            .endpoint(self.backend.endpoint())
            .obs_endpoint(self.backend.obs_endpoint())
            .iam_endpoint(self.backend.iam_endpoint())
    }

    /// The address of IoTDA, for cases that reach it in another way.
    pub fn endpoint(&self) -> &str {
        self.backend.endpoint()
    }

    /// The region that it claims to be.
    pub fn region(&self) -> &str {
        self.backend.region()
    }

    /// A builder with addresses, project and all credentials set, for cases that change one of them.
    pub fn builder(&self) -> ClientBuilder {
        self.addresses().project_id(self.backend.project_id()).token(self.backend.token()).access_key(self.access_key())
    }

    /// An access key that may do everything.
    pub fn access_key(&self) -> AccessKey {
        AccessKey::new(self.backend.access_key_id(), self.backend.secret_access_key())
    }

    /// A token that may do everything.
    pub fn token(&self) -> &str {
        self.backend.token()
    }

    /// A user with a password who may do everything.
    pub fn user(&self) -> Password {
        Password::new(self.backend.user(), self.backend.password(), self.backend.domain())
    }

    /// The project that the credentials are for.
    pub fn project_id(&self) -> &str {
        self.backend.project_id()
    }

    /// The metadata service, if it was asked for.
    pub fn metadata(&self) -> Metadata {
        Metadata::at(self.backend.metadata_endpoint().unwrap_or_default())
    }

    /// The OBS base address.
    pub fn obs_endpoint(&self) -> &str {
        self.backend.obs_endpoint()
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        self.backend.faults()
    }

    /// The last requests, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.backend.requests()
    }

    /// A client that may do everything.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn client(&self) -> Client {
        self.builder().build().expect("the target's settings are valid")
    }

    /// A bucket that exists.
    pub fn bucket(&self) -> &str {
        self.backend.bucket()
    }

    /// The location of an object, which may exist or not, in the target's region and bucket.
    pub fn location(&self, key: &str) -> ObsLocation {
        ObsLocation::new(self.backend.region(), self.bucket(), key)
    }

    /// Puts a file into the bucket, in place of what is there, and answers its location with the checksum of its content.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn upload(&self, key: &str, file: &Path) -> ObsLocation {
        let obs = self.client().obs().expect("the target has OBS");
        let uploaded = obs.upload(self.bucket(), key, file).replace(true).send().await.expect("the upload succeeds");
        self.location(key).sign(uploaded.checksum)
    }
}

//! Whom TLS trusts: the platform's certificates, and those that were given.

use crate::error::{Error, ErrorKind};

/// Certificates to trust besides the platform's.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[derive(Default)]
pub(super) struct Trust(Vec<reqwest::Certificate>);

#[cfg(any(feature = "rustls", feature = "native-tls"))]
impl Trust {
    /// Reads the texts of PEM files.
    pub(super) fn read(pem: &[Vec<u8>]) -> Result<Self, Error> {
        let mut all = Vec::new();
        for pem in pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).ok();
            all.extend(certificates.filter(|found| !found.is_empty()).ok_or_else(no_certificate)?);
        }
        let trust = Self(all);
        if !trust.0.is_empty() {
            // What is inside of a certificate is only read when a client is made; this one reads no others.
            let builder = trust.applied(reqwest::Client::builder().no_proxy(), false);
            let trial = builder.tls_certs_only(trust.0.iter().cloned()).build();
            trial.map_err(|error| no_certificate().with_source(error))?;
        }
        Ok(trust)
    }

    /// A client that never speaks TLS trusts nobody, because reading the platform's certificates takes long.
    pub(super) fn applied(&self, builder: reqwest::ClientBuilder, secure: bool) -> reqwest::ClientBuilder {
        // Only the first call in a process sets the provider; a program that chose its own keeps it.
        #[cfg(feature = "rustls")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        match secure {
            true => builder.tls_certs_merge(self.0.iter().cloned()),
            false => builder.tls_certs_only([]),
        }
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn no_certificate() -> Error {
    Error::new(ErrorKind::Configuration, "the CA file holds no certificate in PEM form")
        .with_hint("give a file that holds -----BEGIN CERTIFICATE----- lines")
}

/// Nothing: this build has no TLS.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[derive(Default)]
pub(super) struct Trust {}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
impl Trust {
    pub(super) fn read(pem: &[Vec<u8>]) -> Result<Self, Error> {
        if pem.is_empty() {
            return Ok(Self {});
        }
        Err(Error::new(ErrorKind::Configuration, "this build has no TLS, so it can use no certificates")
            .with_hint("enable the feature rustls or native-tls of the crate iotda-ota"))
    }

    pub(super) fn applied(&self, builder: reqwest::ClientBuilder, _secure: bool) -> reqwest::ClientBuilder {
        builder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = Trust::read(&[text.as_bytes().to_vec()]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
        }
        assert!(Trust::read(&[]).is_ok());
    }
}

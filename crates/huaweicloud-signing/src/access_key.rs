//! The access key that every signing scheme of this crate takes.

use std::fmt;

/// An access key: a public id and the secret that belongs to it, both borrowed.
///
/// Its `Debug` shows the id only, so that a key can stand in a log line without giving the secret away.
///
/// ```
/// use huaweicloud_signing::AccessKey;
///
/// let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
/// assert_eq!(format!("{key:?}"), r#"AccessKey { id: "FAKEACCESSKEY", .. }"#);
/// ```
///
/// Temporary keys come with a security token. It is a header of the request, not part of this pair: see
/// [`canonical`](crate::canonical#temporary-keys) and [`obs`](crate::obs#temporary-keys).
#[derive(Clone, Copy)]
pub struct AccessKey<'a> {
    /// The access key id ("AK"). It is sent with every request.
    pub id: &'a str,
    /// The secret access key ("SK"). It is never sent.
    pub secret: &'a str,
}

impl fmt::Debug for AccessKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::AccessKey;

    #[test]
    fn debug_hides_the_secret() {
        let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
        let shown = format!("{key:?} {key:#?}");
        assert!(shown.contains("FAKEACCESSKEY"));
        assert!(!shown.contains("fake-secret"));
    }
}

//! Names of buckets, by the page "Creating a Bucket" of the OBS documentation.

use std::net::Ipv4Addr;

use crate::rejection::{Code, Rejection};

/// Refuses what cannot be the name of a new bucket.
pub(crate) fn check(name: &str) -> Result<(), Rejection> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    let legal = (3..=63).contains(&bytes.len())
        && bytes.iter().all(|&b| allowed(b))
        && ends(bytes.first())
        && ends(bytes.last())
        && !["..", ".-", "-."].iter().any(|pair| name.contains(pair))
        && name.parse::<Ipv4Addr>().is_err();
    if legal {
        return Ok(());
    }
    Err(Rejection::new(
        Code::ObsInvalidBucketName,
        format!(
            "{name:?} cannot be a bucket: a name has 3 to 63 lower-case letters, digits, '-' and '.', begins and ends with \
             a letter or digit, has no '.' beside another '.' or a '-', and is no IP address"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_names_from_other_texts() {
        for name in ["abc", "fw-bucket.2", "0-0", &"a".repeat(63)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in
            ["ab", "", "Abc", "a_b", "-ab", "ab.", "a..b", "a.-b", "a-.b", "10.0.0.1", "固件桶", &"a".repeat(64)]
        {
            assert_eq!(check(name).unwrap_err().code, Code::ObsInvalidBucketName, "{name}");
        }
    }
}

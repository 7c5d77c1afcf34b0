//! Lower-case hexadecimal, the only form in which the gateway schemes write hashes.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends bytes as lower-case digits.
pub(crate) fn write(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 0x0f)]));
    }
}

/// Writes 32 bytes as 64 digits in place, for a text that must not be left behind on the heap.
pub(crate) fn encode(bytes: &[u8; 32], out: &mut [u8; 64]) {
    for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0x0f)];
    }
}

/// Reads exactly 64 lower-case digits.
pub(crate) fn decode(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, write};

    #[test]
    fn reads_what_it_writes() {
        let bytes: [u8; 32] = std::array::from_fn(|index| (index * 37 + 5) as u8);
        let (mut text, mut array) = (String::new(), [0; 64]);
        write(&bytes, &mut text);
        encode(&bytes, &mut array);
        assert_eq!(text.as_bytes(), array);
        assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn refuses_every_other_form() {
        let zeros = "0".repeat(64);
        assert_eq!(decode(&zeros), Some([0; 32]));
        for text in [&zeros[1..], &zeros[2..], &format!("{zeros}0"), &format!("{}A", &zeros[1..]), &"é".repeat(32), ""]
        {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}

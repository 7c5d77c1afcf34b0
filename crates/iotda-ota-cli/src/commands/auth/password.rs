//! Reading a password: one line, in one place in memory that is wiped.

use std::io::{self, ErrorKind};

use zeroize::Zeroizing;

/// The longest password that is taken. IAM's own limit is far below.
const LONGEST: usize = 4096;

/// Why there is no password.
#[derive(Debug)]
pub(super) enum Unfit {
    /// Nothing was given.
    Empty,
    /// The first line does not end in time.
    TooLong,
    /// It is no text.
    NoText,
    /// It could not be read.
    Io(io::Error),
}

/// A password, or why there is none.
pub(super) type Read = Result<Zeroizing<String>, Unfit>;

/// The first line, without its end; what comes after it is not looked at.
pub(super) fn first_line(mut from: impl io::Read) -> Read {
    // All the room at once: a vector that grows would leave copies behind. Two more for the line's end.
    let mut bytes = Zeroizing::new(vec![0; LONGEST + 2]);
    let mut filled = 0;
    let end = loop {
        if let Some(end) = bytes[..filled].iter().position(|byte| *byte == b'\n') {
            break end;
        }
        match from.read(&mut bytes[filled..]) {
            // There is no room left, or nothing left to read.
            Ok(0) => break filled,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Unfit::Io(error)),
        }
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    if line.len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    if line.is_empty() {
        return Err(Unfit::Empty);
    }
    let text = std::str::from_utf8(line).map_err(|_| Unfit::NoText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Standard input without the buffer that [`io::stdin`] has, which nobody could wipe.
pub(super) fn standard_input() -> io::Result<impl io::Read> {
    #[cfg(unix)]
    let input = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let input = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(std::fs::File::from(input))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl io::Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(to.len()).min(1);
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn takes_the_first_line_whatever_ends_it() {
        for text in ["fake pass ü", "fake pass ü\n", "fake pass ü\r\n", "fake pass ü\nnot this"] {
            assert_eq!(first_line(text.as_bytes()).unwrap().as_str(), "fake pass ü");
            assert_eq!(first_line(Slow(text.as_bytes())).unwrap().as_str(), "fake pass ü");
        }
        // Only one end belongs to the line; blanks are part of a password.
        assert_eq!(first_line(&b" a \r\r\n"[..]).unwrap().as_str(), " a \r");
    }

    #[test]
    fn nothing_too_much_and_no_text_are_refused_and_nothing_is_cut_off() {
        for text in ["", "\n", "\r\n", "\nsecond"] {
            assert!(matches!(first_line(text.as_bytes()), Err(Unfit::Empty)), "{text:?}");
        }
        let longest = "x".repeat(LONGEST);
        for end in ["", "\n", "\r\n", "\nmore"] {
            assert_eq!(first_line(format!("{longest}{end}").as_bytes()).unwrap().len(), LONGEST);
            assert!(matches!(first_line(format!("{longest}y{end}").as_bytes()), Err(Unfit::TooLong)), "{end:?}");
        }
        assert!(matches!(first_line(&b"caf\xe9\n"[..]), Err(Unfit::NoText)));
    }

    proptest! {
        #[test]
        fn any_input_is_the_text_before_its_first_line_end_or_refused(
            bytes in prop::collection::vec(prop_oneof![8 => any::<u8>(), 1 => Just(b'\n'), 1 => Just(b'\r')], 0..200),
            filler in prop_oneof![9 => Just(0), 1 => LONGEST - 100..LONGEST + 10],
        ) {
            let input = [vec![b'x'; filler], bytes].concat();
            let line = input.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match (first_line(&input[..]), std::str::from_utf8(line)) {
                (Ok(text), Ok(expected)) => prop_assert_eq!(text.as_str(), expected),
                (Err(Unfit::Empty), _) => prop_assert!(line.is_empty()),
                (Err(Unfit::TooLong), _) => prop_assert!(line.len() > LONGEST),
                (Err(Unfit::NoText), Err(_)) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

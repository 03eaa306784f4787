//! Strings between quotes.

use std::fmt::{Result, Write};

/// Bytes of a buffer that are printed; strace(1)'s default for `-s`.
const LIMIT: usize = 32;

/// Prints all of `bytes`, with dots behind if `more` followed.
pub(super) fn whole(bytes: &[u8], more: bool, out: &mut dyn Write) -> Result {
    out.write_char('"')?;
    for (position, byte) in bytes.iter().enumerate() {
        escape(*byte, bytes.get(position + 1).copied(), out)?;
    }
    out.write_str(if more { "\"..." } else { "\"" })
}

/// Prints the first bytes of a buffer.
pub(super) fn buffer(bytes: &[u8], more: bool, out: &mut dyn Write) -> Result {
    let shown = bytes.get(..LIMIT).unwrap_or(bytes);
    whole(shown, more || shown.len() < bytes.len(), out)
}

fn escape(byte: u8, next: Option<u8>, out: &mut dyn Write) -> Result {
    match byte {
        b'"' => out.write_str("\\\""),
        b'\\' => out.write_str("\\\\"),
        b'\t' => out.write_str("\\t"),
        b'\n' => out.write_str("\\n"),
        0x0b => out.write_str("\\v"),
        0x0c => out.write_str("\\f"),
        b'\r' => out.write_str("\\r"),
        b' '..=b'~' => out.write_char(char::from(byte)),
        // A short octal number would swallow a digit that follows it.
        _ if next.is_some_and(|next| next.is_ascii_digit()) => write!(out, "\\{byte:03o}"),
        _ => write!(out, "\\{byte:o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(bytes: &[u8]) -> String {
        let mut text = String::new();
        buffer(bytes, false, &mut text).unwrap();
        text
    }

    #[test]
    fn bytes_are_escaped_as_strace_does() {
        assert_eq!(quoted(b"a\"\\\n\t\r\x0b\x0c"), r#""a\"\\\n\t\r\v\f""#);
        assert_eq!(quoted(b"\x7fELF\x02\x01\x01\x00"), r#""\177ELF\2\1\1\0""#);
        assert_eq!(quoted(b"\x001\xff"), r#""\0001\377""#);
    }

    #[test]
    fn a_long_buffer_is_cut_at_32_bytes() {
        assert_eq!(quoted(&[b'x'; 32]), format!("\"{}\"", "x".repeat(32)));
        assert_eq!(quoted(&[b'x'; 33]), format!("\"{}\"...", "x".repeat(32)));
    }
}

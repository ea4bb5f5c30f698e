//! The one header of a SIP message that decisions read (RFC 3261 section 20.8).

use crate::CallId;

/// The Call-ID of the SIP message that a UDP datagram carries, `None` if it has none of 1 to 255
/// octets: the packet is dropped then \[PE-1\].
///
/// The header stands at the start of a line, named `Call-ID` or `i` in any case, then a colon with
/// blanks around it; its value ends at CR or LF.
///
/// ```
/// use lvs_proto::wire::sip::call_id;
///
/// let payload = b"INVITE sip:bob@example.net SIP/2.0\r\ni: f81d4fae@192.0.2.7\r\n\r\n";
/// let id = call_id(payload).ok_or("no Call-ID")?;
/// assert_eq!(id.octets(), b"f81d4fae@192.0.2.7");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn call_id(payload: &[u8]) -> Option<CallId<'_>> {
    let mut rest = payload;
    // A value that no line ending follows is cut short.
    while let Some(end) = rest.iter().position(|octet| is_line_end(*octet)) {
        let (line, tail) = rest.split_at_checked(end)?;
        // The first such header decides, good or bad.
        if let Some(value) = header_value(line) {
            return CallId::new(value);
        }
        rest = tail.get(1..)?;
    }
    None
}

/// The value in `line` if it is a Call-ID header.
fn header_value(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|octet| *octet == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let is_call_id = name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i");
    is_call_id.then(|| value.get(1..).unwrap_or_default().trim_ascii_start())
}

const fn is_line_end(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pe_1_where_the_header_is_found() {
        let found = |text: &'static str| call_id(text.as_bytes()).map(CallId::octets);
        for text in [
            "INVITE sip:a@b SIP/2.0\r\nCall-ID: x@y\r\nContent-Length: 0\r\n\r\n",
            "A\ncall-id:x@y\n",
            "A\r\nCALL-ID \t:\t x@y\r",
            "A\r\ni:x@y\n",
            "I: x@y\r\nCall-ID: z\r\n",
        ] {
            assert_eq!(found(text), Some(&b"x@y"[..]), "{text:?}");
        }
        for text in [
            "",
            "INVITE sip:a@b SIP/2.0\r\n\r\n",
            "X-Call-ID: x\r\n",
            " Call-ID: x\r\n",
            "Call-ID x\r\n",
            "Call-ID:\r\n",
            "Call-ID: x",
            "Call-IDs: x\r\n",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }

    #[test]
    fn pe_1_lengths_from_1_to_255() {
        for length in [1, 255, 256] {
            let text = std::format!("i:{}\r\n", "x".repeat(length));
            let found = call_id(text.as_bytes()).map(|id| id.octets().len());
            assert_eq!(found, (length <= CallId::MAX_LEN).then_some(length));
        }
    }

    #[test]
    fn hostile_octets_do_not_panic() {
        arbtest::arbtest(|u| {
            let _ = call_id(u.bytes(u.len())?);
            Ok(())
        });
    }
}

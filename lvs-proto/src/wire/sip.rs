//! The one header of a SIP message that decisions read (RFC 3261 section 20.8).

use crate::CallId;

/// The Call-ID of the SIP message that a UDP datagram carries, `None` if it has none of 1 to 255
/// octets: the packet is dropped then \[PE-1\].
///
/// It is what the kernel finds. The header stands at the start of a line that is not the first,
/// named `Call-ID` or `i` in any case, then a colon with blanks around it, folded lines being
/// blanks too. Its value is a word, or two with `@` between them, and ends its line.
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
    let mut from = 0_usize;
    loop {
        let value = header(payload.get(from..)?)?;
        let length = id_len(value);
        if length > 0 {
            let (id, rest) = value.split_at_checked(length)?;
            return rest.first().is_some_and(is_line_end).then(|| CallId::new(id))?;
        }
        // The kernel looks on from that many octets further, though it counted them from the
        // start of the message: several such headers hide others.
        from = from.checked_add(payload.len().checked_sub(value.len())?)?;
    }
}

/// What follows the colon of the first Call-ID header, `None` where there is none or one with
/// neither a colon nor a value hides the others.
fn header(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message;
    loop {
        let line = after_line_end(rest.split_at_checked(rest.iter().position(is_line_end)?)?.1)?;
        if let Some(rest) = after_name(line) {
            return skip_blanks(skip_blanks(rest)?.strip_prefix(b":")?);
        }
        // The first octet of a line is not looked at again, so that one line feed alone hides
        // what follows it.
        rest = line.get(1..)?;
    }
}

fn after_line_end(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\r\n").or_else(|| text.get(1..))
}

/// What follows the header's name, of which the short form is followed by no letter.
fn after_name(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"call-id";
    match (line.split_at_checked(NAME.len()), line) {
        (Some((name, rest)), _) if name.eq_ignore_ascii_case(NAME) => Some(rest),
        (_, [b'i' | b'I', rest @ ..]) if !is_letter(*rest.first()?) => Some(rest),
        _ => None,
    }
}

/// What follows the blanks, and those of a continuation line; `None` at the end of a header.
fn skip_blanks(text: &[u8]) -> Option<&[u8]> {
    let text = without_blanks(text);
    if !text.first().is_some_and(is_line_end) {
        return Some(text);
    }
    let line = after_line_end(text)?;
    matches!(line.first(), Some(b' ' | b'\t')).then(|| without_blanks(line))
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

/// The length of the Call-ID that `value` begins with (RFC 3261 section 25.1, `callid`), 0 if
/// none.
fn id_len(value: &[u8]) -> usize {
    let word = word_len(value);
    match value.get(word..) {
        Some([b'@', rest @ ..]) if word > 0 => match word_len(rest) {
            0 => 0,
            host => word.saturating_add(1).saturating_add(host),
        },
        _ => word,
    }
}

fn word_len(text: &[u8]) -> usize {
    let in_word =
        |octet: &&u8| is_letter(**octet) || octet.is_ascii_digit() || WORD.contains(octet);
    text.iter().take_while(in_word).count()
}

/// What a word is made of (RFC 3261 section 25.1) beside letters and digits.
const WORD: &[u8] = b"-.!%*_+`'~()<>:\\\"/[]?{}";

/// The kernel's letters are those of ISO 8859-1.
const fn is_letter(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || matches!(octet, 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..)
}

const fn is_line_end(octet: &u8) -> bool {
    matches!(octet, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&[u8]> {
        call_id(text.as_bytes()).map(CallId::octets)
    }

    /// All of these as kernel 6.1.192 answered them.
    #[test]
    fn pe_1_where_the_header_is_found() {
        for text in [
            "INVITE sip:a@b SIP/2.0\r\nCall-ID: x@y\r\nContent-Length: 0\r\n\r\n",
            "A\ncall-id:x@y\n",
            "A\r\nCALL-ID \t:\t x@y\r",
            "A\r\ni:x@y\n",
            "\nI: x@y\r\nCall-ID: z\r\n",
            "A\r\ninfo: z\r\ni: x@y\r\n",
            "A\r\n\r\nCall-ID: x@y\r\n",
            "A\r\n i: z\r\ni: x@y\r\n",
            "A\r\nCall-ID:\r\n x@y\r\n",
            "A\r\nCall-ID\n\t: x@y\r\n",
            "A\r\nCall-ID: ,\r\ni: x@y\r\n",
            "A\r\nCall-ID: z@\r\ni: x@y\r\n",
        ] {
            assert_eq!(found(text), Some(&b"x@y"[..]), "{text:?}");
        }
        for text in [
            "",
            "INVITE sip:a@b SIP/2.0\r\n\r\n",
            "Call-ID: x\r\n",
            "i:x\n",
            "A\r\nX-Call-ID: x\r\n",
            "A\r\n Call-ID: x\r\n",
            "A\r\nCall-ID x\r\n",
            "A\r\nCall-ID:\r\n",
            "A\r\nCall-ID:\r\nCall-ID: x\r\n",
            "A\r\nCall-ID: x",
            "A\r\nCall-IDs: x\r\ni: y\r\n",
            "A\r\ni-b: x\r\ni: y\r\n",
            "A\n\nCall-ID: x\n",
            "A\r\nCall-ID: x y\r\n",
            "A\r\nCall-ID: x \r\n",
            "A\r\nCall-ID:: x\r\n",
            "A\r\nCall-ID: x@y@z\r\n",
            "A\r\nCall-ID: @y\r\n",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }

    #[test]
    fn pe_1_values_that_are_none_hide_others_behind_them() {
        let text = "INVITE\r\ni: ,\r\ni: ,\r\ni: hidden\r\ni: found\r\n";
        assert_eq!(found(text), Some(&b"found"[..]));
        assert_eq!(found(text.split_at(8 + 3 * 6 + 6).0), None);
    }

    #[test]
    fn pe_1_the_octets_of_a_word() {
        for octet in 0..=u8::MAX {
            let message = [b"A\r\ni: x", &[octet][..], b"y\r\n"].concat();
            let of_word = call_id(&message).is_some_and(|id| id.octets().len() == 3);
            let letter = octet.is_ascii_alphabetic()
                || matches!(octet, 0xc0.. if octet != 0xd7 && octet != 0xf7);
            let expected =
                letter || octet.is_ascii_digit() || b"!\"%'()*+-./:<>?@[\\]_`{}~".contains(&octet);
            assert_eq!(of_word, expected, "{octet:#x}");
            // The short name is one that no letter follows; else it is another header's.
            let message = [b"A\r\ni", &[octet][..], b": z\r\ni: y\r\n"].concat();
            let found = call_id(&message).map(CallId::octets);
            match octet {
                b' ' | b'\t' => assert_eq!(found, Some(&b"z"[..])),
                _ => assert_eq!(found.is_some(), letter, "{octet:#x}"),
            }
        }
    }

    #[test]
    fn pe_1_lengths_from_1_to_255() {
        for length in [1, 255, 256] {
            let text = std::format!("A\ni:{}\r\n", "x".repeat(length));
            let found = found(&text).map(<[u8]>::len);
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

//! What the `sip` persistence engine keeps calls together by.

use core::fmt::{self, Write as _};

/// The Call-ID of a SIP message (RFC 3261 section 20.8): 1 to 255 octets, compared as they are
/// \[PE-1\] \[PE-2\].
///
/// ```
/// use lvs_proto::CallId;
///
/// let id = CallId::new(b"f81d4fae@192.0.2.7").ok_or("1 to 255 octets")?;
/// assert_eq!(id.to_string(), "f81d4fae@192.0.2.7");
/// assert_eq!(CallId::new(b""), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId<'a>(&'a [u8]);

impl<'a> CallId<'a> {
    /// The most octets of a Call-ID.
    pub const MAX_LEN: usize = 255;

    /// The Call-ID of these octets, `None` if they are none or more than 255.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.is_empty() || octets.len() > Self::MAX_LEN { None } else { Some(Self(octets)) }
    }

    /// The octets, 1 to 255.
    #[must_use]
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }
}

/// The text, quotes and all, as the kernel shows it; octets that are no printable ASCII are escaped.
impl fmt::Display for CallId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| match octet {
            b' '..=b'~' => f.write_char(char::from(*octet)),
            _ => write!(f, "{}", octet.escape_ascii()),
        })
    }
}

impl fmt::Debug for CallId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallId({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn pe_4_a_call_id_is_shown_as_it_is_but_for_what_no_terminal_shows() {
        let shown = CallId::new(b"it's\\\"a\"\n\x1b@b\xff").map(|id| id.to_string());
        assert_eq!(shown.as_deref(), Some(r#"it's\"a"\n\x1b@b\xff"#));
    }
}

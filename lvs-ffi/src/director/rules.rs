//! The services of a director and their destinations, as ipvsadm-save writes them.

use core::ffi::{CStr, c_char};
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Range;

use lvs_proto::Instant;
use lvs_sched::{ApplyError, Director, Rule, RuleError};

use super::lvs_director;
use crate::door::{check_size, required, status};
use crate::lvs_status::{LVS_ERR_OTHER, LVS_ERR_RULE, LVS_ERR_TEXT};
use crate::text::{show, write_text};
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// Octets of the words of an error, NUL included.
pub const LVS_RULE_ERROR_WORDS: usize = 128;

/// Where a text of rules was refused, and why.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_rule_error {
    /// The sizeof of this struct.
    pub size: usize,
    /// The line, counted from 1.
    pub line: usize,
    /// Where in the text what is wrong begins, in octets.
    pub offset: usize,
    /// How long it is, in octets; 0 if something is missing there.
    pub length: usize,
    /// What was expected there, or why the line was not applied; ends with a NUL.
    pub words: [c_char; LVS_RULE_ERROR_WORDS],
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_rule_error>() == 160);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_rule_error>() == 144);

/// Does what lines of ipvsadm say, like "-A -t 192.0.2.100:80 -s rr", in their order, as
/// ipvsadm-restore does. The leading word "ipvsadm" may be left out; blank lines and lines that
/// begin with "#" say nothing. Addresses are numeric.
///
/// The first line that is refused changes nothing, and what follows is not looked at; lines before
/// it stay applied. `error` is filled in then, unless it is NULL; `error->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`; `LVS_ERR_TEXT` if the text is not UTF-8; `LVS_ERR_RULE` if
/// a line is no rule; and those of `lvs_director_add_service`, `lvs_director_add_dest` and
/// `lvs_director_set_timeouts`.
///
/// # Safety
/// `text` ends with a NUL; `error` points to a `struct lvs_rule_error` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_apply(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    text: *const c_char,
    error: *mut lvs_rule_error,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        required((!text.is_null()).then_some(()))?;
        if !error.is_null() {
            // SAFETY: the caller's contract.
            unsafe { check_size(error) }?;
        }
        // SAFETY: NULL, or checked to be one.
        let error = unsafe { error.cast::<MaybeUninit<lvs_rule_error>>().as_mut() };
        // SAFETY: the caller's contract; it is not NULL.
        let text = unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| LVS_ERR_TEXT)?;
        director.0.write(|director| apply(director, instant(now), text, error))?
    })
}

/// Writes the rules that make these services and destinations, one a line, as `ipvsadm -S -n` does:
/// in sorted order \[OUT-6\], but thresholds are not lost \[WART-18\]. As with snprintf, what does
/// not fit is cut off, the text ends with a NUL if `capacity` is not 0, and `*length` is the octets
/// of all of it without the NUL.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `text` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_write_rules(
    director: Option<&lvs_director>,
    text: *mut c_char,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (director, length) = (required(director)?.0.read()?, required(length)?);
        // SAFETY: the caller's contract.
        length.write(unsafe { write_text(text, capacity, &Saved(director)) }?);
        Ok(())
    })
}

struct Saved<'a>(&'a Director);

impl fmt::Display for Saved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.rules().iter().try_for_each(|rule| writeln!(f, "{rule}"))
    }
}

/// Applies line after line; tells `error` of the one that is refused.
fn apply(
    director: &mut Director,
    now: Instant,
    text: &str,
    error: Option<&mut MaybeUninit<lvs_rule_error>>,
) -> Result<(), lvs_status> {
    let mut start = 0;
    for (with_end, number) in text.split_inclusive('\n').zip(1..) {
        let line = with_end.trim_end();
        if let Err(refused) = apply_line(director, now, line) {
            if let Some(error) = error {
                let Range { start: from, end: to } = refused.range(line);
                let (offset, length) = (start + from, to - from);
                error.write(lvs_rule_error::new(number, offset, length, &refused));
            }
            return Err(refused.into());
        }
        start += with_end.len();
    }
    Ok(())
}

fn apply_line(director: &mut Director, now: Instant, line: &str) -> Result<(), Refused> {
    match Rule::parse(line).map_err(Refused::Rule)? {
        Some(rule) => director.apply(now, &rule).map_err(Refused::Apply),
        None => Ok(()),
    }
}

/// Why a line was not applied.
enum Refused {
    Rule(RuleError),
    Apply(ApplyError),
}

impl Refused {
    fn range(&self, line: &str) -> Range<usize> {
        match self {
            Self::Rule(error) => error.range(),
            Self::Apply(_) => 0..line.len(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(error) => error.fmt(f),
            Self::Apply(error) => error.fmt(f),
        }
    }
}

impl From<Refused> for lvs_status {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rule(_) => LVS_ERR_RULE,
            Refused::Apply(ApplyError::Service(error)) => error.into(),
            Refused::Apply(ApplyError::Dest(error)) => error.into(),
            Refused::Apply(ApplyError::Timeout(error)) => error.into(),
            Refused::Apply(_) => LVS_ERR_OTHER,
        }
    }
}

impl lvs_rule_error {
    fn new(line: usize, offset: usize, length: usize, why: &impl fmt::Display) -> Self {
        let mut words = [0; LVS_RULE_ERROR_WORDS];
        show(&mut words, why);
        let words = words.map(|octet| octet as c_char);
        Self { size: size_of::<Self>(), line, offset, length, words }
    }
}

//! The services of a director and their destinations, as ipvsadm-save writes them.

use core::ffi::{CStr, c_char};
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Range;

use lvs_proto::Instant;
use lvs_sched::{ApplyError, Director, Rule};

use super::lvs_director;
use crate::door::{check_size, required, status};
use crate::lvs_status::{LVS_ERR_RULE, LVS_ERR_TEXT};
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
        // SAFETY: the caller's contract; it is not NULL.
        let text = unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| LVS_ERR_TEXT)?;
        director.0.write(|director| apply(director, instant(now), text))?.map_err(|refused| {
            if !error.is_null() {
                // SAFETY: it was checked to be one.
                unsafe { error.write(refused.error) };
            }
            refused.status
        })
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

/// A line that was refused.
struct Refused {
    status: lvs_status,
    error: lvs_rule_error,
}

impl Refused {
    fn new(status: lvs_status, line: usize, range: &Range<usize>, why: &impl fmt::Display) -> Self {
        let mut octets = [0; LVS_RULE_ERROR_WORDS];
        show(&mut octets, why);
        let (size, offset, length) = (size_of::<lvs_rule_error>(), range.start, range.len());
        let words = octets.map(|octet| octet as c_char);
        Self { status, error: lvs_rule_error { size, line, offset, length, words } }
    }
}

fn apply(director: &mut Director, now: Instant, text: &str) -> Result<(), Refused> {
    let mut start = 0;
    for (with_end, number) in text.split_inclusive('\n').zip(1..) {
        let line = with_end.trim_end();
        let rule = Rule::parse(line).map_err(|error| {
            let Range { start: from, end: to } = error.range();
            Refused::new(LVS_ERR_RULE, number, &(start + from..start + to), &error)
        })?;
        if let Some(rule) = rule {
            director.apply(now, &rule).map_err(|error| {
                Refused::new(error.into(), number, &(start..start + line.len()), &error)
            })?;
        }
        start += with_end.len();
    }
    Ok(())
}

impl From<ApplyError> for lvs_status {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Service(error) => error.into(),
            ApplyError::Dest(error) => error.into(),
            ApplyError::Timeout(error) => error.into(),
        }
    }
}

//! What the FTP helper knows of a control connection.

use lvs_proto::ftp::Message;

use super::{ConnId, Conns, Course};

/// What a control connection has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    /// What the client asked for, and the server has not answered yet.
    pub(crate) asked: Option<Message>,
    /// Of what the server sends.
    pub(crate) shift: Shift,
}

impl Control {
    pub(crate) const NONE: Self = Self { asked: None, shift: Shift::NONE };
}

/// By how much sequence numbers are shifted since a segment got longer or shorter \[FTP-4\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    /// The sequence number of that segment, if there was any.
    pub(crate) from: Option<u32>,
    /// Up to that segment.
    before: u32,
    /// After it.
    after: u32,
}

impl Shift {
    const NONE: Self = Self { from: None, before: 0, after: 0 };

    /// Of a segment that the real server sent.
    pub(crate) fn of_sequence(&self, sequence: u32) -> u32 {
        if self.from.is_some_and(|from| is_after(sequence, from)) {
            self.after
        } else {
            self.before
        }
    }

    /// Of what the client acknowledges, in numbers that are shifted.
    pub(crate) fn of_acknowledged(&self, acknowledged: u32) -> u32 {
        self.of_sequence(acknowledged.wrapping_sub(self.after))
    }

    /// With one more segment that grew; one that comes again has done so already.
    pub(crate) fn grown(&self, sequence: u32, by: i8) -> Self {
        if self.from == Some(sequence) {
            return *self;
        }
        let after = self.after.wrapping_add_signed(by.into());
        Self { from: Some(sequence), before: self.after, after }
    }
}

/// Of two numbers less than half of all apart.
const fn is_after(number: u32, other: u32) -> bool {
    (number.wrapping_sub(other) as i32) > 0
}

impl Conns {
    pub(crate) fn control(&self, id: ConnId) -> Control {
        let rare = self.course(id).and_then(Course::rare).and_then(|place| self.rares.get(place));
        rare.map_or(Control::NONE, |rare| rare.control)
    }

    /// Whether there is room to remember it.
    pub(crate) fn set_control(&mut self, id: ConnId, control: Control) -> bool {
        let rare = self.rare_mut(id);
        let is_kept = rare.map(|rare| rare.control = control).is_some();
        self.settle(id);
        is_kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beside a stream of octets, some of which become others: every number of the one side is the
    /// number of the same octet on the other.
    #[test]
    fn ftp_4_numbers_are_those_of_the_same_octets() {
        arbtest::arbtest(|u| {
            let mut shift = Shift::NONE;
            let start: u32 = u.arbitrary()?;
            let (mut sent, mut seen) = (start, start);
            for _ in 0..u.int_in_range(0..=20)? {
                let length = u.int_in_range(20..=400)?;
                assert_eq!(sent.wrapping_add(shift.of_sequence(sent)), seen);
                let by: i8 = if u.ratio(1, 3)? { u.int_in_range(-12..=12)? } else { 0 };
                if by != 0 {
                    shift = shift.grown(sent, by);
                    assert_eq!(shift.grown(sent, by), shift, "it comes again");
                    assert_eq!(sent.wrapping_add(shift.of_sequence(sent)), seen);
                }
                sent = sent.wrapping_add(length);
                seen = seen.wrapping_add(length).wrapping_add_signed(by.into());
                // The client has got all of it.
                assert_eq!(seen.wrapping_sub(shift.of_acknowledged(seen)), sent);
            }
            Ok(())
        });
    }
}

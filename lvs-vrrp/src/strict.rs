//! A virtual router to the letter of its RFC, and nothing beyond.

use core::net::IpAddr;

use lvs_proto::vrrp::{ChecksumAccept, ChecksumForm, Peer, Version, Vrid};

use crate::{ChecksumTransmit, Config, LosingAdvert};

/// What goes beyond the RFCs in a configuration that is to be strict \[X-39\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrictError {
    /// There is no virtual address.
    #[error("there is no virtual address")]
    NoAddresses,
    /// Adverts go to peers, and not to the VRRP group.
    #[error("adverts go to peers, and not to the VRRP group")]
    Peers,
    /// Adverts go to another group than that of VRRP.
    #[error("adverts go to another group than that of VRRP")]
    Group,
    /// Preemption is delayed.
    #[error("preemption is delayed")]
    PreemptDelay,
    /// The Active router counts as down after another silence than three intervals.
    #[error("the Active router counts as down after {0} intervals of silence, not 3")]
    AdvertCount(u8),
    /// Version 2 knows no router that accepts packets to addresses that it does not own.
    #[error("version 2 does not accept packets to addresses that the router does not own")]
    Accept,
    /// Something is said about an advert that loses, or one last time after one that wins.
    #[error("an advert or an announcement answers adverts of others")]
    Answers,
}

impl Config {
    /// Version 2 by RFC 3768 or version 3 by RFC 5798, as keepalived's `vrrp_strict` has them, with
    /// the one checksum that RFC 9568 settled on \[X-39\], \[W-23\].
    ///
    /// ```
    /// use lvs_proto::vrrp::{Version, Vrid};
    /// use lvs_vrrp::Config;
    ///
    /// let config = Config::strict(Version::V3, Vrid::new(51).ok_or("0 is no VRID")?);
    /// config.check_strict(&[[192, 0, 2, 100].into()], &[])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn strict(version: Version, vrid: Vrid) -> Self {
        let profile = match version {
            Version::V2 => Self::rfc3768(vrid),
            Version::V3 => Self::rfc5798(vrid),
        };
        Self {
            checksum_transmit: ChecksumTransmit::Always(ChecksumForm::MessageOnly),
            checksum_accept: ChecksumAccept::MESSAGE_ONLY,
            ..profile
        }
    }

    /// Whether this configuration stays within the RFCs; keys are the embedder's, who is to use
    /// none. What it demands beyond that is for [`Router::new`](crate::Router::new) to check.
    ///
    /// # Errors
    /// [`StrictError`], the first that there is.
    pub fn check_strict(&self, addresses: &[IpAddr], peers: &[Peer]) -> Result<(), StrictError> {
        let answers = self.losing_advert != LosingAdvert::Ignore
            || self.announcements.rounds_on_losing > 0
            || self.advert_before_demotion;
        let broken = if addresses.is_empty() {
            StrictError::NoAddresses
        } else if !peers.is_empty() {
            StrictError::Peers
        } else if self.group.is_some() {
            StrictError::Group
        } else if !self.preempt_delay.is_zero() {
            StrictError::PreemptDelay
        } else if self.advert_count != 3 {
            StrictError::AdvertCount(self.advert_count)
        } else if self.version == Version::V2 && self.accept && !self.is_owner() {
            StrictError::Accept
        } else if answers {
            StrictError::Answers
        } else {
            return Ok(());
        };
        Err(broken)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn x_39_what_goes_beyond_the_rfcs() {
        let vrid = Vrid::new(51).unwrap();
        let address = IpAddr::from([192, 0, 2, 100]);
        let [v2, v3] = [Version::V2, Version::V3].map(|version| Config::strict(version, vrid));
        assert_eq!([v2, v3].map(|c| c.check_strict(&[address], &[])), [Ok(()); 2]);
        assert_eq!(v2.check_strict(&[], &[]), Err(StrictError::NoAddresses));
        let peer = Peer::new([192, 0, 2, 2].into());
        assert_eq!(v3.check_strict(&[address], &[peer]), Err(StrictError::Peers));
        let group = Some(IpAddr::from([224, 0, 0, 19]));
        let reply = LosingAdvert::Reply;
        for (config, error) in [
            (Config { group, ..v3 }, StrictError::Group),
            (Config { preempt_delay: Duration::from_secs(1), ..v3 }, StrictError::PreemptDelay),
            (Config { advert_count: 2, ..v3 }, StrictError::AdvertCount(2)),
            (Config { accept: true, ..v2 }, StrictError::Accept),
            (Config { losing_advert: reply, ..v3 }, StrictError::Answers),
            (Config { advert_before_demotion: true, ..v3 }, StrictError::Answers),
        ] {
            assert_eq!(config.check_strict(&[address], &[]), Err(error));
        }
        assert_eq!(Config { accept: true, ..v3 }.check_strict(&[address], &[]), Ok(()));
    }
}

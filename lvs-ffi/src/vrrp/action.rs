//! What a virtual router asks for.

use core::ffi::{c_char, c_int};
use core::net::IpAddr;

use lvs_vrrp::{Action, Event, Reason, State};

use self::lvs_vrrp_action_kind::*;
use self::lvs_vrrp_reason::*;
use self::lvs_vrrp_state::*;
use crate::{lvs_address, lvs_time};

/// The state of a virtual router (RFC 9568 section 6.4).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_state {
    /// Not running: not started, shut down, without its interface, or in fault. Adverts are ignored.
    LVS_VRRP_INITIALIZE = 0,
    /// Waiting for the Active router to fall silent.
    LVS_VRRP_BACKUP = 1,
    /// Forwarding for the virtual addresses.
    LVS_VRRP_ACTIVE = 2,
}

/// Why the state changed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_reason {
    /// The router was started, its interface came up, or the last fault is over.
    LVS_VRRP_REASON_STARTUP = 0,
    /// To Active: nothing was heard for the active-down interval.
    LVS_VRRP_REASON_NO_RESPONSE = 1,
    /// To Active: the Active router resigned.
    LVS_VRRP_REASON_RESIGNED = 2,
    /// To Active: only adverts of lower priority were heard.
    LVS_VRRP_REASON_PREEMPTED = 3,
    /// To Backup: an advert won, by priority or, the priorities being equal, by source address.
    LVS_VRRP_REASON_BETTER_ADVERT = 4,
    /// The router was shut down.
    LVS_VRRP_REASON_SHUTDOWN = 5,
    /// The interface went down.
    LVS_VRRP_REASON_INTERFACE_DOWN = 6,
    /// The router woke up late. An Active one goes on and announces its addresses again, or becomes
    /// Backup; a Backup one waits once more \[S-9\], \[S-10\].
    LVS_VRRP_REASON_LATE = 7,
    /// Something that is watched says that the router cannot do its work.
    LVS_VRRP_REASON_FAULT = 8,
    /// Another member of its sync group lost to an advert, or cannot run \[X-59\], \[X-60\]; or the
    /// router that it follows is in that state \[X-67\].
    LVS_VRRP_REASON_GROUP = 9,
    /// The adverts of a router that ought to give way keep coming: it does not hear this one, which
    /// stays Active \[S-14\].
    LVS_VRRP_REASON_ONE_WAY_REACHABILITY = 10,
    /// Another router advertises from this one's address \[S-16\].
    LVS_VRRP_REASON_DUPLICATE_SOURCE = 11,
    /// Another router was Active too, and is to give way: hosts may have followed it. Told on request,
    /// `report_losing` \[X-13\].
    LVS_VRRP_REASON_LOSING_ADVERT = 12,
}

/// A change of state, or one that did not come about: then both states are the same.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_vrrp_event {
    /// 1 for a router's first change, then one more each; a gap tells of changes that were
    /// overtaken before the actions were drained \[X-52\].
    pub sequence: u64,
    /// When the state changed.
    pub at: lvs_time,
    /// The state before, one of `enum lvs_vrrp_state`.
    pub from: c_int,
    /// The state after, likewise.
    pub to: c_int,
    /// Why it changed, one of `enum lvs_vrrp_reason`.
    pub reason: c_int,
}

/// What is to be done. Becoming Active gives 1 to 4, 7 and 8, leaving it 1, 5 to 8, in that order
/// \[FSM-5a\] \[SC-23\]; 3, 6 and 7 are for IPv6 only.
///
/// A change of state drops what is left of an earlier one. Hence an address may be removed or a
/// group left that was never installed or joined; that is no error. Later versions may ask for
/// more: ignore what you do not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_action_kind {
    /// Send the frame of `lvs_vrrp_write_advert` with `priority`, 0 on leaving Active.
    LVS_VRRP_SEND_ADVERT = 1,
    /// Receive frames for the virtual MAC address and answer ARP or neighbor solicitations for the
    /// virtual addresses with it; IPv6 addresses without duplicate address detection \[ND-2\].
    /// Unless `enable`, drop other packets to the addresses, save ARP and neighbor discovery
    /// \[ND-5\].
    ///
    /// It comes again when `lvs_vrrp_apply` changes the addresses or `enable`. Remove addresses that are
    /// no longer among them then, and leave the groups that no address is in any more: the group of an
    /// address is ff02::1:ff00:0 and its last three octets \[CORE-1\] \[FSM-26\].
    LVS_VRRP_INSTALL_ADDRESSES = 2,
    /// Join the solicited-node group `address`. A group that several addresses share is joined once
    /// \[W-36\].
    LVS_VRRP_JOIN_SOLICITED_NODE = 3,
    /// Send the frame of `lvs_vrrp_write_announcement` for `address`, once it is installed
    /// \[FSM-5\].
    LVS_VRRP_ANNOUNCE = 4,
    /// Undo `LVS_VRRP_INSTALL_ADDRESSES`. An owner may keep the addresses, its own \[FSM-22\].
    LVS_VRRP_REMOVE_ADDRESSES = 5,
    /// Leave the solicited-node group `address`, once as well.
    LVS_VRRP_LEAVE_SOLICITED_NODE = 6,
    /// Begin (`enable`) or cease to send router advertisements for the virtual router.
    LVS_VRRP_SET_ROUTER_ADVERTISEMENTS = 7,
    /// The state has changed: `event`.
    LVS_VRRP_NOTIFY = 8,
    /// Tell the link where the address is that adverts come from, with the MAC address of the
    /// interface \[X-26\].
    LVS_VRRP_ANNOUNCE_SOURCE = 9,
}

/// One thing to do. What its kind does not mention is zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_vrrp_action {
    /// What is to be done, one of `enum lvs_vrrp_action_kind`.
    pub kind: c_int,
    /// The priority to advertise.
    pub priority: u8,
    /// 1 or 0.
    pub enable: u8,
    /// A virtual address or a group.
    pub address: lvs_address,
    /// A change of state.
    pub event: lvs_vrrp_event,
}

// Where 64-bit numbers are aligned to their size, that is nearly everywhere.
const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_vrrp_event>() == 32);
const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_vrrp_action>() == 56);

/// The word of RFC 9568 for a state, or "unknown"; static, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_state_name(state: c_int) -> *const c_char {
    const INITIALIZE: c_int = LVS_VRRP_INITIALIZE as c_int;
    const BACKUP: c_int = LVS_VRRP_BACKUP as c_int;
    const ACTIVE: c_int = LVS_VRRP_ACTIVE as c_int;
    match state {
        INITIALIZE => c"Initialize",
        BACKUP => c"Backup",
        ACTIVE => c"Active",
        _ => c"unknown",
    }
    .as_ptr()
}

impl From<State> for lvs_vrrp_state {
    fn from(state: State) -> Self {
        match state {
            State::Initialize => LVS_VRRP_INITIALIZE,
            State::Backup => LVS_VRRP_BACKUP,
            State::Active => LVS_VRRP_ACTIVE,
        }
    }
}

impl From<Reason> for lvs_vrrp_reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Startup => LVS_VRRP_REASON_STARTUP,
            Reason::NoResponse => LVS_VRRP_REASON_NO_RESPONSE,
            Reason::Resigned => LVS_VRRP_REASON_RESIGNED,
            Reason::Preempted => LVS_VRRP_REASON_PREEMPTED,
            Reason::BetterAdvert => LVS_VRRP_REASON_BETTER_ADVERT,
            Reason::Shutdown => LVS_VRRP_REASON_SHUTDOWN,
            Reason::InterfaceDown => LVS_VRRP_REASON_INTERFACE_DOWN,
            Reason::Fault => LVS_VRRP_REASON_FAULT,
            Reason::Late => LVS_VRRP_REASON_LATE,
            Reason::Group => LVS_VRRP_REASON_GROUP,
            Reason::OneWayReachability => LVS_VRRP_REASON_ONE_WAY_REACHABILITY,
            Reason::DuplicateSource => LVS_VRRP_REASON_DUPLICATE_SOURCE,
            Reason::LosingAdvert => LVS_VRRP_REASON_LOSING_ADVERT,
        }
    }
}

impl From<Event> for lvs_vrrp_event {
    fn from(event: Event) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at.as_micros(),
            from: lvs_vrrp_state::from(event.from) as c_int,
            to: lvs_vrrp_state::from(event.to) as c_int,
            reason: lvs_vrrp_reason::from(event.reason) as c_int,
        }
    }
}

impl From<Action> for lvs_vrrp_action {
    fn from(action: Action) -> Self {
        let of = |kind| Self { kind: kind as c_int, ..Self::default() };
        match action {
            Action::SendAdvert { priority } => {
                Self { priority: priority.get(), ..of(LVS_VRRP_SEND_ADVERT) }
            }
            Action::InstallAddresses { accept } => {
                Self { enable: accept.into(), ..of(LVS_VRRP_INSTALL_ADDRESSES) }
            }
            Action::JoinSolicitedNode(group) => {
                Self { address: IpAddr::V6(group).into(), ..of(LVS_VRRP_JOIN_SOLICITED_NODE) }
            }
            Action::Announce(address) => Self { address: address.into(), ..of(LVS_VRRP_ANNOUNCE) },
            Action::AnnounceSource => of(LVS_VRRP_ANNOUNCE_SOURCE),
            Action::RemoveAddresses => of(LVS_VRRP_REMOVE_ADDRESSES),
            Action::LeaveSolicitedNode(group) => {
                Self { address: IpAddr::V6(group).into(), ..of(LVS_VRRP_LEAVE_SOLICITED_NODE) }
            }
            Action::SetRouterAdvertisements(enable) => {
                Self { enable: enable.into(), ..of(LVS_VRRP_SET_ROUTER_ADVERTISEMENTS) }
            }
            Action::Notify(event) => Self { event: event.into(), ..of(LVS_VRRP_NOTIFY) },
        }
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use std::string::ToString;

    use super::*;

    #[test]
    fn states_have_the_names_of_the_rust_api() {
        for state in [State::Initialize, State::Backup, State::Active] {
            let name = lvs_vrrp_state_name(lvs_vrrp_state::from(state) as c_int);
            // SAFETY: the name is static and ends with a NUL.
            let name = unsafe { CStr::from_ptr(name) };
            assert_eq!(name.to_str(), Ok(state.to_string().as_str()));
        }
    }
}

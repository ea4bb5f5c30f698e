//! What feature `serde` stores and reads: what is read was checked as what is said otherwise.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use lvs_sched::{
    SchedulerFlags, SctpState, ServiceConfig, ServiceKey, State, Statistics, SyncOutboxCounters,
    SyncThreshold, TcpState, VerdictCounters,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(value: T) {
    let stored = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&stored).unwrap(), value, "{stored}");
}

#[test]
fn states_and_counters_come_back() {
    for state in [
        State::Udp,
        State::Tcp(TcpState::SynRecv),
        State::Sctp(SctpState::CookieWait),
        State::Template { assured: true },
    ] {
        comes_back(state);
    }
    comes_back(VerdictCounters { forwarded: 1, ..Default::default() });
    comes_back(Statistics { conns: 2, ..Default::default() });
    comes_back(SyncOutboxCounters { records: 3, ..Default::default() });
}

#[test]
fn syn_12_a_stored_threshold_is_checked() {
    comes_back(SyncThreshold::default());
    let stored = |text| serde_json::from_str::<SyncThreshold>(text).ok();
    assert_eq!(stored(r#"{"packets":49,"period":50}"#), SyncThreshold::new(49, 50).ok());
    assert_eq!(stored(r#"{"packets":50,"period":50}"#), None);
}

#[test]
fn adm_5_stored_flags_are_checked() {
    for bits in 0..=u8::MAX {
        let flags = serde_json::from_str::<SchedulerFlags>(&bits.to_string()).ok();
        assert_eq!(flags.map(u8::from), (bits < 8).then_some(bits));
    }
    let key = ServiceKey::tcp([192, 0, 2, 100].into(), 80);
    comes_back(ServiceConfig { flags: SchedulerFlags::SH_PORT, ..ServiceConfig::new(key) });
}

//! A director behind the door, as the player knows one.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::slice;
use std::time::Duration;

use lvs::lvs_status::{self, *};
use lvs::lvs_verdict_kind::LVS_VERDICT_DROP;
use lvs::*;
use lvs_proto::{AddressPair, CallId, Decide, DropReason, Flow, Hop, Instant, Protocol, Verdict};
use lvs_sched::{
    ConnKey, Defences, DestConfig, DestError, DestId, DirectorConfig, OutOfMemory, Policy,
    ServiceConfig, ServiceError, ServiceKey, Statistics, Timeouts,
};

pub(crate) struct Director {
    handle: Box<lvs_director>,
    /// What it was told, for it does not tell.
    config: DirectorConfig,
}

/// Configuration.
impl Director {
    pub(crate) fn new(config: DirectorConfig) -> Result<Self, String> {
        let told = lvs_director_config::from(config);
        // SAFETY: as the header says.
        let made = out(|out| unsafe { lvs_director_create(&raw const told, Some(out)) });
        Ok(Self { handle: made.map_err(|status| format!("{status:?}"))?, config })
    }

    pub(crate) const fn config(&self) -> &DirectorConfig {
        &self.config
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.config.policy = policy;
        done(lvs_director_set_policy(Some(&mut *self.handle), Some(&policy.into())));
    }

    pub(crate) fn set_defences(&mut self, now: Instant, defences: Defences) {
        self.config.defences = defences;
        let told = lvs_defences::from(defences);
        // SAFETY: as the header says.
        done(unsafe {
            lvs_director_set_defences(Some(&mut *self.handle), now.as_micros(), &raw const told)
        });
    }

    pub(crate) fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), lvs_status> {
        let Timeouts { tcp_secs, tcp_fin_secs, udp_secs } = timeouts;
        ok(lvs_director_set_timeouts(Some(&mut *self.handle), tcp_secs, tcp_fin_secs, udp_secs))
    }

    pub(crate) fn set_lblc_expiration(&mut self, secs: u32) {
        done(lvs_director_set_lblc_expiration(Some(&mut *self.handle), secs));
    }

    pub(crate) fn set_lblcr_expiration(&mut self, secs: u32) {
        done(lvs_director_set_lblcr_expiration(Some(&mut *self.handle), secs));
    }

    pub(crate) fn clear(&mut self, now: Instant) {
        done(lvs_director_clear(Some(&mut *self.handle), now.as_micros()));
    }

    pub(crate) fn add_service(
        &mut self,
        now: Instant,
        config: ServiceConfig,
    ) -> Result<(), ServiceError> {
        let (now, told) = (now.as_micros(), lvs_service_config::from(config));
        // SAFETY: as the header says.
        let status =
            unsafe { lvs_director_add_service(Some(&mut *self.handle), now, &raw const told) };
        ok(status).map_err(service_error)
    }

    pub(crate) fn edit_service(
        &mut self,
        now: Instant,
        config: ServiceConfig,
    ) -> Result<(), ServiceError> {
        let (now, told) = (now.as_micros(), lvs_service_config::from(config));
        // SAFETY: as the header says.
        let status =
            unsafe { lvs_director_edit_service(Some(&mut *self.handle), now, &raw const told) };
        ok(status).map_err(service_error)
    }

    pub(crate) fn delete_service(
        &mut self,
        now: Instant,
        key: &ServiceKey,
    ) -> Result<(), ServiceError> {
        let (now, key) = (now.as_micros(), (*key).into());
        ok(lvs_director_delete_service(Some(&mut *self.handle), now, Some(&key)))
            .map_err(service_error)
    }

    pub(crate) fn add_dest(
        &mut self,
        now: Instant,
        key: &ServiceKey,
        dest: DestConfig,
    ) -> Result<DestId, DestError> {
        let (now, key, told) = (now.as_micros(), (*key).into(), lvs_dest_config::from(dest));
        let handle = Some(&mut *self.handle);
        // SAFETY: as the header says.
        let id = out(|out| unsafe {
            lvs_director_add_dest(handle, now, Some(&key), &raw const told, Some(out))
        });
        id.map(DestId::from_bits).map_err(|status| dest_error(status, &dest))
    }

    pub(crate) fn edit_dest(
        &mut self,
        now: Instant,
        key: &ServiceKey,
        dest: DestConfig,
    ) -> Result<(), DestError> {
        let (now, key, told) = (now.as_micros(), (*key).into(), lvs_dest_config::from(dest));
        let handle = Some(&mut *self.handle);
        // SAFETY: as the header says.
        let status = unsafe { lvs_director_edit_dest(handle, now, Some(&key), &raw const told) };
        ok(status).map_err(|status| dest_error(status, &dest))
    }

    pub(crate) fn delete_dest(
        &mut self,
        now: Instant,
        key: &ServiceKey,
        address: IpAddr,
        port: u16,
    ) -> Result<(), DestError> {
        let (now, key, handle) = (now.as_micros(), (*key).into(), Some(&mut *self.handle));
        let status = lvs_director_delete_dest(handle, now, Some(&key), Some(&address.into()), port);
        ok(status).map_err(|status| dest_error(status, &DestConfig::new(address, port)))
    }
}

/// Packets and time.
impl Director {
    pub(crate) fn decide_call(
        &mut self,
        now: Instant,
        flow: &Flow,
        call: Option<CallId<'_>>,
    ) -> Verdict {
        let Some(call) = call.map(CallId::octets) else { return self.decide(now, flow) };
        let (now, flow, handle) = (now.as_micros(), flow.into(), Some(&mut *self.handle));
        let (call, length) = (call.as_ptr(), call.len());
        // SAFETY: as the header says.
        let said = out(|out| unsafe {
            lvs_director_decide_call(handle, now, Some(&flow), call, length, Some(out))
        });
        verdict(said.unwrap())
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let mut at = MaybeUninit::uninit();
        match lvs_director_next_deadline(Some(&*self.handle), Some(&mut at)) {
            0 => None,
            // SAFETY: 1 says that it is there.
            1 => Some(Instant::from_micros(unsafe { at.assume_init() })),
            other => panic!("{other}"),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, budget: usize) {
        done(lvs_director_handle_timeout(Some(&mut *self.handle), now.as_micros(), budget));
    }
}

/// Synchronisation.
impl Director {
    pub(crate) fn start_sync_master(&mut self, config: &lvs_sync_config) -> Result<(), lvs_status> {
        // SAFETY: as the header says.
        ok(unsafe { lvs_director_start_sync_master(Some(&mut *self.handle), config) })
    }

    pub(crate) fn stop_sync_master(&mut self) {
        done(lvs_director_stop_sync_master(Some(&mut *self.handle)));
    }

    pub(crate) fn poll_sync_message(&mut self) -> Option<Vec<u8>> {
        let (mut message, mut length) = (vec![0; u16::MAX.into()], MaybeUninit::new(0));
        let (handle, capacity) = (Some(&mut *self.handle), message.len());
        // SAFETY: as the header says.
        let polled = unsafe {
            let place = message.as_mut_ptr();
            lvs_director_poll_sync_message(handle, place, capacity, Some(&mut length))
        };
        // SAFETY: it was initialised above.
        message.truncate(unsafe { length.assume_init() });
        match polled {
            0 => None,
            1 => Some(message),
            other => panic!("{other}"),
        }
    }

    /// What is malformed, or for others, is not heard [BK-1].
    pub(crate) fn receive_sync_message(
        &mut self,
        now: Instant,
        config: &lvs_sync_config,
        message: &[u8],
    ) {
        let (now, handle) = (now.as_micros(), Some(&mut *self.handle));
        let (place, length) = (message.as_ptr(), message.len());
        let mut status = LVS_OK;
        // SAFETY: as the header says.
        let received = filled(|out: *mut lvs_sync_received| unsafe {
            status = lvs_director_receive_sync_message(handle, now, config, place, length, out);
            status
        });
        let unheard = [LVS_ERR_SYNC_MESSAGE, LVS_ERR_SYNC_ID].contains(&status);
        assert!(received.is_some() != unheard, "{status:?}");
    }
}

impl Decide for Director {
    fn decide(&mut self, now: Instant, flow: &Flow) -> Verdict {
        let (now, flow, handle) = (now.as_micros(), lvs_flow::from(flow), Some(&mut *self.handle));
        let mut said = lvs_verdict::default();
        // SAFETY: as the header says.
        done(unsafe { lvs_director_decide_burst(handle, now, &raw const flow, 1, &raw mut said) });
        verdict(said)
    }
}

/// The player does not look at why a packet is dropped.
fn verdict(said: lvs_verdict) -> Verdict {
    if said.kind == LVS_VERDICT_DROP as u8 {
        return Verdict::Drop(DropReason::TableFull);
    }
    said.try_into().unwrap()
}

/// Looking.
impl Director {
    pub(crate) fn services(&self) -> Vec<Service<'_>> {
        let mut keys = [lvs_service_key::default(); 64];
        // SAFETY: as the header says.
        let count = out(|out| unsafe {
            lvs_director_get_services(Some(&*self.handle), keys.as_mut_ptr(), keys.len(), Some(out))
        });
        keys[..count.unwrap()].iter().map(|key| self.service_of(key).unwrap()).collect()
    }

    pub(crate) fn service(&self, key: &ServiceKey) -> Option<Service<'_>> {
        self.service_of(&(*key).into())
    }

    fn service_of(&self, key: &lvs_service_key) -> Option<Service<'_>> {
        // SAFETY: as the header says.
        let config: lvs_service_config = filled(|config| unsafe {
            lvs_director_get_service(Some(&*self.handle), Some(key), config)
        })?;
        Some(Service { director: self, config: config.try_into().unwrap() })
    }

    pub(crate) fn dest(&self, id: DestId) -> Option<Dest<'_>> {
        // SAFETY: as the header says.
        let known = filled(|dest| unsafe {
            lvs_director_get_dest(Some(&*self.handle), id.to_bits(), dest)
        })?;
        Some(Dest { director: self, id, known })
    }

    pub(crate) fn conns(&self) -> impl Iterator<Item = Conn> {
        let mut conns: Vec<Conn> = Vec::new();
        // SAFETY: `visit` takes what it is given here.
        done(unsafe {
            lvs_director_visit_conns(Some(&*self.handle), 0, Some(visit), (&raw mut conns).cast())
        });
        conns.into_iter()
    }

    pub(crate) fn call_id(&self, conn: &Conn) -> Option<String> {
        conn.call_id.clone()
    }
}

unsafe extern "C" fn visit(conns: *mut c_void, conn: *const lvs_conn) -> c_int {
    // SAFETY: it is what `Director::conns` hands in, and a connection.
    unsafe { (*conns.cast::<Vec<Conn>>()).push(Conn::new(&*conn)) };
    0
}

pub(crate) struct Service<'a> {
    director: &'a Director,
    config: ServiceConfig,
}

impl<'a> Service<'a> {
    pub(crate) const fn config(&self) -> &ServiceConfig {
        &self.config
    }

    pub(crate) fn dests(&self) -> impl Iterator<Item = (DestId, Dest<'a>)> + use<'a> {
        let (director, key, mut ids) = (self.director, self.config.key.into(), [0; 512]);
        // SAFETY: as the header says.
        let count = out(|out| unsafe {
            let handle = Some(&*director.handle);
            lvs_director_get_dests(handle, Some(&key), ids.as_mut_ptr(), ids.len(), Some(out))
        });
        let ids = ids.into_iter().take(count.unwrap()).map(DestId::from_bits);
        ids.map(|id| (id, director.dest(id).unwrap()))
    }
}

pub(crate) struct Dest<'a> {
    director: &'a Director,
    id: DestId,
    known: lvs_dest,
}

impl Dest<'_> {
    pub(crate) fn address(&self) -> IpAddr {
        self.known.address.try_into().unwrap()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.known.port
    }

    pub(crate) const fn weight(&self) -> u32 {
        self.known.weight
    }

    pub(crate) const fn active_conns(&self) -> u32 {
        self.known.active_conns
    }

    pub(crate) const fn inactive_conns(&self) -> u32 {
        self.known.inactive_conns
    }

    pub(crate) const fn persistent_conns(&self) -> u32 {
        self.known.persistent_conns
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // SAFETY: as the header says.
        let counted: lvs_statistics = filled(|out| unsafe {
            let handle = Some(&*self.director.handle);
            lvs_director_get_dest_statistics(handle, self.id.to_bits(), out)
        })
        .unwrap();
        let lvs_statistics { conns, in_packets, out_packets, in_octets, out_octets, .. } = counted;
        Statistics { conns, in_packets, out_packets, in_octets, out_octets }
    }
}

pub(crate) struct Conn {
    key: ConnKey,
    hop: Hop,
    dest: DestId,
    state: &'static str,
    /// When it ends, since the epoch.
    end: Duration,
    call_id: Option<String>,
}

impl Conn {
    /// # Safety
    /// It is a connection that is shown at the epoch.
    unsafe fn new(conn: &lvs_conn) -> Self {
        let addresses: [IpAddr; 2] =
            [conn.client, conn.virtual_address].map(|address| address.try_into().unwrap());
        // SAFETY: the caller vouches for it.
        let (state, call_id) = unsafe {
            let octets = (!conn.call_id.is_null())
                .then(|| slice::from_raw_parts(conn.call_id, conn.call_id_length));
            (CStr::from_ptr(conn.state_name), octets.and_then(CallId::new))
        };
        Self {
            key: ConnKey {
                protocol: Protocol(conn.protocol),
                addresses: AddressPair::new(addresses[0], addresses[1]).unwrap(),
                client_port: conn.client_port,
                virtual_port: conn.virtual_port,
                template: conn.is_template != 0,
            },
            hop: conn.hop.try_into().unwrap(),
            dest: DestId::from_bits(conn.dest),
            state: state.to_str().unwrap(),
            end: Duration::from_micros(conn.left_micros),
            call_id: call_id.map(|id| id.to_string()),
        }
    }

    pub(crate) const fn key(&self) -> ConnKey {
        self.key
    }

    pub(crate) const fn hop(&self) -> Hop {
        self.hop
    }

    pub(crate) const fn dest(&self) -> DestId {
        self.dest
    }

    pub(crate) const fn state(&self) -> &'static str {
        self.state
    }

    pub(crate) fn time_left(&self, now: Instant) -> Duration {
        self.end.saturating_sub(Duration::from_micros(now.as_micros()))
    }
}

fn service_error(status: lvs_status) -> ServiceError {
    match status {
        LVS_ERR_SERVICE_EXISTS => ServiceError::AlreadyExists,
        LVS_ERR_NO_SUCH_SERVICE => ServiceError::NoSuchService,
        LVS_ERR_NO_MEMORY => ServiceError::OutOfMemory(OutOfMemory),
        LVS_ERR_PROTOCOL => ServiceError::UnsupportedProtocol { protocol: Protocol(0) },
        LVS_ERR_NETMASK => ServiceError::NetmaskPrefix { prefix: 0 },
        LVS_ERR_TOO_MANY_DESTS => ServiceError::TooManyDestinations { most: 0 },
        other => panic!("{other:?}"),
    }
}

fn dest_error(status: lvs_status, dest: &DestConfig) -> DestError {
    let (upper, lower) = (dest.upper_threshold, dest.lower_threshold);
    match status {
        LVS_ERR_NO_SUCH_SERVICE => DestError::NoSuchService,
        LVS_ERR_WEIGHT => DestError::WeightTooLarge { weight: dest.weight },
        LVS_ERR_THRESHOLDS_CROSSED => DestError::ThresholdsCrossed { upper, lower },
        LVS_ERR_UPPER_THRESHOLD => DestError::UpperThresholdTooLarge { upper },
        LVS_ERR_MIXED_FAMILIES => DestError::FamilyMismatch { address: dest.address },
        LVS_ERR_NOT_UNICAST => DestError::NotUnicast { address: dest.address },
        LVS_ERR_DEST_EXISTS => DestError::AlreadyExists,
        LVS_ERR_NO_SUCH_DEST => DestError::NoSuchDestination,
        LVS_ERR_NO_MEMORY => DestError::OutOfMemory(OutOfMemory),
        other => panic!("{other:?}"),
    }
}

fn ok(status: lvs_status) -> Result<(), lvs_status> {
    if status == LVS_OK { Ok(()) } else { Err(status) }
}

fn done(status: lvs_status) {
    assert_eq!(status, LVS_OK);
}

/// What a call gives that succeeds.
fn out<T>(call: impl FnOnce(&mut MaybeUninit<T>) -> lvs_status) -> Result<T, lvs_status> {
    let mut out = MaybeUninit::uninit();
    ok(call(&mut out))?;
    // SAFETY: it was written.
    Ok(unsafe { out.assume_init() })
}

/// A struct that begins with its size, if the call fills it in.
pub(crate) fn filled<T>(call: impl FnOnce(*mut T) -> lvs_status) -> Option<T> {
    let mut place = MaybeUninit::<T>::uninit();
    // SAFETY: there is room for more than the size.
    unsafe { place.as_mut_ptr().cast::<usize>().write(size_of::<T>()) };
    ok(call(place.as_mut_ptr())).ok()?;
    // SAFETY: it was filled in.
    Some(unsafe { place.assume_init() })
}

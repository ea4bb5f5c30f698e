//! The bodies of the fuzz targets, so that plain tests can replay what a fuzzer found.
//!
//! Each takes any octets. It returns, or it has found a bug.

mod c_api;
mod director;
mod frame;
mod message;
mod properties;
mod restore;
mod text;
mod translate;

use arbitrary::Unstructured;

pub use self::c_api::c_api;
pub use self::director::director;
pub use self::frame::frame;
pub use self::message::{advert, sync};
pub use self::restore::restore;
pub use self::text::{keepalived_conf, rules};
pub use self::translate::translate;

/// All targets by name.
pub const TARGETS: [(&str, fn(&[u8])); 17] = [
    ("advert", advert),
    ("c_api", c_api),
    ("director", director),
    ("engine", engine),
    ("frame", frame),
    ("groups", groups),
    ("health", health),
    ("keepalived_conf", keepalived_conf),
    ("model", model),
    ("neighbors", neighbors),
    ("pool", pool),
    ("restore", restore),
    ("router", router),
    ("rules", rules),
    ("snapshot", snapshot),
    ("sync", sync),
    ("translate", translate),
];

/// A director equals a naive one.
pub fn model(octets: &[u8]) {
    let _ = properties::model::run(&mut Unstructured::new(octets), 8, 500);
}

/// The picks of a pool equal a walk over a list.
pub fn pool(octets: &[u8]) {
    let _ = properties::walk::any_trial(&mut Unstructured::new(octets));
}

/// A virtual router under any messages, reports, configurations and times.
pub fn router(octets: &[u8]) {
    let _ = properties::router::any_inputs_at_any_times(&mut Unstructured::new(octets));
}

/// A health checker and its director agree.
pub fn health(octets: &[u8]) {
    let _ = properties::health::services::director_and_checks(&mut Unstructured::new(octets));
}

/// A cache of neighbors keeps its promises.
pub fn neighbors(octets: &[u8]) {
    let _ = properties::neighbors::promises(&mut Unstructured::new(octets));
}

/// An engine is its virtual routers.
pub fn engine(octets: &[u8]) {
    let _ = properties::engine::engine_is_its_routers(&mut Unstructured::new(octets));
}

/// The members of a sync group go together.
pub fn groups(octets: &[u8]) {
    let _ = properties::groups::whatever_happens(&mut Unstructured::new(octets));
}

/// A restored virtual router goes on as the first one would have.
pub fn snapshot(octets: &[u8]) {
    let _ = properties::snapshot::goes_on(&mut Unstructured::new(octets));
}

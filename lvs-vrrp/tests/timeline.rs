//! Every recording in `vectors/vrrp/timelines` is followed, state by state and advert by advert, in
//! octets and in time. `LVS_TIMELINES` names a folder of more of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

#[allow(dead_code, reason = "a router that follows no daemon is for `decode`")]
#[path = "../examples/decode/daemon.rs"]
mod daemon;
#[path = "../examples/timeline/machine.rs"]
mod machine;
#[path = "../examples/decode/packet.rs"]
mod packet;
#[path = "../examples/timeline/player.rs"]
mod player;
#[path = "../examples/timeline/script.rs"]
mod script;

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

use crate::player::{Outcome, exception, follow, play, read};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/vrrp/timelines")
}

fn recording(name: &str) -> Value {
    read(&folder().join(format!("{name}.json.gz"))).unwrap()
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_recording = |path: &PathBuf| {
        path.to_str().is_some_and(|path| path.ends_with(".json") || path.ends_with(".json.gz"))
    };
    let files: Vec<_> = paths.filter(is_recording).collect();
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    files
}

fn follow_all(folder: &Path) {
    let files = recordings(folder);
    let failures: Vec<_> = files
        .iter()
        .filter_map(|file| match play(file) {
            Outcome::Failed(divergence) => Some(format!("{}: {divergence}", file.display())),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
        .collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn routers_do_as_the_daemons_did() {
    follow_all(&folder());
}

#[test]
fn and_so_in_all_other_recordings_at_hand() {
    if let Some(folder) = env::var_os("LVS_TIMELINES") {
        follow_all(Path::new(&folder));
    }
}

/// An exception that has become needless is to go.
#[test]
fn exceptions_are_needed() {
    for file in recordings(&folder()) {
        if let Some(reason) = exception(&file) {
            let followed = read(&file).and_then(|recording| follow(&recording));
            assert!(followed.is_err(), "{}: {reason}", file.display());
        }
    }
}

/// A player that lets everything pass would prove nothing: each of these changes to a recording is
/// one too many.
#[test]
fn other_recordings_are_not_followed() {
    for name in ["kill-v2", "frr-partition", "fsm-backup-silence-ka-v3ip6"] {
        let recording = recording(name);
        follow(&recording).unwrap();
        let adverts = recording["packets"].as_array().unwrap().iter().enumerate();
        let kinds = ["vrrp4", "vrrp6"].map(Value::from);
        let mut adverts = adverts.rev();
        let last = adverts.find(|(_, packet)| kinds.contains(&packet["kind"])).unwrap().0;
        let changes: [fn(&mut Value); 3] = [
            |packet| packet["t"] = (packet["t"].as_f64().unwrap() + 0.025).into(),
            |packet| packet["hex"] = packet["hex"].as_str().unwrap().replacen("33", "34", 1).into(),
            |packet| packet["kind"] = "lost".into(),
        ];
        for change in changes {
            let mut changed = recording.clone();
            change(&mut changed["packets"][last]);
            assert!(follow(&changed).is_err(), "{name}: {}", changed["packets"][last]);
        }
    }
}

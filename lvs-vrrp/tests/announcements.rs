//! When an Active router tells the link where its addresses are.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::time::Duration;

use common::*;
use lvs_vrrp::{Action, Announcements, Config, ConfigError, Pacer, Router};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// Of two addresses; adverts and announcements each keep their time.
#[test]
fn announcements_are_repeated_by_deadlines_of_their_own() {
    let plan = Announcements {
        rounds: 2,
        repeat: 3,
        gap: Duration::from_millis(1_500),
        refresh: Duration::from_secs(3),
        refresh_repeat: 2,
        ..Announcements::RFC4861
    };
    let mut router = router(Config { announcements: plan, ..full(255) }, OWN);
    router.startup(at(0));
    let actions = drain(&mut router);
    assert_eq!((adverts(&actions), announcements(&actions)), (1, 6));
    assert_eq!(
        wakings(&mut router, 5 * SECOND),
        [
            (SECOND, 1, 0),
            (1_500_000, 0, 6),
            (2 * SECOND, 1, 0),
            (3 * SECOND, 1, 0),
            (4 * SECOND, 1, 0),
            (4_500_000, 0, 4),
            (5 * SECOND, 1, 0),
        ]
    );
    //
    router.handle_timeout(at(7_500_000));
    Heard::new(OTHER, 255).by(&mut router, 7_500_001);
    assert_eq!(wakings(&mut router, 8 * SECOND), []);
}

/// Announcements a gap apart; adverts and all else do not wait for them.
#[test]
fn x_22_announcements_are_paced() {
    let mut pacer = Pacer::new(Duration::from_millis(600), 1);
    let mut router = started(v3(100), OWN);
    let since = 3_609_375;
    let mut announced = Vec::new();
    let mut sent = Vec::new();
    while let Some(deadline) = router.next_deadline().filter(|next| *next < at(6 * SECOND)) {
        router.handle_timeout(deadline);
        while let Some(action) = router.poll_action() {
            match action {
                Action::Announce(_) => {
                    announced.push(deadline.as_micros() - since);
                    let held = pacer.sent(deadline);
                    held.into_iter().for_each(|until| router.hold_announcements(until));
                }
                Action::SendAdvert { .. } => sent.push(deadline.as_micros() - since),
                _ => {}
            }
        }
    }
    assert_eq!((announced, sent), (vec![0, 600_000], vec![0, SECOND, 2 * SECOND]));
    // What waits when the router leaves is dropped.
    let (mut router, since) = active(full(100), OWN);
    router.hold_announcements(at(since + 5 * SECOND));
    wakings(&mut router, since + SECOND);
    assert_eq!(router.next_deadline(), Some(at(since + 2 * SECOND)));
    Heard::new(OTHER, 200).by(&mut router, since + SECOND + 1);
    assert_eq!(wakings(&mut router, since + 4 * SECOND), []);

    // What is held before it becomes Active is held then.
    let mut router = started(full(100), OWN);
    router.hold_announcements(at(since + SECOND));
    router.handle_timeout(at(since));
    assert_eq!(announcements(&drain(&mut router)), 0);
    router.handle_timeout(at(since + SECOND));
    assert!(announcements(&drain(&mut router)) > 0);

    let short = Duration::from_millis(9);
    for announcements in [
        Announcements { gap: short, ..Announcements::RFC4861 },
        Announcements { refresh: short, ..Announcements::RFC4861 },
    ] {
        let config = Config { announcements, ..v3(100) };
        let error = Router::new(config, ip(OWN), [ip("10.0.0.100")]).map(|_| ());
        assert_eq!(error, Err(ConfigError::AnnouncementGap(short)));
    }
}

/// [SC-14], [X-13], [FSM-15], [X-21] However many adverts lose, one burst.
#[test]
fn losing_adverts_set_off_one_burst() {
    let (mut router, since) = active(full(200), OWN);
    wakings(&mut router, since + 4 * SECOND);
    let mut announced = 0;
    for step in 0..1000 {
        let now = since + 4 * SECOND + step * 100;
        announced += announcements(&Heard::new(OTHER, 100).by(&mut router, now));
    }
    assert_eq!(announced, 2, "each address once");
    let later = wakings(&mut router, since + 10 * SECOND);
    assert_eq!(later.iter().map(|waking| waking.2).sum::<usize>(), 4, "two more rounds");
}

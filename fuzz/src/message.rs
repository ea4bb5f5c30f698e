//! Messages of other routers and directors.

use lvs_proto::Instant;
use lvs_proto::sync::{ConnFlags, Message, MessageBuffer, SyncRecord};
use lvs_proto::vrrp::{self, AdvertPolicy, Version};
use lvs_sched::{Director, SyncPolicy};

use crate::director::small;

/// A received advert: what is accepted is what encoding it again gives.
pub fn advert(packet: &[u8]) {
    let Ok((meta, message)) = vrrp::from_ip_packet(packet) else { return };
    let Some(vrid) = vrrp::vrid_of(message) else { return };
    for version in [Version::V2, Version::V3] {
        let policy = AdvertPolicy::new(version, vrid, meta.addresses.family());
        let Ok(advert) = vrrp::decode(message, &meta, &policy) else { continue };
        let mut again = [0; 8 + 255 * 16];
        let Ok(length) = vrrp::encode(&advert, meta.addresses, &mut again) else { continue };
        let read = vrrp::decode(&again[..length], &meta, &policy);
        assert_eq!(read, Ok(advert), "an encoded advert reads as what it was made of");
    }
}

/// A synchronisation message: a backup takes what is sound, and what is read is what is written.
pub fn sync(datagram: &[u8]) {
    let Ok(message) = Message::parse(datagram) else { return };
    let Ok(mut director) = Director::new(small()) else { return };
    let mut storage = [0; 65_507];
    let Ok(mut again) = MessageBuffer::new(&mut storage[..], message.version(), message.sync_id())
    else {
        return;
    };
    for record in message.records().flatten() {
        let _ = director.receive_sync_record(Instant::EPOCH, &SyncPolicy::default(), &record);
        if again.push(&record).is_ok() {
            let written = Message::parse(again.octets()).ok();
            let read = written.and_then(|message| message.records().flatten().last());
            // One flag is the sender's own affair and is never written.
            let flags = record.flags.without(ConnFlags::HASHED);
            assert_eq!(read, Some(SyncRecord { flags, ..record }), "reads as what it was made of");
        }
    }
}

//! One VRID several times on an interface \[X-38\]: of each advert one router hears at most.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertMeta, ChecksumForm, HOP_LIMIT, Peer, Priority, Version, Vrid,
    decode, encode,
};
use lvs_proto::{AddressPair, Family};
use lvs_vrrp::{
    AddError, ApplyError, Block, Config, ConfigError, Engine, EngineApplyError, EngineSourceError,
    InterfaceId, Router, RouterId, Slot, SourceError,
};

type PeeringRouter = Router<Vec<IpAddr>, Vec<Peer>>;

const LINK: InterfaceId = InterfaceId(1);
const OWN: [&str; 2] = ["10.0.0.5", "10.0.0.6"];
const PEERS: [&str; 3] = ["10.0.0.7", "10.0.0.8", "10.0.0.9"];
const GROUPS: [&str; 2] = ["224.0.0.18", "224.0.0.19"];

/// Every path by which an advert may come.
fn paths() -> impl Iterator<Item = AddressPair> {
    let sources = [PEERS[0], PEERS[1], PEERS[2], "10.0.0.10"];
    let destinations = [OWN, GROUPS].concat();
    sources.into_iter().flat_map(move |source| {
        let pair = |to: &&str| AddressPair::new(ip(source), ip(to)).unwrap();
        destinations.iter().map(pair).collect::<Vec<_>>()
    })
}

/// An advert of that path as it comes.
fn message(path: AddressPair) -> Vec<u8> {
    let list = addresses(Family::V4);
    let advert = Advert {
        version: Version::V3,
        vrid: vrid(),
        priority: Priority::new(200),
        interval: centiseconds(100),
        checksum: ChecksumForm::MessageOnly,
        addresses: AddressList::from(&list[..]),
        sequence: None,
    };
    let mut octets = [0; 64];
    let length = encode(&advert, path, &mut octets).unwrap();
    octets[..length].to_vec()
}

/// Whether it is for the router.
fn takes(router: &PeeringRouter, path: AddressPair) -> bool {
    decode(&message(path), &AdvertMeta::new(path, HOP_LIMIT), &router.policy()).is_ok()
}

fn hear_the_same(one: &PeeringRouter, other: &PeeringRouter) -> bool {
    paths().any(|path| takes(one, path) && takes(other, path))
}

fn any_config(u: &mut Unstructured<'_>) -> Result<(Config, Vec<Peer>)> {
    let group = Some(ip(u.choose(&GROUPS)?));
    let config = Config { group, check_peers: u.ratio(7, 8)?, ..v3(100) };
    let mut peers = Vec::from(PEERS.map(|peer| Peer::new(ip(peer))));
    peers.retain(|_| u.arbitrary().unwrap_or(false));
    Ok((config, peers))
}

/// Whoever comes, takes another configuration or moves is refused if another router would hear the
/// same, and only then; every advert finds whom it is for.
#[test]
fn x_38_routers_of_one_name_hear_different_adverts() {
    arbtest(|u| {
        let mut slots: Vec<Slot<Vec<IpAddr>, Vec<Peer>>> = vec![];
        slots.resize_with(12, Slot::default);
        let mut blocks = [Block::default()];
        let mut engine = Engine::new(&mut slots, &mut blocks);
        let mut routers: Vec<(RouterId, PeeringRouter)> = vec![];
        for _ in 0..u.int_in_range(1..=12)? {
            let (config, peers) = any_config(u)?;
            let (own, list) = (ip(u.choose(&OWN)?), addresses(Family::V4));
            let old = routers.get(u.int_in_range(0..=2 * routers.len())?).cloned();
            let before = old.as_ref().map(|(id, _)| *id);
            let (new, answer) = match old {
                None => {
                    let new = Router::with_peers(config, own, list, peers).unwrap();
                    let added = engine.add(LINK, new.clone());
                    (new, added.map_err(|error| assert_eq!(error, AddError::Taken)))
                }
                Some((id, mut new)) if u.arbitrary()? => {
                    new.set_source(at(1), own).unwrap();
                    let moved = engine.set_source(at(1), id, own).map(|()| id);
                    (new, moved.map_err(|error| assert_eq!(error, EngineSourceError::Taken)))
                }
                Some((id, mut new)) => {
                    let plan = new.apply(at(1), config, list.clone(), peers.clone()).unwrap();
                    let planned = engine.plan(id, &config, &list, &peers);
                    let applied = engine.apply(at(1), id, config, list, peers);
                    assert_eq!(applied, planned);
                    let answer = applied.map(|applied| assert_eq!(applied, plan)).map(|()| id);
                    (new, answer.map_err(|error| assert_eq!(error, EngineApplyError::Taken)))
                }
            };
            let mut others = routers.iter().filter(|(id, _)| Some(*id) != before);
            assert_eq!(answer.is_err(), others.any(|(_, other)| hear_the_same(&new, other)));
            if let Ok(id) = answer {
                routers.retain(|(known, _)| *known != id);
                routers.push((id, new));
            }
            for (id, router) in &routers {
                assert_eq!(format!("{:?}", engine.get(*id)), format!("{:?}", Some(router)));
            }
        }
        engine.input_each(|_, router| router.startup(at(2)));
        for path in paths() {
            let hearer = routers.iter().find(|(_, router)| takes(router, path)).map(|(id, _)| *id);
            let (message, meta) = (message(path), AdvertMeta::new(path, HOP_LIMIT));
            let policy = engine.policy(LINK, vrid(), path).unwrap();
            let decoded = decode(&message, &meta, &policy);
            assert_eq!(decoded.is_ok(), hearer.is_some());
            if let (Some(id), Ok(advert)) = (hearer, decoded) {
                assert_eq!(engine.hearer(LINK, vrid(), path), Some(id));
                engine.handle_advert(at(3), LINK, &advert, &meta);
                assert_eq!(engine.get(id).unwrap().active_address(), Some(path.source()));
            }
        }
        Ok(())
    });
}

/// Whatever else is wrong is said before.
#[test]
fn x_38_other_errors_come_first() {
    let mut slots: [Slot<Vec<IpAddr>, Vec<Peer>>; 2] = Default::default();
    let mut blocks = [Block::default()];
    let mut engine = Engine::new(&mut slots, &mut blocks);
    let (list, own) = (addresses(Family::V4), ip(OWN[0]));
    let new = |config| Router::with_peers(config, own, list.clone(), vec![]).unwrap();
    let other_group = Config { group: Some(ip(GROUPS[1])), ..v3(100) };
    let first = engine.add(LINK, new(v3(100))).unwrap();
    let id = engine.add(LINK, new(other_group)).unwrap();
    let mut apply = |id, config| engine.apply(at(0), id, config, list.clone(), vec![]);
    assert_eq!(apply(id, v3(100)), Err(EngineApplyError::Taken));
    let nobody = ConfigError::PriorityZero;
    assert_eq!(apply(id, v3(0)), Err(ApplyError::Config(nobody).into()));
    let renamed = Config { vrid: Vrid::new(52).unwrap(), ..v3(100) };
    assert_eq!(apply(id, renamed), Err(ApplyError::Restart.into()));
    assert!(engine.plan(id, &renamed, &list, &[]).unwrap().restart);
    let no_source = SourceError::NotUnicast(ip("0.0.0.0"));
    assert_eq!(engine.set_source(at(0), id, ip("0.0.0.0")), Err(no_source.into()));
    engine.remove(first).unwrap();
    let gone = engine.apply(at(0), first, v3(100), list.clone(), vec![]);
    assert_eq!(gone, Err(EngineApplyError::UnknownRouter));
    assert_eq!(engine.set_source(at(0), first, own), Err(EngineSourceError::UnknownRouter));
    assert!(!engine.apply(at(0), id, v3(100), list.clone(), vec![]).unwrap().is_empty());
}

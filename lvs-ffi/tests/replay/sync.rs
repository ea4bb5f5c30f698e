//! There are no synchronisation daemons in C: their recordings are not played.

use crate::director::Director;
use crate::recording::Line;

const NONE: &str = "no synchronisation daemons in C";

#[derive(Debug, Default)]
pub(crate) struct Daemons {}

impl Daemons {
    pub(crate) fn set_version(&mut self, _: u32) {}

    pub(crate) fn set_threshold(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }

    pub(crate) fn start(&mut self, _: &mut Director, _: &Line) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    pub(crate) fn stop(&mut self, _: &mut Director, _: &Line) {}

    pub(crate) fn inject(&self, _: &mut Director, _: &Line) -> Result<(), String> {
        Err(NONE.to_owned())
    }
}

pub(crate) fn collect(_: &mut Director, _: &Line) -> Result<(), String> {
    Err(NONE.to_owned())
}

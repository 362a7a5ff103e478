//! The tables of channels, runs and the ledger.

pub(super) mod channels;
pub(super) mod deliveries;
pub(super) mod ledger;
pub(super) mod limits;
pub(super) mod people;
pub(super) mod resends;
pub(super) mod runs;

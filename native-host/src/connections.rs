//! Connections of strangers: where a server listens for them, how many it takes from one place, and
//! how long it puts up with silence.

mod idle;
mod listen;
mod place;
mod rarely;
mod requests;
mod slots;

pub(crate) use self::listen::remedy;
pub use self::listen::{Listen, ListenError};
pub(crate) use self::{
    idle::Idle,
    place::{Network, Place},
    rarely::unless,
    requests::Requests,
    slots::{Slot, Slots},
};

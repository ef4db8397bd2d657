//! A provider that does not exist, behind a transport that goes nowhere.

pub(crate) mod abacus;
pub(crate) mod generate;
pub(crate) mod parrot;
pub(crate) mod wire;

pub(crate) use parrot::{account, bare, builder, model};
pub(crate) use wire::{Answer, Wire};

/// Before a test listens to events. Where one dispatcher is alive, tracing asks whoever meets a
/// place in the code first whether it is of interest, for good: a test beside, which does not
/// listen. These two stay.
pub(crate) fn listen() {
    static KEPT: std::sync::OnceLock<[tracing::Dispatch; 2]> = std::sync::OnceLock::new();
    KEPT.get_or_init(|| [(); 2].map(|()| tracing::Dispatch::new(tracing_subscriber::registry())));
}

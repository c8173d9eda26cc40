//! Channels and select, without futures, iterators and macros.
//!
//! Their parts are visible in their folder only, so their models are here too.

pub(crate) mod limits;
mod protocol;
mod select;

#[path = "../../../crates/sortie/src/chan/block.rs"]
mod block;
#[path = "../../../crates/sortie/src/chan/block_list.rs"]
mod block_list;
#[path = "../../../crates/sortie/src/chan/buffer.rs"]
mod buffer;
#[path = "../../../crates/sortie/src/chan/buffered.rs"]
mod buffered;
#[path = "../../../crates/sortie/src/chan/core.rs"]
mod core;
#[path = "../../../crates/sortie/src/chan/errors.rs"]
mod errors;
#[path = "../../../crates/sortie/src/chan/event.rs"]
mod event;
#[path = "../../../crates/sortie/src/chan/lane.rs"]
mod lane;
#[path = "../../../crates/sortie/src/chan/make.rs"]
mod make;
#[path = "../../../crates/sortie/src/chan/receiver.rs"]
mod receiver;
#[path = "../../../crates/sortie/src/chan/ring.rs"]
mod ring;
mod schedule;
#[path = "../../../crates/sortie/src/chan/sender.rs"]
mod sender;
#[path = "../../../crates/sortie/src/chan/shared.rs"]
mod shared;
#[path = "../../../crates/sortie/src/chan/timer.rs"]
mod timer;
#[path = "../../../crates/sortie/src/chan/wait.rs"]
mod wait;
#[path = "../../../crates/sortie/src/chan/zero.rs"]
mod zero;

pub(crate) use event::{Event, EventRef, Room};
pub(crate) use make::never;
pub(crate) use receiver::Receiver;

//! The mutex's protocol.
//!
//! ```text
//!  state  meaning
//!    0    free
//!    1    held
//!    3    held, and who unlocks has to look into the room
//! ```
//!
//! Without contention locking is one exchange, 0 to 1, and so is unlocking, 1 to 0.
//!
//! # Who has to wait
//! looks a few times more, if another CPU may be just about to unlock. Then he visits
//! the [`room`](super::room), sets the flag with the room locked, and stands in the
//! queue. If the mutex turns out to be free he takes it instead.
//!
//! # Who unlocks and finds the flag
//! visits the room. He *sends* the first in the queue to try again, and frees the
//! mutex, both with the room locked. The one who was sent is on his way as long as
//! `sent` is set, and meanwhile the flag is not: whoever locks and unlocks until then
//! does not care for the room. So a goroutine that locks the mutex again and again
//! goes on at full speed, and nobody else is woken.
//!
//! The one who was sent visits the room again. If the mutex is free he takes it, and
//! sets the flag if there are others; else he sets the flag too, and goes back to the
//! front of the queue. So there always is somebody who will look into the room:
//!
//! ```text
//!   somebody waits  =>  held and flag set, or somebody was sent
//!   the flag is set =>  the room is attached
//! ```
//!
//! Therefore the flag is cleared before the room is detached, and both before the mutex
//! is free. Else somebody could come in between: he would attach another room, find the
//! flag set, and wait without it when it is cleared then.
//!
//! # Starvation
//! If the first in the queue has waited for a millisecond, whoever unlocks hands the
//! mutex over to him: it does not become free, so nobody can overtake. The new owner
//! then runs at once in the caller's place, as far as both are goroutines. The flag stays
//! set, even if nobody else waits: when he unlocks he looks into the room.
//!
//! This is Go's `sync.Mutex`, where `mutexWoken` is `sent`; the state of starvation is
//! not in the word there is none: each unlocking finds out whom it deals with.
//!
//! # Luck
//! To wake a machine for the one who was sent costs a system call, and often is in
//! vain: while it wakes up, or soon after, the mutex is locked again. So once somebody
//! was sent in vain, the next time nobody is woken: he is made ready on the processor
//! of who sends him, and runs there when that goroutine waits, or elsewhere when
//! somebody has nothing else to do. On two CPUs, where the other would only disturb,
//! this more than doubles the speed of a mutex that all want.
//!
//! # Memory
//! Taking acquires the state and freeing releases it. A mutex that is handed over, or
//! whose holder changes within the room, is ordered by the room's lock. Who was given
//! the mutex may free its memory as soon as the state says so; after that nothing of
//! the mutex is touched, only the room, which stays.

use super::room::{Demand, Door, Inside, Owner, Role, Visit};
use super::spin::{self, Spin};
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, ToReady, Until};
use std::panic::Location;
use std::ptr;

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Somebody waits, and nobody was sent to try.
const WAITED_FOR: u32 = 2;

/// Answer for one in the queue: the mutex is his.
const OWNS: usize = 0;
/// Answer: try again.
const TRY: usize = 1;

/// The mutex without data: what [`Mutex`](super::Mutex) is made of, for use through
/// [`lock_api`].
#[derive(Debug)]
pub struct RawMutex {
    state: AtomicU32,
    door: Door,
}

/// What to do about the new owner of a mutex that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// Let him run.
    MakeWay,
    /// Nothing: the caller is about to wait.
    GoOn,
}

impl RawMutex {
    pub(super) const fn new() -> Self {
        RawMutex {
            state: AtomicU32::new(FREE),
            door: Door::new(),
        }
    }

    /// Takes it if it is free.
    #[inline(always)]
    pub(super) fn try_take(&self) -> bool {
        self.state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes it, having waited for it.
    #[inline(always)]
    pub(super) fn take(&self, location: &'static Location<'static>) {
        if !self.try_take() {
            let taken = self.take_slow(Until::GRANTED, location);
            debug_assert!(taken.is_ok());
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) != FREE
    }

    /// Takes it, having waited for it as long as there is time.
    #[cold]
    #[inline(never)]
    pub(super) fn take_slow(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        let mut spin = Spin::new();
        while self.state.load(Ordering::Relaxed) & WAITED_FOR == 0 && spin.wait() {
            if self.try_take() {
                return Ok(());
            }
        }
        if until.is_over() {
            return Err(Ended::TimedOut);
        }
        let place = Place {
            reason: WaitReason::MutexLock,
            location,
            origin: None,
        };
        let demand = Demand::new(Role::Locker, clock::now()).0;
        let mut visit = self.door.visit_or_attach(self.owner());
        let mut end = End::Back;
        while let Some(Visit { room, inside }) = self.take_or_stay(visit) {
            match wait_queue::wait(&room.inside, inside, end, demand, until, place) {
                Ended::Granted(OWNS) => return Ok(()),
                Ended::Granted(_) => {}
                ended => return Err(ended),
            }
            // Sent to try again: the room stays attached until we were there.
            visit = self.door.visit_or_attach(self.owner());
            visit.inside.sent = false;
            visit.inside.in_vain = self.is_held();
            end = End::Front;
        }
        Ok(())
    }

    /// Takes it if it is free; else the caller has to wait in the room.
    fn take_or_stay(&self, mut visit: Visit) -> Option<Visit> {
        let inside = &mut *visit.inside;
        loop {
            if self.try_take() {
                if inside.is_deserted() {
                    self.door.detach(inside);
                } else if !inside.sent {
                    self.state.store(HELD | WAITED_FOR, Ordering::Release);
                }
                return None;
            }
            if inside.sent {
                return Some(visit);
            }
            let waited_for = HELD | WAITED_FOR;
            // Release: who sees the flag finds the room.
            match self.state.compare_exchange(
                HELD,
                waited_for,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Err(FREE) => {}
                _ => return Some(visit),
            }
        }
    }

    /// Frees it, or hands it over.
    ///
    /// # Safety
    /// The caller holds it.
    #[inline(always)]
    pub(super) unsafe fn release(&self) {
        if self
            .state
            .compare_exchange(HELD, FREE, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            self.release_slow(false, Afterwards::MakeWay);
        }
    }

    /// Hands it over if anybody waits, or frees it.
    ///
    /// # Safety
    /// The caller holds it.
    pub(super) unsafe fn release_fairly(&self, afterwards: Afterwards) {
        self.release_slow(true, afterwards);
    }

    /// The same as [`release`](Self::release), by somebody who is about to wait.
    ///
    /// # Safety
    /// The caller holds it.
    pub(super) unsafe fn release_and_wait(&self) {
        self.release_slow(false, Afterwards::GoOn);
    }

    /// Whether there is somebody to hand it over to.
    pub(super) fn is_waited_for(&self) -> bool {
        self.state.load(Ordering::Relaxed) & WAITED_FOR != 0
    }

    #[cold]
    #[inline(never)]
    fn release_slow(&self, fair: bool, afterwards: Afterwards) {
        loop {
            match self
                .state
                .compare_exchange(HELD, FREE, Ordering::Release, Ordering::Acquire)
            {
                Ok(_) => return,
                Err(FREE) => unlock_of_unlocked(),
                // The flag is set, so there is a room, unless who set it has given up.
                Err(_) => {
                    let visit = self.door.visit().filter(|_| self.is_waited_for());
                    if visit.is_some_and(|visit| self.pass_on(visit, fair, afterwards)) {
                        return;
                    }
                }
            }
        }
    }

    /// Sends the first in the queue to try, or hands it over to him. If there is nobody
    /// any more the caller still holds it, and `false` is returned.
    fn pass_on(&self, mut visit: Visit, fair: bool, afterwards: Afterwards) -> bool {
        let mut ready = ToReady::new();
        let inside = &mut *visit.inside;
        let starved = |demand| Demand(demand).is_starved();
        let hand_over = fair || inside.lockers.first_demand().is_some_and(starved);
        let answer = if hand_over { OWNS } else { TRY };
        let granted = inside.lockers.grant(answer, &mut ready).is_some();
        match (granted, hand_over) {
            // The flag stays, so he will visit the room before he is done.
            (true, true) => inside.in_vain = false,
            (true, false) => {
                inside.sent = true;
                if inside.in_vain {
                    ready.stay_here();
                }
                // From here on it may be gone.
                self.state.store(FREE, Ordering::Release);
            }
            // In this order: the next may come by another room at once, and set the
            // flag again.
            (false, _) => {
                self.state.store(HELD, Ordering::Relaxed);
                self.door.detach(inside);
            }
        }
        drop(visit);
        drop(ready);
        if granted && hand_over && afterwards == Afterwards::MakeWay {
            spin::make_way();
        }
        granted
    }

    fn owner(&self) -> Owner {
        Owner {
            lock: ptr::from_ref(self).cast(),
            left,
        }
    }
}

/// Somebody has given up.
///
/// # Safety
/// The lock is a mutex, and the room is attached to it.
unsafe fn left(mutex: *const (), inside: &mut Inside, _ready: &mut ToReady) {
    if inside.is_deserted() {
        // SAFETY: as this function's: it is alive.
        let mutex = unsafe { &*mutex.cast::<RawMutex>() };
        // It is held, and with the room locked only we change the flag.
        let waited_for = HELD | WAITED_FOR;
        let _ =
            mutex
                .state
                .compare_exchange(waited_for, HELD, Ordering::Relaxed, Ordering::Relaxed);
        mutex.door.detach(inside);
    }
}

#[cold]
#[inline(never)]
fn unlock_of_unlocked() -> ! {
    crate::sched::fatal::throw(format_args!("sync: unlock of unlocked mutex"))
}

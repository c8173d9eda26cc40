//! What writers and upgradable readers do: claim the lock, wait for readers to leave,
//! pass it on. The protocol is in [`raw`](super::raw).

use super::super::raw_mutex::Afterwards;
use super::super::room::{Demand, Inside, Role, Visit};
use super::super::spin::{self, Spin};
use super::raw::{
    CLAIMANT_WAITS, CLAIMED, INSIDE, LOCKERS_WAIT, OWNS, READER, READERS_WAIT, RawRwLock, SHARDED,
    TRY, UPGRADABLE, one_more, readers, unlock_of_unlocked,
};
use crate::base::atomic::Ordering;
use crate::base::backoff::Backoff;
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, ToReady, Until};
use std::panic::Location;

/// Claims of either kind.
const ANY_CLAIM: u32 = CLAIMED | UPGRADABLE;
/// Flags that say who waits for what.
const FLAGS: u32 = READERS_WAIT | LOCKERS_WAIT | CLAIMANT_WAITS;

/// What is over when a claim ends, but for waits of lockers.
const OVER: u32 = ANY_CLAIM | INSIDE | READERS_WAIT | CLAIMANT_WAITS;

/// What has become of a claim that ends in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// It has ended.
    Ended,
    /// It is somebody else's.
    HandedOver,
    /// There was nobody to pass it on to: it has not ended, and the room is detached.
    Not,
}

/// What remains of a claim that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// The caller reads on.
    Reader,
    /// It becomes the claim of an upgradable reader.
    Upgradable,
}

/// A word in which a writer claims the lock who may have to wait for readers.
fn claimed(word: u32) -> u32 {
    let empty = readers(word) == 0 && word & SHARDED == 0;
    word & !UPGRADABLE | CLAIMED | if empty { INSIDE } else { 0 }
}

/// A word in which somebody claims the lock whom nobody is in the way of.
fn with_claim(word: u32, role: Role) -> u32 {
    match role {
        Role::Upgradable => word | UPGRADABLE,
        _ => claimed(word),
    }
}

impl RawRwLock {
    /// Goes inside as a writer, if that is possible at once.
    #[inline(always)]
    pub(in super::super) fn try_write(&self) -> bool {
        self.try_write_alone() || self.try_write_slow()
    }

    /// The same if nobody has anything to do with the lock, and it has no shards.
    #[inline(always)]
    pub(in super::super) fn try_write_alone(&self) -> bool {
        self.word
            .compare_exchange(0, CLAIMED | INSIDE, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[inline(never)]
    fn try_write_slow(&self) -> bool {
        let word = self.word.load(Ordering::SeqCst);
        // With readers inside it would only disturb to claim it.
        word & ANY_CLAIM == 0
            && self.all_readers(word) == 0
            && self.try_claim(Role::Locker)
            && self.enter_or_withdraw(Keep::Nothing)
    }

    /// Goes inside if there are no readers, or gives up the claim.
    fn enter_or_withdraw(&self, keep: Keep) -> bool {
        if self.word.load(Ordering::Relaxed) & INSIDE != 0 || self.try_enter() {
            return true;
        }
        self.end_claim(keep, false, Afterwards::GoOn);
        false
    }

    /// Claims it as a writer or as an upgradable reader, if nobody has.
    pub(super) fn try_claim(&self, role: Role) -> bool {
        let claim = |word| (word & ANY_CLAIM == 0).then(|| with_claim(word, role));
        // Sequentially consistent for those who read by shards.
        self.change(Ordering::SeqCst, claim).is_ok()
    }

    /// Goes inside as a writer, having waited for it as long as there is time.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn write_slow(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        self.claim_slow(Role::Locker, until, location)?;
        self.drain(Keep::Nothing, until, location)
    }

    /// Claims it, having waited for it as long as there is time.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn claim_slow(
        &self,
        role: Role,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        let mut spin = self.until_turn();
        while !self.try_claim(role) {
            let sleepers = LOCKERS_WAIT | CLAIMANT_WAITS;
            if self.word.load(Ordering::Relaxed) & sleepers != 0 || !spin.wait() {
                return self.claim_asleep(role, until, location);
            }
        }
        Ok(())
    }

    /// The same, for who has waited awake for long enough.
    fn claim_asleep(
        &self,
        role: Role,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        if until.is_over() {
            return Err(Ended::TimedOut);
        }
        let reason = match role {
            Role::Upgradable => WaitReason::RwLockRead,
            _ => WaitReason::RwLockWrite,
        };
        let place = Place {
            reason,
            location,
            origin: None,
        };
        let demand = Demand::new(role, clock::now()).0;
        let mut visit = self.door.visit_or_attach(self.owner());
        let mut end = End::Back;
        while let Some(Visit { room, inside }) = self.claim_or_stay(role, visit) {
            match wait_queue::wait(&room.inside, inside, end, demand, until, place) {
                Ended::Granted(OWNS) => return Ok(()),
                Ended::Granted(_) => {}
                ended => return Err(ended),
            }
            // Sent to try again: the room stays attached until we were there.
            visit = self.door.visit_or_attach(self.owner());
            visit.inside.sent = false;
            visit.inside.in_vain = self.word.load(Ordering::Relaxed) & ANY_CLAIM != 0;
            end = End::Front;
        }
        Ok(())
    }

    /// Claims it if nobody has; else the caller has to wait in the room.
    fn claim_or_stay(&self, role: Role, mut visit: Visit) -> Option<Visit> {
        let inside = &mut *visit.inside;
        let sent = inside.sent;
        // Sequentially consistent as in `try_claim`. Release: who sees the flag finds the
        // room.
        let before = self.change(Ordering::SeqCst, |word| match word & ANY_CLAIM {
            0 => Some(with_claim(word, role)),
            // Whoever was sent comes, and sets the flag.
            _ if sent => None,
            _ => Some(word | LOCKERS_WAIT),
        });
        if before.is_ok_and(|word| word & ANY_CLAIM == 0) {
            if !sent && !inside.lockers.is_empty() {
                self.word.fetch_or(LOCKERS_WAIT, Ordering::Release);
            }
            self.vacate(inside);
            return None;
        }
        Some(visit)
    }

    /// Waits for readers to leave, and goes inside; or ends the claim when there is no
    /// time any more.
    pub(super) fn drain(
        &self,
        keep: Keep,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        let mut spin = Spin::until_left();
        loop {
            if self.word.load(Ordering::Relaxed) & INSIDE != 0 || self.try_enter() {
                return Ok(());
            }
            if !spin.wait() {
                break;
            }
        }
        let result = self.drain_slow(until, location);
        if result.is_err() {
            self.end_claim(keep, false, Afterwards::GoOn);
        }
        result
    }

    fn drain_slow(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        if until.is_over() {
            return Err(Ended::TimedOut);
        }
        let mut visit = self.door.visit_or_attach(self.owner());
        // Who leaves after this sees it, or we see that he has left.
        self.word.fetch_or(CLAIMANT_WAITS, Ordering::SeqCst);
        if self.try_enter() {
            self.word.fetch_and(!CLAIMANT_WAITS, Ordering::Relaxed);
            self.vacate(&mut visit.inside);
            return Ok(());
        }
        let Visit { room, inside } = visit;
        let place = Place {
            reason: WaitReason::RwLockWrite,
            location,
            origin: None,
        };
        let demand = Demand::new(Role::Claimant, 0).0;
        match wait_queue::wait(&room.inside, inside, End::Back, demand, until, place) {
            Ended::Granted(_) => Ok(()),
            ended => Err(ended),
        }
    }

    /// Turns the claim of an upgradable reader into that of a writer.
    pub(super) fn upgrade_claim(&self) {
        let upgrade = |word| (word & UPGRADABLE != 0).then(|| claimed(word));
        if self.change(Ordering::SeqCst, upgrade).is_err() {
            unlock_of_unlocked("upgrade");
        }
    }

    /// Goes inside in place of an upgradable reader, having waited for it as long as
    /// there is time; or stays one.
    ///
    /// # Safety
    /// The caller is that upgradable reader.
    pub(in super::super) unsafe fn upgrade_slow(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        self.upgrade_claim();
        self.drain(Keep::Upgradable, until, location)
    }

    /// Goes inside in place of an upgradable reader, if that is possible at once.
    pub(super) fn try_upgrade(&self) -> bool {
        if self.all_readers(self.word.load(Ordering::SeqCst)) != 0 {
            return false;
        }
        self.upgrade_claim();
        self.enter_or_withdraw(Keep::Upgradable)
    }

    /// Ends the claim of a writer who is inside.
    ///
    /// # Safety
    /// The caller is that writer.
    #[inline(always)]
    pub(super) unsafe fn write_release(&self) {
        if let Err(word) =
            self.word
                .compare_exchange(CLAIMED | INSIDE, 0, Ordering::Release, Ordering::Relaxed)
        {
            self.write_release_slow(word);
        }
    }

    #[inline(never)]
    fn write_release_slow(&self, word: u32) {
        if word & INSIDE == 0 {
            unlock_of_unlocked("Unlock");
        }
        let new = word & !(CLAIMED | INSIDE);
        if word & FLAGS == 0
            && self
                .word
                .compare_exchange(word, new, Ordering::Release, Ordering::Relaxed)
                .is_ok()
        {
            return;
        }
        self.end_claim(Keep::Nothing, false, Afterwards::MakeWay);
    }

    /// Ends the caller's claim, and passes it on if somebody waits.
    pub(super) fn end_claim(&self, mut keep: Keep, fair: bool, afterwards: Afterwards) {
        let (keeps, obstacles) = match keep {
            Keep::Nothing | Keep::Reader => (0, FLAGS),
            // Lockers wait on.
            Keep::Upgradable => (UPGRADABLE, READERS_WAIT | CLAIMANT_WAITS),
        };
        let mut backoff = Backoff::new();
        // Made ready when it has ended: some of them are to try.
        let mut waiting = ToReady::new();
        loop {
            let end = |word: u32| {
                if word & ANY_CLAIM == 0 {
                    unlock_of_unlocked("Unlock");
                }
                let new = word & !(ANY_CLAIM | INSIDE) | keeps;
                let new = if keep == Keep::Reader {
                    one_more(new)
                } else {
                    new
                };
                (word & obstacles == 0).then_some(new)
            };
            if self.change(Ordering::Release, end).is_ok() {
                return;
            }
            // If there is no room any more, who set the flag has given up.
            let Some(visit) = self.door.visit() else {
                backoff.snooze();
                continue;
            };
            match self.pass_on(visit, keep, fair, &mut waiting) {
                Passed::HandedOver if afterwards == Afterwards::MakeWay => {
                    drop(waiting);
                    return spin::make_way();
                }
                Passed::HandedOver | Passed::Ended => return,
                Passed::Not if keep == Keep::Reader => keep = Keep::Nothing,
                Passed::Not => {}
            }
        }
    }

    /// Ends the caller's claim in the room, unless nobody is there any more. If the
    /// caller is to be a reader he is one in either case.
    #[cold]
    fn pass_on(&self, mut visit: Visit, keep: Keep, fair: bool, readers: &mut ToReady) -> Passed {
        let mut locker = ToReady::new();
        let inside = &mut *visit.inside;
        if self.word.load(Ordering::Relaxed) & CLAIMED != 0 {
            self.let_readers_in(inside, fair, readers);
        }
        let passed = match keep {
            Keep::Upgradable => {
                self.replace(OVER, UPGRADABLE);
                self.vacate(inside);
                Passed::Ended
            }
            Keep::Reader => {
                let _ = self.change(Ordering::Relaxed, |word| Some(one_more(word)));
                self.pass_claim_on(inside, fair, &mut locker)
            }
            Keep::Nothing => self.pass_claim_on(inside, fair, &mut locker),
        };
        drop(visit);
        drop(locker);
        passed
    }

    /// Detaches the room if nobody needs it any more. The flags that are left belong to
    /// waits that have ended; they are cleared first, for the next may come by another
    /// room at once, and set them again.
    pub(super) fn vacate(&self, inside: &mut Inside) {
        if inside.is_deserted() {
            self.word.fetch_and(!FLAGS, Ordering::Relaxed);
            self.door.detach(inside);
        }
    }

    /// Replaces some bits of the word by others, and releases what the caller did.
    fn replace(&self, old: u32, new: u32) {
        let _ = self.change(Ordering::Release, |word| Some(word & !old | new));
    }

    /// Lets all readers in who wait for the claim to end; or sends them to try, if no
    /// writer waits, nor the first of them has starved.
    fn let_readers_in(&self, inside: &mut Inside, fair: bool, ready: &mut ToReady) {
        let Some(first) = inside.readers.first_demand() else {
            return;
        };
        let alone = !inside.sent && inside.lockers.is_empty();
        if alone && !fair && !Demand(first).is_starved() {
            return inside.readers.grant_all(TRY, ready);
        }
        while inside.readers.first_demand().is_some() {
            // He is counted before he can leave again.
            let _ = self.change(Ordering::Relaxed, |word| Some(one_more(word)));
            if inside.readers.grant(OWNS, ready).is_none() {
                self.word.fetch_sub(READER, Ordering::Relaxed);
            }
        }
    }

    /// Ends the claim, and sends the next locker, or hands it over to him.
    fn pass_claim_on(&self, inside: &mut Inside, fair: bool, ready: &mut ToReady) -> Passed {
        loop {
            let next = inside.lockers.first_demand().filter(|_| !inside.sent);
            let Some(demand) = next else {
                if inside.is_deserted() {
                    self.vacate(inside);
                    return Passed::Not;
                }
                // Somebody was sent, and is under way.
                self.replace(OVER | LOCKERS_WAIT, 0);
                return Passed::Ended;
            };
            // Somebody else may be first by the time of the grant.
            let decide = |answer| move |asked| (asked == demand).then_some(answer);
            if fair || Demand(demand).is_starved() {
                let claim = match Demand(demand).role() {
                    Role::Upgradable => UPGRADABLE,
                    _ => CLAIMED,
                };
                // The flag is still set, so he will visit the room before he is done.
                self.replace(OVER, claim | LOCKERS_WAIT);
                if inside.lockers.grant_by(decide(OWNS), ready).is_some() {
                    inside.in_vain = false;
                    return Passed::HandedOver;
                }
            } else if inside.lockers.grant_by(decide(TRY), ready).is_some() {
                inside.sent = true;
                if inside.in_vain {
                    ready.stay_here();
                }
                self.replace(OVER | LOCKERS_WAIT, 0);
                return Passed::Ended;
            }
        }
    }
}

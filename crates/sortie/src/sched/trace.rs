//! What the scheduler tells the recorder. Each function looks at one flag, and does
//! the rest elsewhere, since usually nobody records.
//!
//! They are called on a goroutine's stack or on a machine's, also between the switch
//! of FS and that of stacks: nothing here touches a thread-local.

use super::machine::M;
use super::processor::P;
use super::run::Wish;
use crate::base::atomic::Ordering;
use crate::goroutine::{G, GRef, current};
use crate::record::encode::Kind;
use crate::record::log::{self, Field, LONGEST_TEXT};
use crate::record::pool::Who;
use crate::record::{is_on, sites};

fn id(g: &G) -> u64 {
    g.id.load(Ordering::Relaxed)
}

fn goroutine(g: &G) -> Field {
    Field::Goroutine(id(g))
}

/// The state of a machine, on which `g` runs.
fn who(m: &M, g: Option<GRef>) -> impl FnOnce() -> Who + use<'_> {
    let goroutine = g.map(id);
    move || Who {
        machine: m.index,
        thread: m.tid.load(Ordering::Relaxed),
        // SAFETY: seats hold `&'static P`s.
        processor: unsafe { m.seat.peek().as_ref() }.map_or(0, |p| p.index + 1),
        goroutine: goroutine.unwrap_or(0),
    }
}

/// The number of the place where a goroutine waits. The caller owns it.
fn wait_site(g: &G) -> Field {
    let number = g.wait().map_or(0, |wait| {
        sites::number(wait.reason as u8, wait.place, wait.origin)
    });
    Field::Number(number)
}

/// Writes an event of the calling thread, which may be a goroutine or not.
pub(crate) fn by_caller<const N: usize>(kind: Kind, fields: [Field; N], text: &[&str]) {
    match current::current() {
        Some(me) => {
            let m = M::of(me);
            m.log.event(who(m, Some(me)), kind, fields, text);
        }
        None => log::shared(kind, fields, text),
    }
}

/// A goroutine was made, by the caller, or on a processor of the caller's by nobody.
#[inline(always)]
pub(super) fn created(m: Option<&M>, by: Option<GRef>, g: GRef) {
    #[cold]
    #[inline(never)]
    fn write(m: Option<&M>, by: Option<GRef>, g: GRef) {
        let place = g
            .created_at()
            .map_or(0, |place| sites::number(sites::NO_REASON, place, None));
        let tell = |kind, fields: [Field; 2], text: &[&str]| match m {
            Some(m) => m.log.event(who(m, by), kind, fields, text),
            None => log::shared(kind, fields, text),
        };
        tell(Kind::Created, [goroutine(g), Field::Number(place)], &[]);
        if let Some(name) = g.name() {
            let name = log::cut(&name, LONGEST_TEXT);
            let length = Field::Number(name.len() as u64);
            tell(Kind::Named, [goroutine(g), length], &[name]);
        }
    }
    if is_on() {
        write(m, by, g);
    }
}

/// A goroutine becomes ready, because of the one that runs on the machine. Called
/// before others can find it.
#[inline(always)]
pub(super) fn ready(m: &M, by: GRef, g: GRef) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, by: GRef, g: GRef) {
        m.log
            .event(who(m, Some(by)), Kind::Ready, [goroutine(g)], &[]);
    }
    if is_on() {
        write(m, by, g);
    }
}

/// The same by a goroutine that ends: its header may be somebody else's already.
#[inline(always)]
pub(crate) fn ready_at_end(m: &M, g: GRef) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, g: GRef) {
        let who = who(m, None);
        let with_id = || Who {
            goroutine: m.ending.get(),
            ..who()
        };
        m.log.event(with_id, Kind::Ready, [goroutine(g)], &[]);
    }
    if is_on() {
        write(m, g);
    }
}

/// The same by a thread that is no machine.
#[inline(always)]
pub(super) fn ready_by_thread(g: GRef) {
    if is_on() {
        log::shared(Kind::Ready, [goroutine(g)], &[]);
    }
}

/// A goroutine becomes ready by itself, or by a timer. `runs` is the one that runs on
/// the machine.
#[inline(always)]
pub(super) fn ready_by_nobody(m: Option<&M>, runs: Option<GRef>, g: GRef) {
    #[cold]
    #[inline(never)]
    fn write(m: Option<&M>, runs: Option<GRef>, g: GRef) {
        match m {
            Some(m) => m
                .log
                .event(who(m, runs), Kind::ReadyByNobody, [goroutine(g)], &[]),
            None => log::shared(Kind::ReadyByNobody, [goroutine(g)], &[]),
        }
    }
    if is_on() {
        write(m, runs, g);
    }
}

/// From one goroutine, with what it wants, to the next. The end of one was told
/// already.
#[inline(always)]
pub(super) fn switch(m: &M, from: Option<(GRef, Wish)>, to: Option<GRef>) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, from: Option<(GRef, Wish)>, to: Option<GRef>) {
        // Once it has ended, its header is somebody else's.
        let from = from.filter(|(_, wish)| !matches!(wish, Wish::End | Wish::EndOddSize));
        let who = who(m, from.map(|(g, _)| g));
        match (from, to) {
            (None, None) => {}
            (None, Some(to)) => m.log.event(who, Kind::Run, [goroutine(to)], &[]),
            (Some((_, Wish::Yield)), None) => m.log.event(who, Kind::Yield, [], &[]),
            (Some((_, Wish::Yield)), Some(to)) => {
                m.log.event(who, Kind::YieldRun, [goroutine(to)], &[]);
            }
            (Some((g, _)), None) => m.log.event(who, Kind::Park, [wait_site(g)], &[]),
            (Some((g, _)), Some(to)) => {
                let fields = [goroutine(to), wait_site(g)];
                m.log.event(who, Kind::ParkRun, fields, &[]);
            }
        }
    }
    if is_on() {
        write(m, from, to);
    }
}

/// The goroutine of this number has ended, and its header is somebody else's. Another
/// may run on the same fiber now.
#[inline(always)]
pub(super) fn ended(m: &M, id: u64, next: Option<GRef>) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, id: u64, next: Option<GRef>) {
        let who = who(m, None);
        let with_id = || Who {
            goroutine: id,
            ..who()
        };
        match next {
            Some(next) => m.log.event(with_id, Kind::EndRun, [goroutine(next)], &[]),
            None => m.log.event(with_id, Kind::End, [], &[]),
        }
    }
    if is_on() {
        write(m, id, next);
    }
}

/// The machine has got a processor, while `g` runs on it, if any does.
#[inline(always)]
pub(super) fn acquired(m: &M, p: &P, g: Option<GRef>) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, p: &P, g: Option<GRef>) {
        let who = who(m, g);
        let before = || Who {
            processor: 0,
            ..who()
        };
        let number = Field::Number(u64::from(p.index));
        m.log.event(before, Kind::Acquire, [number], &[]);
    }
    if is_on() {
        write(m, p, g);
    }
}

/// The machine is about to give its processor up.
#[inline(always)]
pub(super) fn releases(m: &M, g: Option<GRef>) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, g: Option<GRef>) {
        m.log.event(who(m, g), Kind::Release, [], &[]);
    }
    if is_on() {
        write(m, g);
    }
}

/// A processor was taken from a machine that runs user code.
pub(super) fn retaken(p: &P, m: &M) {
    if is_on() {
        let fields = [p.index, m.index].map(|number| Field::Number(u64::from(number)));
        log::shared(Kind::Retake, fields, &[]);
    }
}

/// A processor took goroutines from another.
#[inline(always)]
pub(super) fn stolen(m: &M, from: &P) {
    #[cold]
    #[inline(never)]
    fn write(m: &M, from: &P) {
        let number = Field::Number(u64::from(from.index));
        m.log.event(who(m, None), Kind::Steal, [number], &[]);
    }
    if is_on() {
        write(m, from);
    }
}

/// A machine's thread begins.
pub(super) fn machine_starts(m: &M) {
    if is_on() {
        m.log.event(who(m, None), Kind::MachineStart, [], &[]);
    }
}

/// It ends.
pub(super) fn machine_ends(m: &M) {
    if is_on() {
        m.log.event(who(m, None), Kind::MachineEnd, [], &[]);
    }
    m.log.close();
}

/// The number of processors has changed.
pub(super) fn max_procs(count: usize) {
    if is_on() {
        log::shared(Kind::MaxProcs, [Field::Number(count as u64)], &[]);
    }
}

/// The machine that has a processor, for who has it.
pub(super) fn machine_of(p: &P) -> Option<&'static M> {
    // SAFETY: machines are never freed.
    unsafe { p.machine.load(Ordering::Relaxed).as_ref() }
}

//! What a thread-control block must contain on this machine, found at run time.
//!
//! # Purpose
//! A fiber has a *block* of its own: a copy of glibc's `struct pthread` with the
//! static thread-locals of all loaded objects below it and a DTV (the table of
//! dynamic thread-locals) above. While FS points at it, the code that runs is,
//! to rustc, std and libc, a thread of its own. This folder finds out what must
//! be in a block; [`block`] writes it.
//!
//! ```text
//!        lower addresses                                        higher
//!   ...stack of the fiber | reserve | static TLS | struct pthread | ...
//!                                   ^ -below     ^ FS
//! ```
//!
//! # Where the knowledge comes from
//! 1. `thread_db`: glibc's published descriptors of its own structures;
//! 2. `modules`: `dl_iterate_phdr`, for every object's TLS segment;
//! 3. `probe`: a thread that looks at itself at birth, and by experiment at
//!    which of libc's thread-locals belong to the OS thread;
//! 4. `seal`: afterwards no more static TLS is handed out in this process.
//!
//! No offset is compiled in. What cannot be found is an error at start.
//!
//! # Whose thread-locals
//! Everything is the fiber's own, errno and the locale included, but for:
//! * `tid` in `struct pthread`: the kernel's thread id, of the OS thread;
//! * *thread words*: caches in libc's TLS that would be lost or leaked with a
//!   fiber: malloc's cache and arena, the resolver's state, the buffers of
//!   dlerror, strerror and strsignal. They move along with the OS thread: the
//!   switch copies them from the block it leaves into the one it enters. Where a race
//!   detector watches, the word in which it keeps the current thread is one of them.
//!
//! # Roads not taken
//! * *Copying all of libc's thread-locals at each switch*, all but the list of
//!   destructors: simpler to find, but then a locale set by `uselocale` or an
//!   errno would leak from one fiber into the next on the same OS thread.
//! * *Building blocks with ld.so's `_dl_allocate_tls`*: takes the loader's lock,
//!   and is private to glibc.

mod modules;
mod probe;
mod seal;
mod thread_db;

use crate::block;
use crate::error::Unsupported;
use crate::fs_base::Setter;
use crate::raw;
pub(crate) use probe::stack_bounds;
use std::sync::OnceLock;

/// At most this many thread words are copied at a switch.
const MAX_THREAD_WORDS: usize = 8;

/// As many lines are worth fetching beforehand.
const MAX_HOT_LINES: usize = 8;

/// A control block's alignment at least, by glibc's definition (a cache line).
const MIN_ALIGN: usize = 64;

/// A word of a newborn block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Offset from FS.
    pub(crate) offset: isize,
    /// Contents; for a relocated word, relative to FS.
    pub(crate) value: u64,
    /// Whether FS is to be added.
    pub(crate) relocated: bool,
}

/// How glibc keeps `pthread_setspecific` data.
#[derive(Debug)]
pub(crate) struct Specific {
    /// The flag, a byte, that says that any were set.
    pub(crate) used: isize,
    /// The array of pointers to blocks of data.
    pub(crate) blocks: isize,
    /// Its length.
    pub(crate) block_count: usize,
    /// The first block, which is part of `struct pthread`.
    pub(crate) first_block: isize,
    /// Keys in a block.
    pub(crate) keys_per_block: usize,
    /// Bytes of one key's data; in it, offsets of sequence number and value.
    pub(crate) data: usize,
    pub(crate) data_sequence: usize,
    pub(crate) data_value: usize,
    /// The process's table of keys, bytes of an entry, and offsets in it.
    pub(crate) keys: usize,
    pub(crate) key: usize,
    pub(crate) key_sequence: usize,
    pub(crate) key_destructor: usize,
}

/// How the DTV looks.
#[derive(Debug)]
pub(crate) struct Dtv {
    /// Offset from FS of the pointer to it.
    pub(crate) pointer: isize,
    /// Bytes of an element; offsets of its parts.
    pub(crate) element: usize,
    pub(crate) value: usize,
    pub(crate) to_free: usize,
    /// Loader generation up to which the elements below are complete.
    pub(crate) generation: u64,
    /// Static offset of each known module by id (index 0 unused), or `None` if
    /// its thread-locals are allocated on first use.
    pub(crate) modules: Vec<Option<isize>>,
}

/// Everything about blocks on this machine.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) setter: Setter,
    /// Alignment of FS, a power of two.
    pub(crate) align: usize,
    /// Bytes of static TLS below FS, a multiple of `align`.
    pub(crate) below: usize,
    /// Further bytes below that which must stay unused: surplus that could not
    /// be sealed.
    pub(crate) reserve: usize,
    /// Bytes of `struct pthread`, from FS up.
    pub(crate) pthread: usize,
    /// Words of a newborn block that are not zero.
    pub(crate) newborn: Vec<Word>,
    /// Initial contents of `[-below, 0)` and of `struct pthread`, unrelocated,
    /// for renewing a used block.
    pub(crate) image: Box<[u8]>,
    /// Ranges of `image` (as offsets from FS) to restore when a block is
    /// renewed, and the words of them to relocate.
    pub(crate) renewed: Vec<std::ops::Range<isize>>,
    pub(crate) renewed_relocations: Vec<Word>,
    /// Words that go with the OS thread.
    thread_words: [isize; MAX_THREAD_WORDS],
    thread_word_count: usize,
    /// Cache lines that a switch touches, as offsets from FS.
    hot: [isize; MAX_HOT_LINES],
    hot_count: usize,
    /// Whether the variable that tells which fiber runs is in the block (see
    /// `raw::current_offset`).
    pub(crate) current_in_block: bool,
    /// The kernel's thread id, 4 bytes.
    pub(crate) tid: isize,
    /// Where the stack's lowest address is kept, followed by its size.
    pub(crate) stack_bounds: isize,
    /// Bytes of guard that libc counts as part of the stack there.
    pub(crate) stack_guard: usize,
    pub(crate) specific: Specific,
    pub(crate) dtv: Dtv,
    /// glibc's function that runs the calling thread's TLS destructors.
    pub(crate) call_tls_destructors: unsafe extern "C" fn(),
}

impl Layout {
    /// The layout of this process, found once.
    pub(crate) fn get() -> Result<&'static Layout, &'static Unsupported> {
        static LAYOUT: OnceLock<Result<Layout, Unsupported>> = OnceLock::new();
        LAYOUT.get_or_init(Layout::discover).as_ref()
    }

    /// The words that go with the OS thread.
    #[inline(always)]
    pub(crate) fn thread_words(&self) -> &[isize] {
        // SAFETY: `discover` sets the count to at most the array's length.
        unsafe { self.thread_words.get_unchecked(..self.thread_word_count) }
    }

    /// The cache lines that a switch touches.
    #[inline(always)]
    pub(crate) fn hot_lines(&self) -> &[isize] {
        // SAFETY: `discover` sets the count to at most the array's length.
        unsafe { self.hot.get_unchecked(..self.hot_count) }
    }

    fn discover() -> Result<Layout, Unsupported> {
        let pthread = thread_db::size(c"_thread_db_sizeof_pthread")?;
        let blocks = thread_db::field(c"_thread_db_pthread_specific")?;
        let specific_range =
            blocks.offset as isize..(blocks.offset + (blocks.bits / 8) as usize) as isize;
        // Keys of the first block lie directly before the array of pointers;
        // the probe needs to ignore both.
        let block_size = thread_db::size(c"_thread_db_sizeof_pthread_key_data_level2")?;
        let specific_area = specific_range.start - block_size as isize..specific_range.end;

        let dtv_pointer = thread_db::field(c"_thread_db_pthread_dtvp")?.offset as isize;
        let dtv_elements = DtvElements::find()?;
        let (sealed, unsealed) = seal::seal();
        let findings = probe::probe(
            pthread,
            specific_area,
            dtv_pointer,
            dtv_elements.value / size_of::<u64>(),
        )?;
        Builder {
            pthread,
            dtv_pointer,
            dtv_elements,
            sealed,
            unsealed,
            blocks,
            block_size,
            image: Vec::new(),
            below: 0,
            align: MIN_ALIGN,
            relocations: Vec::new(),
            findings,
        }
        .build()
    }
}

/// The elements of a DTV.
#[derive(Clone, Copy)]
struct DtvElements {
    /// Bytes of one.
    element: usize,
    /// Where in it the address is.
    value: usize,
}

impl DtvElements {
    fn find() -> Result<Self, Unsupported> {
        let element = thread_db::field(c"_thread_db_dtv_dtv")?.bits as usize / 8;
        let value = thread_db::field(c"_thread_db_dtv_t_pointer_val")?.offset;
        let counter = thread_db::field(c"_thread_db_dtv_t_counter")?.offset;
        if element != 16 || ![0, 8].contains(&value) || counter != 0 {
            return Err(Unsupported::new(
                "dtv",
                "its elements are not pairs of words",
            ));
        }
        Ok(DtvElements { element, value })
    }
}

/// The layout while it is put together.
struct Builder {
    pthread: usize,
    dtv_pointer: isize,
    dtv_elements: DtvElements,
    sealed: Vec<usize>,
    unsealed: usize,
    blocks: thread_db::Field,
    block_size: usize,
    findings: probe::Findings,
    /// Contents of `[-below, pthread)`, unrelocated words zero.
    image: Vec<u8>,
    below: usize,
    align: usize,
    relocations: Vec<Word>,
}

impl Builder {
    /// The lines of the thread words and of the fiber's own variables.
    fn hot_lines(&self) -> ([isize; MAX_HOT_LINES], usize) {
        let own = crate::raw::current_offset();
        let mut lines: Vec<isize> = [own]
            .iter()
            .chain(&self.findings.thread_words)
            .map(|offset| offset & !63)
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let mut hot = [0; MAX_HOT_LINES];
        let count = lines.len().min(MAX_HOT_LINES);
        hot[..count].copy_from_slice(&lines[..count]);
        (hot, count)
    }

    fn build(mut self) -> Result<Layout, Unsupported> {
        self.measure()?;
        self.fill_modules();
        let (stack_bounds, stack_guard) = self.fill_pthread()?;
        self.fill_rseq();
        let tid = thread_db::field(c"_thread_db_pthread_tid")?;
        if tid.bits != 32 {
            return Err(Unsupported::new(
                "struct pthread",
                "tid is not 32 bits wide",
            ));
        }
        let tid = tid.offset as isize;
        self.put(tid, &[0; 4]);
        let specific = self.specific()?;
        self.clear_specific(&specific);
        let dtv = self.dtv();

        let words = &self.findings.thread_words;
        let mut thread_words = [0; MAX_THREAD_WORDS];
        let Some(slots) = thread_words.get_mut(..words.len()) else {
            return Err(Unsupported::new(
                "libc's thread-locals",
                format!("{} words seem to belong to the OS thread", words.len()),
            ));
        };
        slots.copy_from_slice(words);
        let thread_word_count = words.len();
        for &offset in &self.findings.thread_words.clone() {
            self.put(offset, &[0; 8]);
            self.relocations.retain(|word| word.offset != offset);
        }

        let current = self.place_current();
        let call = thread_db::needed(c"__call_tls_dtors")?;
        // SAFETY: glibc's function of that name takes nothing and returns
        // nothing (stdlib/cxa_thread_atexit_impl.c).
        let call_tls_destructors: unsafe extern "C" fn() = unsafe { std::mem::transmute(call) };
        let (hot, hot_count) = self.hot_lines();
        let renewed = self.renewed(tid, &specific, current);
        Ok(Layout {
            setter: Setter::detect(),
            align: self.align,
            below: self.below,
            reserve: (self.unsealed + 15) & !15,
            pthread: self.pthread,
            newborn: self.newborn(),
            renewed_relocations: self
                .relocations
                .iter()
                .copied()
                .filter(|word| renewed.iter().any(|range| range.contains(&word.offset)))
                .collect(),
            renewed,
            image: std::mem::take(&mut self.image).into_boxed_slice(),
            thread_words,
            thread_word_count,
            hot,
            hot_count,
            current_in_block: current.is_some(),
            tid,
            stack_bounds,
            stack_guard,
            specific,
            dtv,
            call_tls_destructors,
        })
    }

    /// Position in `image` of an offset from FS.
    fn at(&self, offset: isize) -> usize {
        (self.below as isize + offset) as usize
    }

    fn put(&mut self, offset: isize, bytes: &[u8]) {
        let at = self.at(offset);
        self.image[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// How far the static TLS of the real modules reaches down.
    fn measure(&mut self) -> Result<(), Unsupported> {
        for module in &mut self.findings.modules {
            if self.sealed.contains(&module.id) {
                module.offset = None; // nobody ever reads it
            }
            if module.offset.is_some() {
                self.align = self.align.max(module.align);
            }
        }
        if self.align > 4096 {
            return Err(Unsupported::new(
                "static TLS",
                format!(
                    "an object wants its thread-locals aligned to {} bytes",
                    self.align
                ),
            ));
        }
        let rseq = rseq_area().map_or(0, |range| range.start);
        let lowest = self
            .findings
            .modules
            .iter()
            .filter_map(|module| module.offset)
            .chain([rseq])
            .min()
            .unwrap_or(0)
            .min(0);
        self.below = lowest.unsigned_abs().next_multiple_of(self.align);
        self.image = vec![0; self.below + self.pthread];
        Ok(())
    }

    /// Static TLS: the objects' images; libc's, and what has none, as the probe had
    /// it at birth.
    fn fill_modules(&mut self) {
        for index in 0..self.findings.modules.len() {
            let module = &self.findings.modules[index];
            let Some(offset) = module.offset else {
                continue;
            };
            match module.image.clone() {
                Some(image) if module.id != self.findings.libc => self.put(offset, &image),
                _ => self.copy_from_birth(offset..offset + module.size as isize),
            }
        }
    }

    /// Copies words from the probe's newborn image. A pointer into the probe's
    /// block becomes one into the fiber's; one into the probe's stack is void.
    fn copy_from_birth(&mut self, range: std::ops::Range<isize>) {
        let tcb = self.findings.tcb;
        let (lowest, size) = self.findings.stack;
        let block = tcb - self.below..tcb + self.pthread;
        let mut offset = range.start;
        while offset < range.end {
            let length = (range.end - offset).min(8) as usize;
            let start = (offset - self.findings.low) as usize;
            let bytes = self.findings.image[start..start + length].to_vec();
            if let Ok(word) = <[u8; 8]>::try_from(bytes.as_slice()) {
                let value = u64::from_ne_bytes(word) as usize;
                if block.contains(&value) {
                    self.relocations.push(Word {
                        offset,
                        value: (value as u64).wrapping_sub(tcb as u64),
                        relocated: true,
                    });
                } else if !(lowest..lowest + size).contains(&value) {
                    self.put(offset, &bytes);
                }
            } else {
                self.put(offset, &bytes);
            }
            offset += length as isize;
        }
    }

    /// `struct pthread`. Returns where it keeps the bounds of the stack, and how
    /// much of a guard it counts in.
    fn fill_pthread(&mut self) -> Result<(isize, usize), Unsupported> {
        let (lowest, size) = self.findings.stack;
        let birth = |offset: isize| {
            let start = (offset - self.findings.low) as usize;
            let word = &self.findings.image[start..start + 8];
            u64::from_ne_bytes(word.try_into().expect("eight bytes")) as usize
        };
        // Two words, address and size, that end where the reported stack ends.
        const LARGEST_GUARD: usize = 1 << 20;
        let (stack_bounds, stack_guard) = (0..self.pthread as isize - 8)
            .step_by(8)
            .find_map(|offset| {
                let guard = lowest.wrapping_sub(birth(offset));
                let end = birth(offset).wrapping_add(birth(offset + 8));
                (guard < LARGEST_GUARD && end == lowest + size).then_some((offset, guard))
            })
            .ok_or_else(|| {
                Unsupported::new("struct pthread", "the bounds of the stack are not in it")
            })?;
        self.copy_from_birth(0..self.pthread as isize);
        // The fiber is on none of glibc's lists of threads. Its link points to
        // itself, so that removing it (fork does in the child) is harmless.
        let list = thread_db::field(c"_thread_db_pthread_list")?.offset as isize;
        for offset in [list, list + 8] {
            self.put(offset, &[0; 8]);
            self.relocations.retain(|word| word.offset != offset);
            self.relocations.push(Word {
                offset,
                value: list as u64,
                relocated: true,
            });
        }
        // What the probe was to run is nobody's business any more.
        if let Ok(start) = thread_db::field(c"_thread_db_pthread_start_routine") {
            // Its argument is the next word.
            self.put(start.offset as isize, &[0; 16]);
        }
        Ok((stack_bounds, stack_guard))
    }

    /// The kernel writes the OS thread's restartable-sequences area, never the
    /// fiber's; the latter says so, and `sched_getcpu` asks the kernel instead.
    fn fill_rseq(&mut self) {
        if let Some(area) = rseq_area() {
            const REGISTRATION_FAILED: i32 = -2;
            self.put(area.start, &0u32.to_ne_bytes());
            self.put(area.start + 4, &REGISTRATION_FAILED.to_ne_bytes());
        }
    }

    /// The word that tells which fiber runs: the address of its record, at birth
    /// and ever after. Returns the word's offset if it is static.
    fn place_current(&mut self) -> Option<isize> {
        let offset = raw::current_offset();
        let space = -(self.below as isize)..-7;
        space.contains(&offset).then(|| {
            self.relocations.push(Word {
                offset,
                value: block::control_after(self.pthread) as u64,
                relocated: true,
            });
            offset
        })
    }

    fn specific(&self) -> Result<Specific, Unsupported> {
        let data = thread_db::size(c"_thread_db_sizeof_pthread_key_data")?;
        let blocks = self.blocks.offset as isize;
        let first_block = self
            .relocations
            .iter()
            .find(|word| word.offset == blocks)
            .map(|word| word.value as isize)
            .filter(|&first| first >= 0 && (first as usize) < self.pthread)
            .ok_or_else(|| {
                Unsupported::new("pthread keys", "the first block is not where it should be")
            })?;
        Ok(Specific {
            used: self.findings.specific_used,
            blocks,
            block_count: self.blocks.bits as usize / 8 / size_of::<usize>(),
            first_block,
            keys_per_block: self.block_size / data,
            data,
            data_sequence: thread_db::field(c"_thread_db_pthread_key_data_seq")?.offset,
            data_value: thread_db::field(c"_thread_db_pthread_key_data_data")?.offset,
            keys: thread_db::needed(c"__pthread_keys")? as usize,
            key: thread_db::size(c"_thread_db_sizeof_pthread_key_struct")?,
            key_sequence: thread_db::field(c"_thread_db_pthread_key_struct_seq")?.offset,
            key_destructor: thread_db::field(c"_thread_db_pthread_key_struct_destr")?.offset,
        })
    }

    /// A fiber is born without thread-specific data. The probe may have had some: a
    /// sanitizer gives it to every thread.
    fn clear_specific(&mut self, specific: &Specific) {
        self.put(specific.used, &[0]);
        let data = vec![0; specific.keys_per_block * specific.data];
        self.put(specific.first_block, &data);
        let range = specific.first_block..specific.first_block + data.len() as isize;
        self.relocations
            .retain(|word| !range.contains(&word.offset));
    }

    fn dtv(&self) -> Dtv {
        let DtvElements { element, value } = self.dtv_elements;
        let highest = self
            .findings
            .modules
            .iter()
            .map(|m| m.id)
            .max()
            .unwrap_or(0);
        let mut modules = vec![None; highest + 1];
        for module in &self.findings.modules {
            modules[module.id] = module.offset;
        }
        Dtv {
            pointer: self.dtv_pointer,
            element,
            value,
            to_free: 8 - value,
            generation: self.findings.generation,
            modules,
        }
    }

    /// Words of the image that are not zero, and those to relocate.
    fn newborn(&self) -> Vec<Word> {
        let start = -(self.below as isize);
        let mut words: Vec<Word> = self
            .image
            .chunks_exact(8)
            .enumerate()
            .map(|(index, bytes)| Word {
                offset: start + 8 * index as isize,
                value: u64::from_ne_bytes(bytes.try_into().expect("eight bytes")),
                relocated: false,
            })
            .filter(|word| word.value != 0)
            .collect();
        words.extend(&self.relocations);
        words
    }

    /// What a used block must have restored: static TLS, but for the thread
    /// words and the fiber's record, and of `struct pthread` the members between
    /// the thread id and the thread-specific data (robust list, clean-up handlers,
    /// cancellation).
    fn renewed(
        &self,
        tid: isize,
        specific: &Specific,
        current: Option<isize>,
    ) -> Vec<std::ops::Range<isize>> {
        let mut ranges = Vec::new();
        let mut from = -(self.below as isize);
        let mut words = self.findings.thread_words.clone();
        words.extend(current);
        words.sort_unstable();
        for word in words {
            if from < word {
                ranges.push(from..word);
            }
            from = word + 8;
        }
        if from < 0 {
            ranges.push(from..0);
        }
        let members = (tid + 8) & !7..specific.first_block;
        if members.start < members.end && members.len() < 1024 {
            ranges.push(members);
        }
        ranges
    }
}

/// Where `__rseq_offset` says the restartable-sequences area lies, from FS.
pub(super) fn rseq_area() -> Option<std::ops::Range<isize>> {
    let offset = thread_db::symbol(c"__rseq_offset")?.cast::<isize>();
    let size = thread_db::symbol(c"__rseq_size")?.cast::<u32>();
    // SAFETY: two constants that glibc 2.35 and later export.
    let (offset, size) = unsafe { (offset.read(), size.read()) };
    // Size 0 means that no thread is registered; the area exists all the same.
    Some(offset..offset + size.max(32) as isize)
}

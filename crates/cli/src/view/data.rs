//! What of a trace goes into a page, and in which form. Bounded, whatever the trace: what
//! would be too much is put together, and a note says so.
//!
//! Two parts: a JSON head (texts and figures), and numbers (see `bytes`), in this order:
//! goroutines, their lanes, lanes of processors, groups, levels, sights, regions, tasks,
//! messages. `data.js` reads them.

use super::Options;
use super::bytes::Bytes;
use super::lanes::{self, Lanes, Part, What};
use super::lens::{SIZES, Sight};
use super::levels::{Buckets, KINDS, Levels, Stretch};
use crate::convert::quoted;
use crate::file::Trace;
use crate::model::{Goroutine, Model, State, reason};
use crate::report::{Figures, duration};
use crate::windows::{Run, runs};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{Display, Write};

/// Averages of levels, and of groups, when there is too much for each change.
const LEVELS: usize = 1 << 16;
const GROUP_LEVELS: usize = 1 << 11;

/// Groups of goroutines without a lane, at most.
const GROUPS: usize = 16;

/// Regions, tasks, and messages at most.
const REGIONS: usize = 50_000;
const TASKS: usize = 10_000;
const MESSAGES: usize = 20_000;

/// Whoever has no number because it is nobody, or because it has no lane.
const NOBODY: u64 = 0;
const OTHER: u64 = 1;
const FIRST: u64 = 2;

/// A trace on its way into a page.
pub(crate) struct Data {
    pub(crate) head: String,
    pub(crate) numbers: Bytes,
}

/// Texts that are named by number.
#[derive(Default)]
struct Texts {
    numbers: HashMap<String, u64>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u64;
        self.numbers.insert(text.to_string(), number);
        self.texts.push(text.to_string());
        number
    }
}

struct Builder<'a> {
    trace: &'a Trace,
    model: &'a Model,
    options: &'a Options,
    /// Indices of goroutines with lanes, in order; and for each goroutine its place there.
    shown: Vec<usize>,
    places: Vec<u32>,
    texts: Texts,
    notes: Vec<String>,
    out: Bytes,
}

impl Data {
    pub(crate) fn of(trace: &Trace, model: &Model, options: &Options) -> Data {
        let mut builder = Builder::new(trace, model, options);
        builder.notes_of_the_trace();
        let figures = Figures::of(model);
        let runs = runs(model);
        let limit = builder.limit(&runs, figures.utilisation.len());
        builder.goroutines();
        builder.lanes(limit);
        builder.processors(&runs, figures.utilisation.len(), limit);
        builder.groups();
        builder.levels();
        let sights = SIZES.map(|size| Sight::of(&runs, model.end, size));
        builder.out.number(sights.len() as u64);
        for sight in &sights {
            sight.finish(&mut builder.out);
        }
        builder.annotations();
        Data {
            head: builder.head(&figures, limit),
            numbers: builder.out,
        }
    }
}

impl<'a> Builder<'a> {
    fn new(trace: &'a Trace, model: &'a Model, options: &'a Options) -> Self {
        let mut shown: Vec<usize> = (0..model.goroutines.len())
            .filter(|&index| !model.goroutines[index].spans.is_empty())
            .collect();
        let all = shown.len();
        let mut notes = Vec::new();
        if all > options.lanes {
            let running = |index: &usize| {
                let time =
                    model.goroutines[*index].time(|state| matches!(state, State::Running { .. }));
                (std::cmp::Reverse(time), *index)
            };
            shown.sort_by_cached_key(running);
            shown.truncate(options.lanes);
            shown.sort_unstable();
            notes.push(format!(
                "Of {} goroutines the {} that ran longest have lanes. The others are together, \
                 by where they were made, and they are in all figures and curves.",
                grouped(all),
                grouped(shown.len()),
            ));
        }
        let mut places = vec![u32::MAX; model.goroutines.len()];
        for (place, &index) in shown.iter().enumerate() {
            places[index] = place as u32;
        }
        Builder {
            trace,
            model,
            options,
            shown,
            places,
            texts: Texts::default(),
            notes,
            out: Bytes::default(),
        }
    }

    fn notes_of_the_trace(&mut self) {
        if !self.trace.complete {
            self.notes.push(
                "The trace is incomplete: the program was killed, or still runs.".to_string(),
            );
        }
        if self.trace.unread > 0 {
            self.notes
                .push(format!("{} bytes could not be read.", self.trace.unread));
        }
        if self.trace.lost > 0 {
            self.notes.push(format!(
                "{} events were dropped, since they came faster than they could be written: \
                 the figures are too low.",
                grouped(self.trace.lost)
            ));
        }
    }

    /// The number of a goroutine by its id.
    fn number(&self, id: u64) -> u64 {
        if id == 0 {
            return NOBODY;
        }
        let goroutines = &self.model.goroutines;
        let index = goroutines.binary_search_by_key(&id, |g| g.id);
        index.map_or(OTHER, |index| self.number_at(index))
    }

    fn number_at(&self, index: usize) -> u64 {
        match self.places[index] {
            u32::MAX => OTHER,
            place => u64::from(place) + FIRST,
        }
    }

    /// What a goroutine does.
    fn life(&self, g: &'a Goroutine) -> impl Iterator<Item = Part> {
        g.spans.iter().map(|span| Part {
            start: span.start,
            end: span.end,
            what: match span.state {
                State::Runnable { by } => What::Ready {
                    by: self.number(by),
                },
                State::Running {
                    processor: Some(processor),
                    ..
                } => What::Running { processor },
                State::Running { .. } => What::Outside,
                State::Waiting { site } => What::Waiting { site },
            },
        })
    }

    /// What a processor does, from the begin to the end.
    fn work(&self, runs: &[Run], processor: u32) -> impl Iterator<Item = Part> {
        let mut parts = Vec::new();
        let mut now = 0;
        for run in runs.iter().filter(|run| run.processor == processor) {
            // Clocks of two machines may differ a little when one takes over.
            let (start, end) = (run.start.max(now), run.end.max(now));
            if start == end {
                continue;
            }
            if start > now {
                parts.push(Part {
                    start: now,
                    end: start,
                    what: What::Idle,
                });
            }
            parts.push(Part {
                start,
                end,
                what: What::Turn {
                    goroutine: self.number_at(run.goroutine as usize),
                },
            });
            now = end;
        }
        if now < self.model.end {
            parts.push(Part {
                start: now,
                end: self.model.end,
                what: What::Idle,
            });
        }
        parts.into_iter()
    }

    /// How short a part must be to be put together with others.
    fn limit(&mut self, runs: &[Run], processors: usize) -> u64 {
        let lives = self
            .shown
            .iter()
            .map(|&index| &self.model.goroutines[index]);
        // Idle times are parts, too.
        let all: usize = lives.clone().map(|g| g.spans.len()).sum::<usize>() + 2 * runs.len();
        if all <= self.options.parts {
            return 0;
        }
        let plain = |g: &'a Goroutine| {
            g.spans.iter().map(|span| Part {
                start: span.start,
                end: span.end,
                what: What::Idle,
            })
        };
        let mut limit = 64;
        while limit < self.model.end {
            let mut pieces: usize = lives.clone().map(|g| lanes::count(plain(g), limit)).sum();
            // Few processors have many parts.
            let most = 2 * (self.model.end / limit) as usize + 2;
            pieces += (processors * most).min(2 * runs.len());
            if pieces <= self.options.parts {
                break;
            }
            limit *= 2;
        }
        self.notes.push(format!(
            "There is more than a page can hold: what is shorter than {} is drawn together with \
             what is next to it, with the right share of each state. Figures and totals are exact.",
            duration(limit)
        ));
        limit
    }

    /// Ids, who made them, where; and whether that, and their end, is in the trace.
    fn goroutines(&mut self) {
        self.out.number(self.shown.len() as u64);
        let mut last = 0;
        for &index in &self.shown {
            let g = &self.model.goroutines[index];
            self.out.number(g.id - last);
            last = g.id;
            let creator = self.number(g.creator);
            self.out.number(creator);
            self.out.number(u64::from(g.site));
            let flags = u8::from(g.created.is_some()) | u8::from(g.ended.is_some()) << 1;
            self.out.byte(flags);
        }
    }

    fn lanes(&mut self, limit: u64) {
        let mut lanes = Lanes::default();
        for &index in &self.shown {
            lanes.add(self.life(&self.model.goroutines[index]), limit);
        }
        lanes.finish(&mut self.out);
    }

    fn processors(&mut self, runs: &[Run], count: usize, limit: u64) {
        let mut lanes = Lanes::default();
        for processor in 0..count {
            lanes.add(self.work(runs, processor as u32), limit);
        }
        lanes.finish(&mut self.out);
    }

    /// Goroutines without a lane, by where they were made.
    fn groups(&mut self) {
        let mut sites: BTreeMap<u32, u64> = BTreeMap::new();
        let others = || {
            let all = self.model.goroutines.iter().enumerate();
            all.filter(|(index, g)| self.places[*index] == u32::MAX && !g.spans.is_empty())
        };
        for (_, g) in others() {
            *sites.entry(g.site).or_default() += 1;
        }
        let mut by_count: Vec<(u32, u64)> = sites.into_iter().collect();
        by_count.sort_by_key(|(site, count)| (std::cmp::Reverse(*count), *site));
        // The last stands for all the rest.
        let mut groups: Vec<(u32, u64)> = Vec::new();
        for (site, count) in by_count {
            if groups.len() < GROUPS {
                groups.push((site, count));
            } else if let Some(last) = groups.last_mut() {
                *last = (0, last.1 + count);
            }
        }
        self.out.number(groups.len() as u64);
        for (position, (site, count)) in groups.iter().enumerate() {
            let rest = position + 1 == groups.len() && groups.len() == GROUPS;
            let named = |s: u32| groups.iter().any(|(site, _)| *site == s);
            let mut buckets = Buckets::new(self.model.end, GROUP_LEVELS);
            for (_, g) in others() {
                if g.site == *site || (rest && !named(g.site)) {
                    for span in &g.spans {
                        buckets.add(span.start, span.end, kind(span.state), 1.0);
                    }
                }
            }
            self.out.number(u64::from(*site));
            self.out.number(*count);
            let levels = Levels {
                steps: buckets.averages().collect(),
                exact: false,
            };
            levels.finish(&mut self.out);
        }
    }

    fn levels(&mut self) {
        let spans: usize = self.model.goroutines.iter().map(|g| g.spans.len()).sum();
        let stretches = || {
            let spans = self.model.goroutines.iter().flat_map(|g| &g.spans);
            spans.map(|span| -> Stretch { (span.start, span.end, kind(span.state)) })
        };
        let levels = if spans <= self.options.parts {
            Levels::exact(stretches())
        } else {
            Levels::averages(stretches(), self.model.end, LEVELS)
        };
        levels.finish(&mut self.out);
    }

    fn annotations(&mut self) {
        self.regions();
        self.tasks();
        self.messages();
    }

    /// Goroutine, task, name, begin, length.
    fn regions(&mut self) {
        let mut regions: Vec<_> = self
            .shown
            .iter()
            .enumerate()
            .flat_map(|(place, &index)| {
                let g = &self.model.goroutines[index];
                g.regions.iter().map(move |region| (place, region))
            })
            .collect();
        if regions.len() > REGIONS {
            self.cut("regions", regions.len(), REGIONS, "longest");
            regions.sort_by_key(|(_, region)| std::cmp::Reverse(region.end - region.start));
            regions.truncate(REGIONS);
            regions.sort_by_key(|(place, region)| (*place, region.start));
        }
        self.out.number(regions.len() as u64);
        for (place, region) in regions {
            let name = self.texts.number(&region.name);
            for number in [
                place as u64,
                region.task,
                name,
                region.start,
                region.end - region.start,
            ] {
                self.out.number(number);
            }
        }
    }

    /// Number, parent, name, begin, length.
    fn tasks(&mut self) {
        let mut tasks: Vec<_> = self.model.tasks.iter().collect();
        if tasks.len() > TASKS {
            self.cut("tasks", tasks.len(), TASKS, "longest");
            tasks.sort_by_key(|task| std::cmp::Reverse(task.end.saturating_sub(task.start)));
            tasks.truncate(TASKS);
            tasks.sort_by_key(|task| task.start);
        }
        self.out.number(tasks.len() as u64);
        for task in tasks {
            let name = self.texts.number(&task.name);
            let length = task.end.saturating_sub(task.start);
            for number in [task.id, task.parent, name, task.start, length] {
                self.out.number(number);
            }
        }
    }

    /// Time, goroutine, task, category, text.
    fn messages(&mut self) {
        let messages = &self.model.messages;
        if messages.len() > MESSAGES {
            self.cut("messages", messages.len(), MESSAGES, "first");
        }
        let count = messages.len().min(MESSAGES);
        self.out.number(count as u64);
        for message in &messages[..count] {
            let goroutine = self.number(message.goroutine);
            let category = self.texts.number(&message.category);
            let text = self.texts.number(&message.text);
            for number in [message.time, goroutine, message.task, category, text] {
                self.out.number(number);
            }
        }
    }

    fn cut(&mut self, what: &str, all: usize, kept: usize, which: &str) {
        self.notes.push(format!(
            "Of {} {what} only the {which} {} are shown.",
            grouped(all),
            grouped(kept)
        ));
    }

    fn head(&self, figures: &Figures, limit: u64) -> String {
        let mut json = Object::default();
        let information = |key: &str| self.trace.information.get(key).map_or("", String::as_str);
        json.text("program", information("program"));
        json.text("arguments", information("arguments"));
        if let Some(title) = &self.options.title {
            json.text("title", title);
        }
        json.plain("compact", self.options.compact);
        json.plain("end", self.model.end);
        json.plain("events", self.model.events);
        json.plain("threads", self.model.machines);
        json.plain("limit", limit);
        let made = self.model.goroutines.iter().filter(|g| g.created.is_some());
        json.plain("made", made.count());
        json.plain("goroutines", self.model.goroutines.len());
        json.plain("wakes", self.model.wakes.len());
        let by_others = self.model.wakes.iter().filter(|wake| wake.from != 0);
        json.plain("wakesByOthers", by_others.count());
        json.plain("duration", figures.duration);
        json.plain("alive", figures.alive);
        json.plain("mostAlive", figures.most_alive);
        json.plain("ready", figures.runnable);
        json.plain("waiting", figures.waiting);
        json.plain("outside", figures.outside);
        json.plain("parallelism", figures.parallelism);
        json.plain("utilisation", list(figures.utilisation.iter()));
        json.plain("busy", list(figures.busy.iter()));
        json.plain("notes", list(self.notes.iter().map(|note| quoted(note))));
        json.plain("texts", list(self.texts.texts.iter().map(|t| quoted(t))));
        let named = self.shown.iter().enumerate().filter_map(|(place, &index)| {
            let name = self.model.goroutines[index].name.as_ref()?;
            Some(format!("[{place},{}]", quoted(name)))
        });
        json.plain("names", list(named));
        let place = |place: &Option<crate::file::Location>| match place {
            Some(place) => quoted(&place.to_string()),
            None => "\"\"".to_string(),
        };
        let sites = self.trace.sites.iter().map(|site| {
            format!(
                "[{},{},{}]",
                quoted(if site.place.is_none() || !site.reason.is_empty() {
                    reason(site)
                } else {
                    ""
                }),
                place(&site.place),
                place(&site.origin)
            )
        });
        json.plain("sites", list(sites));
        // Nothing in it may end the element that it is in.
        json.finish().replace('<', "\\u003c")
    }
}

fn kind(state: State) -> usize {
    const {
        assert!(KINDS == 4);
    }
    match state {
        State::Running {
            processor: Some(_), ..
        } => 0,
        State::Running { .. } => 1,
        State::Runnable { .. } => 2,
        State::Waiting { .. } => 3,
    }
}

/// Digits in groups of three.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn list(values: impl Iterator<Item = impl Display>) -> String {
    let mut text = String::from("[");
    for value in values {
        if text.len() > 1 {
            text.push(',');
        }
        let _ = write!(text, "{value}");
    }
    text.push(']');
    text
}

#[derive(Default)]
struct Object(String);

impl Object {
    fn plain(&mut self, key: &str, value: impl Display) {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}\n\"{key}\":{value}");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.plain(key, quoted(value));
    }

    fn finish(self) -> String {
        format!("{{{}\n}}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn lists_and_objects_are_json() {
        let mut object = Object::default();
        object.plain("a", list([1.5, 2.0].iter()));
        object.text("b", "x\"y");
        let value: serde_json::Value = serde_json::from_str(&object.finish()).unwrap();
        assert_eq!(value["a"][0], 1.5);
        assert_eq!(value["b"], "x\"y");
    }
}

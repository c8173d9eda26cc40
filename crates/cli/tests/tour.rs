//! The tour, as its users run it: each program says and does what its chapter is about,
//! and what is shown is well made.

use roxmltree::{Document, Node, ParsingOptions};
use sortie_cli::file::Trace;
use sortie_cli::model::{Model, State};
use sortie_cli::report::{Figures, windows};
use sortie_cli::tour::chapter::{Processors, Run};
use sortie_cli::tour::chapters;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

fn sortie() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sortie"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// A folder of this process, as long as it is used.
struct Folder(PathBuf);

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let name = format!("tour-{}-{name}", std::process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Programs whose parallelism is looked at run one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of a program.
struct Ran {
    lines: Vec<String>,
    status: i32,
    trace: Trace,
    model: Model,
    figures: Figures,
}

impl Ran {
    /// The lines in an order of their own.
    fn sorted(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.sort_unstable();
        lines
    }

    fn line(&self, number: usize) -> &str {
        self.lines.get(number).map_or("", String::as_str)
    }

    /// Goroutines that wait for this at the end.
    fn waiting_for(&self, reason: &str) -> usize {
        let waits = self.model.goroutines.iter().filter(|g| {
            let last = g.spans.last().map(|span| span.state);
            g.ended.is_none()
                && matches!(last, Some(State::Waiting { site }) if self.trace.site(site).reason == reason)
        });
        waits.count()
    }
}

/// Runs a program of the tour as the tour does, with what others are told by the environment
/// left out.
fn run(name: &str, processors: usize) -> Ran {
    let folder = folder(&format!("{name}-{processors}"));
    let file = folder.join("trace");
    let output = sortie()
        .args(["tour", "--run-program", name])
        .env("SORTIE_TRACE", &file)
        .env("SORTIE_MAXPROCS", processors.to_string())
        .env_remove("GOMAXPROCS")
        .output()
        .unwrap();
    let trace = Trace::read(&std::fs::read(&file).unwrap()).unwrap();
    assert!(trace.complete, "{name}");
    assert_eq!((trace.unread, trace.lost), (0, 0), "{name}");
    let model = Model::of(&trace);
    assert_eq!(model.contradictions, 0, "{name}");
    let figures = Figures::of(&model);
    assert!(
        figures.parallelism <= processors as f64 + 1e-9,
        "{name}: {}",
        figures.parallelism
    );
    let mut lines = text(&output.stdout);
    lines.push_str(&text(&output.stderr));
    Ran {
        lines: lines.lines().map(str::to_string).collect(),
        status: output.status.code().unwrap(),
        trace,
        model,
        figures,
    }
}

/// Runs a program that ends well, and has made so many goroutines, with main.
fn good(name: &str, processors: usize, goroutines: usize) -> Ran {
    let ran = run(name, processors);
    assert_eq!(ran.status, 0, "{name}: {:?}", ran.lines);
    assert_eq!(ran.model.goroutines.len(), goroutines, "{name}");
    ran
}

/// The first number in a text.
fn number(text: &str) -> u64 {
    let digits = text
        .split(|c: char| !c.is_ascii_digit())
        .find(|part| !part.is_empty());
    digits
        .unwrap_or_else(|| panic!("no number in {text:?}"))
        .parse()
        .unwrap()
}

#[test]
fn one_p_is_never_two() {
    let _alone = alone();
    let cook = good("concurrency", 1, 4);
    assert_eq!(cook.lines.len(), 9 + 3 + 1);
    assert_eq!(
        cook.lines
            .iter()
            .filter(|line| line.ends_with("is ready"))
            .count(),
        3
    );
    // Steps of different dishes are mixed: they were concurrent.
    assert!(cook.figures.alive > 2.5, "{}", cook.figures.alive);
    assert!(
        cook.figures.parallelism < 0.5,
        "{}",
        cook.figures.parallelism
    );
    assert!(number(cook.line(12)) >= 60);

    let primes = good("parallelism", 1, 3);
    assert_eq!(primes.line(0), "33860 primes below 400 000");
    assert!(primes.line(1).ends_with("GOMAXPROCS 1"));
    for size in [100, 20, 5, 1] {
        let seen = windows(&primes.model, size * 1_000_000);
        assert!(seen.iter().all(|window| window.overlapped == 0));
    }
    assert_eq!(primes.figures.busy.iter().skip(2).sum::<u64>(), 0);

    let fetched = good("io_bound", 1, 41);
    assert!(fetched.line(0).starts_with("20 pages in "));
    // All wait at the same time.
    assert!(fetched.figures.most_alive >= 40);

    let lost = good("lost_updates", 1, 101);
    let made = lost
        .line(0)
        .rsplit(' ')
        .next()
        .unwrap()
        .parse::<u64>()
        .unwrap();
    assert!((1..100).contains(&made), "{made}");
}

#[test]
fn more_ps_overlap() {
    let _alone = alone();
    let primes = good("parallelism", 2, 3);
    assert_eq!(primes.line(0), "33860 primes below 400 000");
    let both = *primes.figures.busy.get(2).unwrap();
    assert!(both > 0, "{:?}", primes.figures);
    let images = good("cpu_bound", 2, 9);
    assert!(images.line(0).starts_with("8 images in "));
    let changed = good("gomaxprocs", 2, 9);
    assert!(changed.line(0).starts_with("GOMAXPROCS 1: "));
    assert!(changed.line(1).starts_with("GOMAXPROCS 2: "));
    let counts: Vec<u64> = changed
        .model
        .max_procs
        .iter()
        .map(|(_, count)| *count)
        .collect();
    assert_eq!(counts, [2, 1, 2]);
    // While there was one P, never were there two at work.
    let (from, to) = (changed.model.max_procs[1].0, changed.model.max_procs[2].0);
    let other =
        |turn: &&sortie_cli::model::Turn| turn.processor == 1 && turn.start > from && turn.end < to;
    assert_eq!(changed.model.turns().iter().filter(other).count(), 0);
    let stolen = good("stealing", 2, 65);
    assert!(stolen.model.steals > 0);
    assert_eq!(stolen.line(0), "64 goroutines on 2 Ps");
    let squares = good("fan_out_fan_in", 2, 5);
    let expected: Vec<u64> = (2..=25).map(|n| n * n).collect();
    assert_eq!(squares.line(0), format!("{expected:?}"));
    for processors in [1, 2, 4] {
        let amdahl = good("amdahl", processors, 17);
        assert!(amdahl.line(0).ends_with(&format!("on {processors}")));
    }
}

#[test]
fn goroutines_live_and_die_as_told() {
    let _alone = alone();
    let many = good("goroutines", 2, 10_001);
    // Beside others the first may wake before the last is made.
    assert!(
        many.figures.most_alive > 2_000,
        "{}",
        many.figures.most_alive
    );
    assert!(many.line(0).ends_with(" goroutines are alive"));
    assert!(number(many.line(0)) <= many.figures.most_alive);
    assert!(
        many.line(2).starts_with("their sum is 50005000,"),
        "{:?}",
        many.lines
    );
    assert!(many.model.machines < 20);

    let exits = good("main_exits", 2, 2);
    assert_eq!(exits.lines, ["main returns"]);
    assert!(exits.model.goroutines[1].ended.is_none());
    let waits = good("main_waits", 2, 2);
    assert_eq!(waits.lines, ["hello from the goroutine", "main returns"]);
    assert!(waits.model.goroutines[1].ended.is_some());

    // The watcher of threads needs a CPU in time, and others may have it.
    let held_up = (0..10).all(|_| {
        let blocked = good("hand_off", 1, 3);
        assert_eq!(blocked.lines.len(), 6);
        // The one that blocks its thread does not hold up the other.
        let last = blocked.lines.last().unwrap() == "the blocked one is back";
        let Ran { model, figures, .. } = blocked;
        !last || model.handoffs < 1 || model.machines < 2 || figures.outside < 0.3
    });
    assert!(!held_up, "ten times in a row");
}

#[test]
fn channels_do_as_told() {
    let halves = good("channels", 2, 3);
    assert!(["17 and -5 make 12", "-5 and 17 make 12"].contains(&halves.line(0)));
    let buffered = good("buffering", 2, 2);
    assert_eq!(buffered.lines.len(), 12);
    let position = |what: &str| {
        buffered
            .lines
            .iter()
            .position(|line| line.starts_with(what))
    };
    assert!(position("sent 3") < position("    received 1"));
    assert!(number(&buffered.lines[position("sent 4").unwrap()][6..]) >= 20);
    let closed = good("closing", 2, 2);
    assert_eq!(
        closed.lines,
        [
            "sending:   Err(SendError(..))",
            "receiving: Ok(\"first\")",
            "receiving: Ok(\"second\")",
            "receiving: Err(RecvError)",
            "the loop's sum: 10"
        ]
    );
    let selected = good("selecting", 2, 3);
    assert_eq!(selected.line(0), "nothing yet");
    assert_eq!(selected.lines.last().unwrap(), "time-out");
    let piped = good("pipeline", 2, 4);
    assert_eq!(piped.lines, ["[1, 5, 14, 30, 55, 91, 140, 204]"]);
    let pool = good("worker_pool", 2, 4);
    assert_eq!(pool.lines.len(), 6);
    assert_eq!(pool.lines.last().unwrap(), "results: [2, 4, 6, 8, 10]");
    let factory = good("producer_consumer", 2, 5);
    let parcels: BTreeSet<&str> = factory
        .lines
        .iter()
        .flat_map(|line| line.split('"'))
        .collect();
    for parcel in ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"] {
        assert!(parcels.contains(parcel), "{parcel} in {:?}", factory.lines);
    }
}

#[test]
fn shared_memory_is_guarded_or_goes_wrong_as_told() {
    let grouped = good("wait_group", 2, 6);
    assert_eq!(grouped.lines.last().unwrap(), "all are done");
    assert_eq!(
        grouped.sorted()[..5],
        [1, 2, 3, 4, 5].map(|n| format!("{n} is done"))
    );
    let counted = good("mutex", 2, 9);
    assert_eq!(counted.lines, ["8 goroutines, 1000 increments each: 8000"]);
    let fixed = good("race_fixes", 2, 302);
    assert_eq!(fixed.lines.len(), 3);
    assert!(
        fixed
            .lines
            .iter()
            .all(|line| line.ends_with("100 increments make 100"))
    );
    let atomic = good("atomics", 2, 9);
    assert_eq!(atomic.lines.last().unwrap(), "400000 and 400000");
    let eaten = good("lock_order", 2, 3);
    assert_eq!(
        eaten.sorted(),
        [
            "one eats with fork and knife",
            "two eats with fork and knife"
        ]
    );
    let polite = good("livelock", 2, 3);
    assert_eq!(
        polite.sorted(),
        [
            "Alice gives up after 200 attempts",
            "Barbara gives up after 200 attempts"
        ]
    );
    let starved = good("starvation", 2, 3);
    assert!(starved.line(0).starts_with("greedy did its work "));
    assert!(number(starved.line(0)) + number(starved.line(1)) > 0);
    // The end of its time makes a goroutine, too.
    let cancelled = good("contexts", 2, 4);
    assert!(cancelled.sorted().iter().any(|line| {
        line.starts_with("its query stops") && line.ends_with("context deadline exceeded")
    }));
    assert!(cancelled.sorted().iter().any(|line| {
        line.starts_with("the request stops") && line.ends_with("context canceled")
    }));
    let tallied = good("channel_or_mutex", 2, 4);
    assert_eq!(tallied.lines, ["1 a", "2 cat", "1 dog", "1 end", "3 the"]);
}

#[test]
fn a_deadlock_is_one() {
    let stuck = run("deadlock", 2);
    assert_eq!(stuck.status, 2);
    assert!(
        stuck
            .lines
            .iter()
            .any(|line| line.contains("all goroutines are asleep - deadlock!"))
    );
    assert_eq!(stuck.waiting_for("sync.Mutex.Lock"), 2);
    assert_eq!(stuck.waiting_for("scope"), 1);
}

#[test]
fn the_server_answers() {
    let served = run("web_server", 2);
    assert_eq!(
        served.lines,
        ["100 answers; the first: you asked for /users/1"]
    );
    // Main, a hundred users, who serves, and one for each connection.
    assert_eq!(served.model.goroutines.len(), 202);
    assert!(served.figures.most_alive > 100);
}

#[test]
fn the_list_has_all_chapters_and_programs_are_all_used() {
    let output = sortie().args(["tour", "--list"]).output().unwrap();
    assert!(output.status.success());
    let list = text(&output.stdout);
    assert!(!list.contains('\x1b'), "no colours in a pipe");
    let mut used = BTreeSet::new();
    let mut names = BTreeSet::new();
    for chapter in chapters::all() {
        assert!(list.contains(chapter.name) && list.contains(chapter.title));
        assert!(names.insert(chapter.name), "{} twice", chapter.name);
        assert_eq!(chapter.text.matches('`').count() % 2, 0, "{}", chapter.name);
        assert_eq!(chapter.look.matches('`').count() % 2, 0, "{}", chapter.name);
        used.extend(chapter.runs.iter().map(|run: &Run| run.program.name));
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tour/chapters");
    let files: BTreeSet<String> = std::fs::read_dir(sources)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .filter(|name| name != "mod")
        .collect();
    assert_eq!(files, used.into_iter().map(str::to_string).collect());
}

#[test]
fn what_the_compiler_says_is_what_it_says_to_the_tests_of_the_runtime() {
    // There it is compared with what the compiler says now.
    let tested = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sortie/tests/soundness/ui");
    let shown = chapters::all().find_map(|chapter| chapter.refused).unwrap();
    let read = |name: &str| std::fs::read_to_string(tested.join(name)).unwrap();
    assert_eq!(shown.source, read("scope_data_race.rs"));
    assert_eq!(shown.message, read("scope_data_race.stderr"));
}

#[test]
fn processors_are_as_many_as_there_are() {
    assert_eq!(Processors::All.count(1), 1);
    assert_eq!(Processors::All.count(4), 4);
    assert_eq!(Processors::All.count(1000), 8);
    let amdahl = chapters::all()
        .find(|chapter| chapter.name == "amdahl")
        .unwrap();
    let on = |cpus| -> Vec<usize> {
        let runs = amdahl.runs(cpus).into_iter();
        runs.map(|run| run.processors.count(cpus)).collect()
    };
    assert_eq!(
        [on(1), on(2), on(6), on(64)],
        [vec![1], vec![1, 2], vec![1, 2, 4, 6], vec![1, 2, 4, 8]]
    );
}

fn tour(arguments: &[&str], folder: &Path) -> Output {
    let mut command = sortie();
    command
        .arg("tour")
        .args(arguments)
        .arg("--html")
        .arg(folder);
    command.output().unwrap()
}

/// A page, which has to be well-formed XML but for its script.
fn with_page(path: &Path, look: impl FnOnce(&Document<'_>)) {
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<script>").unwrap();
    let (script, after) = rest.split_once("</script>").unwrap();
    assert!(!script.contains("http") && !before.contains("@import"));
    let page = format!("{before}{after}");
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(&page, options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    look(&document);
}

/// Nothing is loaded, and links lead to what is there.
fn check_links(folder: &Path, document: &Document<'_>) {
    let mut ids = BTreeSet::new();
    for node in document.descendants().filter(Node::is_element) {
        assert!(node.attribute("src").is_none(), "{:?}", node.tag_name());
        assert!(!["link", "script", "img", "iframe"].contains(&node.tag_name().name()));
        if let Some(id) = node.attribute("id") {
            assert!(ids.insert(id), "{id} twice");
        }
        if let Some(target) = node.attribute("href") {
            match target.strip_prefix('#') {
                Some(id) => assert!(
                    document
                        .descendants()
                        .any(|n| n.attribute("id") == Some(id))
                ),
                None => assert!(folder.join(target).is_file(), "{target}"),
            }
        }
    }
}

#[test]
fn the_whole_tour_ends_with_a_report_and_a_page() {
    let _alone = alone();
    let folder = folder("whole");
    let output = tour(&[], &folder);
    let said = text(&output.stdout);
    assert!(
        output.status.success(),
        "{}\n{}",
        said,
        text(&output.stderr)
    );
    assert!(!said.contains('\x1b'), "no colours in a pipe");
    for (chapter, number) in chapters::all().zip(1..) {
        assert!(
            said.contains(&format!("\n{number}. {}", chapter.title)),
            "{}",
            chapter.name
        );
    }
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert!(said.contains("exit status 2"));
    assert_eq!(said.contains("Serial fraction"), cpus > 1);
    assert_eq!(said.contains("nothing to compare"), cpus == 1);
    let report = said.find("Concurrency of the program").unwrap();
    assert!(said[report..].contains("Critical path"));
    let index = folder.canonicalize().unwrap().join("index.html");
    assert!(said.trim_end().ends_with(index.to_str().unwrap()));

    let names: Vec<String> = chapters::all()
        .map(|c| format!("{}.html", c.name))
        .collect();
    with_page(&index, |document| {
        check_links(&folder, document);
        let linked: BTreeSet<&str> = document
            .descendants()
            .filter_map(|node| node.attribute("href"))
            .collect();
        assert!(names.iter().all(|name| linked.contains(name.as_str())));
    });
    for (chapter, name) in chapters::all().zip(&names) {
        with_page(&folder.join(name), |document| {
            check_links(&folder, document);
            let count = |class: &str| {
                document
                    .descendants()
                    .filter(|node| node.attribute("class") == Some(class))
                    .count()
            };
            let runs = chapter.runs(cpus).len();
            assert_eq!(
                (count("timeline"), count("figures")),
                (runs, runs),
                "{name}"
            );
            // The code is all there.
            let shown: String = document
                .descendants()
                .filter(|node| node.attribute("class") == Some("line"))
                .flat_map(|line| line.descendants().filter(Node::is_text))
                .filter_map(|text| text.text())
                .collect();
            for run in chapter.runs {
                let source: String = run.program.source.lines().collect();
                assert!(shown.contains(&source), "{name}: {}", run.program.name);
            }
        });
    }
}

#[test]
fn chapters_are_chosen_by_name_and_number() {
    let folder = folder("chosen");
    let output = tour(&["wait_group", "10", "10"], &folder);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("10. Closing a channel") && said.contains("12. Waiting for a group"));
    assert_eq!(said.matches("▶").count(), 2);
    assert!(said.contains("sortie report ") && folder.join("closing.html").is_file());
    assert!(!folder.join("mutex.html").exists());
    with_page(&folder.join("index.html"), |document| {
        check_links(&folder, document)
    });
}

#[test]
fn colours_are_for_those_who_see_them() {
    let folder = folder("colours");
    let said = |variable: &str| {
        let output = sortie()
            .args(["tour", "closing", "--html"])
            .arg(&*folder)
            .env(variable, "1")
            .output()
            .unwrap();
        text(&output.stdout)
    };
    assert!(said("CLICOLOR_FORCE").contains("\x1b[35mfn\x1b[0m"));
    assert!(!said("NO_COLOR").contains('\x1b'));
}

#[test]
fn mistakes_and_failures_are_told() {
    let folder = folder("mistakes");
    let output = tour(&["nothing"], &folder);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no chapter nothing"));
    assert!(text(&output.stderr).contains("--list"));
    // Where the trace belongs there is a folder, so the program does not run.
    std::fs::create_dir_all(folder.join("traces/closing-1.trace")).unwrap();
    let output = tour(&["closing", "wait-group"], &folder);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("chapter closing") && said.contains("failed: closing"),
        "{said}"
    );
    // The other one is there all the same.
    assert!(text(&output.stdout).contains("all are done"));
    with_page(&folder.join("index.html"), |document| {
        let texts = document.descendants().filter_map(|node| node.text());
        assert!(
            texts
                .into_iter()
                .any(|text| text == "did not run to its end")
        );
    });
    // No folder can be made below a file.
    let file = folder.join("file");
    std::fs::write(&file, "").unwrap();
    let output = tour(&["closing"], &file.join("site"));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("site"),
        "{}",
        text(&output.stderr)
    );
}

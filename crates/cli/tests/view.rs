//! Pages of traced programs, as far as that can be told without a browser; `.ci/browser`
//! opens some.

#[allow(dead_code, reason = "other tests have more use for it")]
mod common;

use common::{Memory, alone};
use sortie::{runtime, trace};
use sortie_cli::file::Trace;
use sortie_cli::model::Model;
use sortie_cli::report::Figures;
use sortie_cli::view::{Options, page};
use std::path::Path;
use std::process::{Command, Output};

fn traced(program: impl FnOnce() + Send) -> Vec<u8> {
    let _alone = alone();
    runtime::set_max_procs(2);
    let memory = Memory::default();
    trace::start(memory.clone()).unwrap();
    sortie::run(program);
    trace::stop().unwrap();
    memory.0.lock().unwrap().clone()
}

/// Many goroutines that wake each other, with what users write into a trace.
fn busy() {
    let task = trace::Task::new("</script><script>alert(1)</script>");
    let thread = std::thread::spawn(|| {
        let _region = trace::region("of a thread");
        trace::log("thread", "no goroutine");
    });
    thread.join().unwrap();
    sortie::scope(|s| {
        for _ in 0..100 {
            let task = &task;
            s.go(move || {
                let _region = task.region("<!-- & \u{2028} \"quoted\" \\");
                trace::log("</script>", "]]> {{head}} {{scripts}}");
                let (sender, receiver) = sortie::chan::bounded(0);
                sortie::go(move || (0..50).for_each(|i| sender.send(i).unwrap()));
                assert_eq!(receiver.iter().count(), 50);
            });
        }
    });
}

fn read(bytes: &[u8]) -> (Trace, Model) {
    let trace = Trace::read(bytes).unwrap();
    let model = Model::of(&trace);
    (trace, model)
}

fn head(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"head\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_page_says_what_the_report_says_and_needs_nothing_else() {
    let (trace, model) = read(&traced(busy));
    let page = page(&trace, &model, &Options::default());
    let (head, figures) = (head(&page), Figures::of(&model));
    assert_eq!(head["notes"].as_array().unwrap().len(), 0);
    assert_eq!(head["events"].as_u64(), Some(model.events));
    for (name, figure) in [
        ("parallelism", figures.parallelism),
        ("alive", figures.alive),
    ] {
        let shown = head[name].as_f64().unwrap();
        // The parser may be off in the last digit.
        assert!((shown - figure).abs() <= 1e-12 * figure, "{name}: {shown}");
    }
    assert_eq!(head["mostAlive"].as_u64(), Some(figures.most_alive));
    assert_eq!(head["wakes"].as_u64(), Some(model.wakes.len() as u64));
    let texts = head["texts"].as_array().unwrap();
    for text in [
        "<!-- & \u{2028} \"quoted\" \\",
        "</script>",
        "]]> {{head}} {{scripts}}",
        "of a thread",
        "no goroutine",
    ] {
        assert!(texts.iter().any(|t| t == text), "{texts:?}");
    }
    // Texts of the program end no element: there are the three of the page.
    assert_eq!(page.matches("</script>").count(), 3);
    assert_eq!(page.matches("<script").count(), 3);
    for from_elsewhere in ["src=", "@import", "http://", "https://", "url(", "fetch("] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[test]
fn a_page_is_bounded_and_says_what_it_leaves_out() {
    let (trace, model) = read(&traced(busy));
    let whole = page(&trace, &model, &Options::default());
    let options = Options {
        lanes: 10,
        parts: 100,
        ..Options::default()
    };
    let small = page(&trace, &model, &options);
    assert!(small.len() < whole.len());
    let notes = head(&small)["notes"].to_string();
    assert!(
        notes.contains("the 10 that ran longest have lanes"),
        "{notes}"
    );
    assert!(notes.contains("is drawn together"), "{notes}");
    assert_eq!(head(&small)["alive"], head(&whole)["alive"]);
}

#[test]
fn a_trace_that_was_cut_off_makes_a_page_that_says_so() {
    let bytes = traced(busy);
    for length in [12, bytes.len() / 2, bytes.len() - 1] {
        let (trace, model) = read(&bytes[..length]);
        let page = page(&trace, &model, &Options::default());
        let notes = head(&page)["notes"].to_string();
        assert!(notes.contains("The trace is incomplete"), "{notes}");
    }
}

#[test]
fn titles_are_text() {
    let (trace, model) = read(&traced(|| ()));
    let options = Options {
        title: Some("a < b & \"c\"".to_string()),
        compact: true,
        ..Options::default()
    };
    let page = page(&trace, &model, &options);
    assert!(page.contains("<h1>a &lt; b &amp; &quot;c&quot;</h1>"));
    assert!(page.contains("<body class=\"compact\">"));
    assert_eq!(head(&page)["title"], "a < b & \"c\"");
}

fn sortie(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sortie"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn the_command_prints_where_the_page_is() {
    let folder = std::env::temp_dir().join(format!("sortie-view-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bytes = traced(busy);
    std::fs::write(folder.join("a.trace"), &bytes).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let made = sortie(&folder, &["view", "a.trace"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(text(&made.stdout), "a.html\n");
    assert!(
        std::fs::read_to_string(folder.join("a.html"))
            .unwrap()
            .starts_with("<!doctype html>")
    );
    let made = sortie(
        &folder,
        &[
            "view", "a.trace", "-o", "b.html", "--lanes", "3", "--parts", "50",
        ],
    );
    assert_eq!(text(&made.stdout), "b.html\n");
    assert!(
        std::fs::read_to_string(folder.join("b.html"))
            .unwrap()
            .contains("the 3 that ran longest")
    );
    // What cannot be: the trace is kept, and the message says what to do.
    for (arguments, message) in [
        (
            &["view", "a.trace", "-o", "a.trace"][..],
            "say with -o where to write it",
        ),
        (
            &["view", "a.trace", "-o", "./a.trace"],
            "say with -o where to write it",
        ),
        (&["view", "no.trace"], "no.trace: "),
        (
            &["view", "a.html", "-o", "c.html"],
            "this is no trace of sortie",
        ),
        (&["view", "a.trace", "-o", "no/b.html"], "no/b.html: "),
        (&["view", "a.trace", "--lanes", "0"], "--lanes"),
    ] {
        let refused = sortie(&folder, arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(
            text(&refused.stderr).contains(message),
            "{}",
            text(&refused.stderr)
        );
    }
    assert_eq!(std::fs::read(folder.join("a.trace")).unwrap(), bytes);
    std::fs::remove_dir_all(&folder).unwrap();
}

//! The live view: drawing figures on a terminal.

use super::figures::{Figures, Order, bytes, short};
use super::plain;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table};

/// What is shown.
#[derive(Debug, Clone)]
pub struct View {
    /// The program's name, or whatever the user called it.
    pub title: String,
    /// The latest figures; none before the second sample.
    pub figures: Option<Figures>,
    /// Whether it stays as it is.
    pub paused: bool,
    /// How places are ordered.
    pub order: Order,
    /// The first place that is shown.
    pub scroll: usize,
    /// What went wrong.
    pub problem: Option<String>,
}

/// Columns of a bar.
const BAR: usize = 20;
/// Goroutines in a processor's queue at most.
const QUEUE: u64 = 257;

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, view: &View) {
    let Some(figures) = &view.figures else {
        let text = match &view.problem {
            Some(problem) => problem.clone(),
            None => format!("{}: taking two samples ...", view.title),
        };
        frame.render_widget(Paragraph::new(text), frame.area());
        return;
    };
    let now = &figures.now;
    let height = |rows: usize| rows as u16;
    // Processors and reasons share the room, up to a third of it.
    let most = usize::from(frame.area().height / 3).max(3);
    let middle = (1 + now.procs.len().max(now.waits.len())).clamp(3, most);
    let [top, middle, places, bottom] = Layout::vertical([
        Constraint::Length(7),
        Constraint::Length(height(middle)),
        Constraint::Min(2),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(summary(view, figures)), top);
    let [left, right] =
        Layout::horizontal([Constraint::Min(54), Constraint::Length(36)]).areas(middle);
    frame.render_widget(processors(figures), left);
    frame.render_widget(reasons(figures), right);
    frame.render_widget(wait_places(view, figures, places), places);
    frame.render_widget(Paragraph::new(keys(view)), bottom);
}

fn head() -> Style {
    Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
}

fn label(text: &str) -> Span<'static> {
    Span::styled(
        format!("{text:<13}"),
        Style::new().add_modifier(Modifier::BOLD),
    )
}

fn summary(view: &View, figures: &Figures) -> Vec<Line<'static>> {
    let now = &figures.now;
    let mut first = vec![
        Span::styled(view.title.clone(), Style::new().bold()),
        Span::raw(format!(
            "  every {:.1} s  {} resident",
            figures.seconds(),
            bytes(now.resident_memory)
        )),
    ];
    if view.paused {
        first.push(Span::styled("  paused", Style::new().bold().yellow()));
    }
    if let Some(problem) = &view.problem {
        first.push(Span::styled(
            format!("  {problem}"),
            Style::new().bold().red(),
        ));
    }
    let rate = |count| short(figures.rate(count));
    vec![
        Line::from(first),
        states(figures),
        Line::from(vec![
            label("parallelism"),
            bar(figures.parallelism(), now.max_procs as f64, Color::Green),
            Span::raw(format!(
                " {:.2} of {} processors; {} threads, {} asleep, {} searching",
                figures.parallelism(),
                now.max_procs,
                now.threads,
                now.idle_threads,
                now.searching_threads
            )),
        ]),
        Line::from(vec![label("latency"), Span::raw(plain::latency(figures))]),
        Line::from(vec![
            label("per second"),
            Span::raw(format!(
                "{} turns, {} made, {} steals, {} hand-offs, {} wake-ups",
                rate(|sample| sample.turns),
                rate(|sample| sample.goroutines_created),
                rate(|sample| sample.steals),
                rate(|sample| sample.handoffs),
                rate(|sample| sample.wakeups),
            )),
        ]),
        Line::from(vec![
            label("others"),
            Span::raw(format!(
                "{} timers, {} sockets, {} stacks, {} in the global queue",
                now.timers, now.sockets, now.stacks, now.global_queue
            )),
        ]),
        Line::default(),
    ]
}

/// Goroutines by state, in figures and as a bar of colours.
fn states(figures: &Figures) -> Line<'static> {
    let now = &figures.now;
    let states = [
        (now.running, "running", Color::Green),
        (now.without_proc, "without P", Color::Magenta),
        (now.runnable, "runnable", Color::Yellow),
        (now.waiting, "waiting", Color::Blue),
    ];
    let mut spans = vec![label("goroutines")];
    let total = now.goroutines.max(1);
    let mut drawn = 0;
    let mut sum = 0;
    for (count, _, color) in states {
        sum += count;
        let end = (sum * BAR as u64).div_ceil(total) as usize;
        spans.push(Span::styled("█".repeat(end.min(BAR) - drawn), color));
        drawn = end.min(BAR);
    }
    spans.push(Span::raw(" ".repeat(BAR - drawn)));
    spans.push(Span::raw(format!(" {}:", now.goroutines)));
    for (count, name, color) in states {
        spans.push(Span::styled(format!(" {count} {name}"), color));
    }
    Line::from(spans)
}

/// A bar that is full at `most`.
fn bar(value: f64, most: f64, color: Color) -> Span<'static> {
    let eighths = (value / most.max(1e-9) * (8 * BAR) as f64).round().max(0.0) as usize;
    let eighths = eighths.min(8 * BAR);
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(['▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8 - 1]);
    }
    Span::styled(format!("{text:<BAR$}"), color)
}

fn processors(figures: &Figures) -> Table<'static> {
    let rows = figures.now.procs.iter().enumerate().map(|(index, p)| {
        let queue = p.runnable();
        // By its logarithm: one is to be seen, and 256 to fit.
        let filled = ((queue + 1) as f64).log2();
        let rate = |count| short(figures.proc_rate(index, count));
        Row::new(vec![
            Cell::from(format!("P{index}")),
            Cell::from(bar(filled, ((QUEUE + 1) as f64).log2(), Color::Yellow)),
            Cell::from(queue.to_string()),
            Cell::from(rate(|p| p.turns)),
            Cell::from(rate(|p| p.steals)),
            Cell::from(rate(|p| p.handoffs)),
            Cell::from(if p.in_use { "" } else { "idle" }),
        ])
    });
    let widths = [4, BAR as u16, 5, 7, 7, 8, 4].map(Constraint::Length);
    let head_row = ["P", "queue", "", "turns/s", "steals", "handoffs", ""];
    Table::new(rows, widths).header(Row::new(head_row).style(head()))
}

fn reasons(figures: &Figures) -> Table<'static> {
    let rows = figures.now.waits.iter().map(|wait| {
        Row::new(vec![
            Cell::from(format!("{:>8}", wait.count)),
            Cell::from(wait.reason.clone()),
        ])
    });
    let widths = [Constraint::Length(8), Constraint::Min(10)];
    Table::new(rows, widths).header(Row::new(["   count", "waiting for"]).style(head()))
}

fn wait_places(view: &View, figures: &Figures, area: Rect) -> Table<'static> {
    let places = figures.places(view.order);
    let room = usize::from(area.height.saturating_sub(1));
    let first = view.scroll.min(places.len().saturating_sub(room));
    let rows = places[first..].iter().take(room).map(|waiting| {
        let place = &waiting.place;
        let growth = match waiting.growth {
            0 => String::new(),
            growth => format!("{growth:>+8}"),
        };
        let origin = place.origin.as_ref();
        Row::new(vec![
            Cell::from(format!("{:>8}", place.count)),
            Cell::from(growth),
            Cell::from(place.place.clone()),
            Cell::from(place.reason.clone()),
            Cell::from(origin.map_or(String::new(), |origin| format!("made at {origin}"))),
        ])
    });
    let widths = [
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Fill(2),
        Constraint::Length(22),
        Constraint::Fill(2),
    ];
    let head_row = ["   count", "  growth", "waits at", "for", ""];
    Table::new(rows, widths).header(Row::new(head_row).style(head()))
}

fn keys(view: &View) -> Line<'static> {
    let key = |key: &'static str| Span::styled(key, Style::new().bold());
    Line::from(vec![
        key("q"),
        Span::raw(" quit  "),
        key("p"),
        Span::raw(if view.paused { " go on  " } else { " pause  " }),
        key("s"),
        Span::raw(format!(" sort (by {})  ", view.order.name())),
        key("↑↓"),
        Span::raw(" scroll"),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures;
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn view() -> View {
        View {
            title: "process 42".into(),
            figures: Some(figures()),
            paused: false,
            order: Order::Count,
            scroll: 0,
            problem: None,
        }
    }

    fn drawn(view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, view)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn shows_all_there_is() {
        let text = drawn(&view(), 110, 30);
        for part in [
            "process 42  every 1.0 s  1.5 MiB resident",
            "11: 1 running 0 without P 3 runnable 7 waiting",
            "1.75 of 2 processors",
            "p50 320 ns, p90 320 ns, p99 1.3 µs, max 1.2 ms",
            "50.0k turns, 12 made, 10 steals",
            "P0",
            "idle",
            "5 chan receive",
            "src/c.rs:9:1",
            "made at src/a.rs:1:1",
            "s sort (by count)",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
    }

    #[test]
    fn bars_are_as_long_as_what_they_show() {
        let text = drawn(&view(), 110, 30);
        let columns = |name: &str| {
            let line = text.lines().find(|line| line.contains(name)).unwrap();
            line.matches(['█', '▏', '▎', '▍', '▌', '▋', '▊', '▉'])
                .count()
        };
        // 1.75 of 2 processors.
        assert_eq!(columns("parallelism"), 18);
        // All states together are all goroutines.
        assert_eq!(columns("goroutines"), BAR);
        // Three of 257, by the logarithm.
        assert_eq!(columns("P0"), 5);
        assert_eq!(columns("P1"), 0);
    }

    #[test]
    fn says_that_it_is_paused_and_what_is_wrong() {
        let mut view = view();
        view.paused = true;
        view.problem = Some("it has ended".into());
        view.order = Order::Growth;
        let text = drawn(&view, 110, 30);
        for part in ["paused", "it has ended", "p go on", "(by growth)"] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
    }

    #[test]
    fn fits_any_terminal() {
        for (width, height) in [(1, 1), (10, 3), (40, 12), (80, 24), (300, 100)] {
            drawn(&view(), width, height);
        }
        let mut without = view();
        without.figures = None;
        assert!(drawn(&without, 80, 24).contains("process 42: taking two samples"));
    }

    #[test]
    fn scrolls_to_the_last_place_and_no_further() {
        let mut view = view();
        view.scroll = 1000;
        assert!(drawn(&view, 110, 30).contains("src/b.rs:2:1"));
    }
}

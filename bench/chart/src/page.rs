//! What all pictures share: colours, text, logarithmic axes.

use svg::Document;
use svg::node::element::{Circle, Line, Path, Rectangle, Style, Text};

/// Colours of series, distinct for the colour-blind too, on white and on black.
const COLOURS: [&str; 7] = [
    "#0a8fc7", "#d98a00", "#0a9e73", "#c765a0", "#8a8a8a", "#d5541a", "#7a6ff0",
];

const STYLE: &str = "
svg { color-scheme: light dark; font-family: system-ui, sans-serif; }
.page { fill: #ffffff; } text { fill: #1f2328; } .faint { fill: #656d76; }
.grid { stroke: #d8dee4; } .axis { stroke: #57606a; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; } text { fill: #e6edf3; } .faint { fill: #9198a1; }
  .grid { stroke: #2b323b; } .axis { stroke: #9198a1; }
}";

/// The colour of the series of this index.
pub(crate) const fn colour(series: usize) -> &'static str {
    COLOURS[series % COLOURS.len()]
}

/// An empty page.
pub(crate) fn page(width: f64, height: f64) -> Document {
    Document::new()
        .set("viewBox", (0.0, 0.0, width, height))
        .set("width", width)
        .set("height", height)
        .add(Style::new(STYLE))
        .add(
            Rectangle::new()
                .set("class", "page")
                .set("width", "100%")
                .set("height", "100%"),
        )
}

/// Where text starts, relative to its place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Title,
    Bold,
    Plain,
    Faint,
}

pub(crate) fn text(content: &str, x: f64, y: f64, look: Look, anchor: Anchor) -> Text {
    let (size, weight, class) = match look {
        Look::Title => (17.0, "600", ""),
        Look::Bold => (13.0, "600", ""),
        Look::Plain => (12.5, "400", ""),
        Look::Faint => (11.5, "400", "faint"),
    };
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    Text::new(content)
        .set("x", rounded(x))
        .set("y", rounded(y))
        .set("font-size", size)
        .set("font-weight", weight)
        .set("class", class)
        .set("text-anchor", anchor)
}

pub(crate) fn line(from: (f64, f64), to: (f64, f64), class: &str, width: f64) -> Line {
    Line::new()
        .set("x1", rounded(from.0))
        .set("y1", rounded(from.1))
        .set("x2", rounded(to.0))
        .set("y2", rounded(to.1))
        .set("class", class)
        .set("stroke-width", width)
}

pub(crate) fn dot(x: f64, y: f64, series: usize) -> Circle {
    Circle::new()
        .set("cx", rounded(x))
        .set("cy", rounded(y))
        .set("r", 4.5)
        .set("fill", colour(series))
}

pub(crate) fn cross(x: f64, y: f64, series: usize) -> Path {
    let (x, y) = (rounded(x), rounded(y));
    Path::new()
        .set("d", format!("M{x} {y}m-4 -4l8 8m0 -8l-8 8"))
        .set("stroke", colour(series))
        .set("stroke-width", 2)
}

/// To a tenth of a pixel.
pub(crate) fn rounded(coordinate: f64) -> f64 {
    (coordinate * 10.0).round() / 10.0
}

/// A logarithmic axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// Smallest and largest value.
    values: (f64, f64),
    /// The places of these.
    places: (f64, f64),
}

impl Axis {
    /// An axis that has room for all of these values.
    pub(crate) fn for_values(values: impl Iterator<Item = f64>, places: (f64, f64)) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.filter(|value| *value > 0.0 && value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        Axis {
            values: (low / 1.15, high * 1.15),
            places,
        }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        let part = (value / low).ln() / (high / low).ln();
        self.places.0 + part * (self.places.1 - self.places.0)
    }

    /// Round values to label, not too many of them.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        let decades = (self.values.1 / self.values.0).log10();
        let room = (self.places.1 - self.places.0).abs();
        // Three labels in a decade need some room.
        let steps: &[f64] = match room / decades {
            room if room > 75.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let first = self.values.0.log10().floor() as i32;
        let last = self.values.1.log10().ceil() as i32;
        (first..=last)
            .flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)))
            .filter(|tick| (self.values.0..=self.values.1).contains(tick))
            .collect()
    }
}

/// A value as a label of an axis.
pub(crate) fn label(value: f64) -> String {
    let (part, suffix) = match value {
        _ if value >= 0.999e6 => (value / 1e6, " M"),
        _ if value >= 0.999e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let text = format!("{part:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{suffix}")
}

//! Small pictures side by side, each with lines on two logarithmic axes.

use crate::page::{self, Anchor, Axis, Look};
use svg::node::element::Polyline;

/// One of them.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// What is counted on the horizontal axis.
    pub horizontal: String,
    /// The unit of the vertical axis.
    pub vertical: String,
    /// Lines: a name, and points.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// The picture.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Above all.
    pub title: String,
    /// Below that.
    pub subtitle: String,
    /// The small pictures.
    pub panels: Vec<Panel>,
}

const COLUMNS: usize = 3;
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 260.0;
const TOP: f64 = 64.0;

impl Lines {
    /// The picture as SVG.
    #[must_use]
    pub fn render(&self) -> String {
        let rows = self.panels.len().div_ceil(COLUMNS);
        let mut page = page::page(COLUMNS as f64 * WIDTH, TOP + rows as f64 * HEIGHT)
            .add(page::text(
                &self.title,
                20.0,
                30.0,
                Look::Title,
                Anchor::Start,
            ))
            .add(page::text(
                &self.subtitle,
                20.0,
                49.0,
                Look::Faint,
                Anchor::Start,
            ));
        for (index, panel) in self.panels.iter().enumerate() {
            let left = (index % COLUMNS) as f64 * WIDTH;
            let top = TOP + (index / COLUMNS) as f64 * HEIGHT;
            page = panel.draw(page, left, top);
        }
        page.to_string()
    }
}

impl Panel {
    /// Sizes to label: those that there are points for, or every other of many.
    fn sizes(&self) -> Vec<f64> {
        let points = self.lines.first().map(|(_, points)| points.as_slice());
        let sizes = points.unwrap_or_default().iter().map(|point| point.0);
        let every = sizes.len().div_ceil(6);
        sizes.step_by(every.max(1)).collect()
    }

    fn draw(&self, mut page: svg::Document, left: f64, top: f64) -> svg::Document {
        let (x, right) = (left + 62.0, left + WIDTH - 20.0);
        let (y, bottom) = (top + 58.0, top + HEIGHT - 40.0);
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let across = Axis::for_values(points().map(|point| point.0), (x, right));
        // Flat lines are to look flat.
        let values: Vec<f64> = points().map(|point| point.1).collect();
        let middle = values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64;
        let room = [middle.exp() / 4.0, middle.exp() * 4.0];
        let up = Axis::for_values(values.into_iter().chain(room), (bottom, y));
        page = page
            .add(page::text(
                &self.title,
                left + 20.0,
                top + 20.0,
                Look::Bold,
                Anchor::Start,
            ))
            .add(page::text(
                &self.vertical,
                left + 20.0,
                top + 50.0,
                Look::Faint,
                Anchor::Start,
            ))
            .add(page::text(
                &self.horizontal,
                right,
                bottom + 32.0,
                Look::Faint,
                Anchor::End,
            ));
        for tick in up.ticks() {
            let at = up.place(tick);
            page = page
                .add(page::line((x, at), (right, at), "grid", 1.0))
                .add(page::text(
                    &page::label(tick),
                    x - 6.0,
                    at + 4.0,
                    Look::Faint,
                    Anchor::End,
                ));
        }
        for tick in self.sizes() {
            let at = across.place(tick);
            page = page
                .add(page::line((at, y), (at, bottom), "grid", 1.0))
                .add(page::text(
                    &page::label(tick),
                    at,
                    bottom + 16.0,
                    Look::Faint,
                    Anchor::Middle,
                ));
        }
        let mut legend = left + 20.0;
        for (series, (name, points)) in self.lines.iter().enumerate() {
            let places = points
                .iter()
                .map(|&(a, b)| (page::rounded(across.place(a)), page::rounded(up.place(b))));
            let text: Vec<_> = places.clone().map(|(a, b)| format!("{a},{b}")).collect();
            page = page.add(
                Polyline::new()
                    .set("points", text.join(" "))
                    .set("fill", "none")
                    .set("stroke", page::colour(series))
                    .set("stroke-width", 1.8),
            );
            for (a, b) in places {
                page = page.add(page::dot(a, b, series).set("r", 2.8));
            }
            if self.lines.len() > 1 {
                page = page
                    .add(page::dot(legend + 4.0, top + 32.0, series))
                    .add(page::text(
                        name,
                        legend + 13.0,
                        top + 36.0,
                        Look::Faint,
                        Anchor::Start,
                    ));
                legend += 30.0 + 6.4 * name.len() as f64;
            }
        }
        page
    }
}

//! A row for each workload, a dot for each system on a logarithmic axis.

use crate::page::{self, Anchor, Axis, Look};

/// What a system has in a row.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    /// A value.
    At(f64),
    /// It failed.
    Fails,
    /// Nothing.
    None,
}

/// The picture.
#[derive(Debug)]
pub struct Dots {
    title: String,
    ours: String,
    subtitle: String,
    series: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    what: String,
    figure: String,
    marks: Vec<Mark>,
}

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 400.0;
const TOP: f64 = 104.0;
const ROW: f64 = 38.0;
/// Where failures are marked.
const FAILURES: f64 = 895.0;

impl Dots {
    /// With a title, the name of what all is compared with, and a line below the title.
    #[must_use]
    pub fn new(title: &str, ours: &str, subtitle: &str) -> Self {
        Dots {
            title: title.into(),
            ours: ours.into(),
            subtitle: subtitle.into(),
            series: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a system. The value of the first is written out, too.
    pub fn series(&mut self, name: &str) {
        self.series.push(name.into());
    }

    /// Adds a workload, with a mark for each system.
    pub fn row(&mut self, name: &str, what: &str, figure: &str, marks: Vec<Mark>) {
        self.rows.push(Row {
            name: name.into(),
            what: what.into(),
            figure: figure.into(),
            marks,
        });
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let marks = self.rows.iter().flat_map(|row| &row.marks);
        marks.filter_map(|mark| match mark {
            Mark::At(value) => Some(*value),
            _ => None,
        })
    }

    /// The picture as SVG.
    #[must_use]
    pub fn render(&self) -> String {
        let bottom = TOP + ROW * self.rows.len() as f64;
        let axis = Axis::for_values(self.values().chain([0.8, 2.0]), (LEFT, FAILURES - 25.0));
        let mut page = page::page(WIDTH, bottom + 36.0)
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
        let mut x = LEFT;
        for (index, name) in self.series.iter().enumerate() {
            page = page.add(page::dot(x, 72.0, index)).add(page::text(
                name,
                x + 9.0,
                76.0,
                Look::Plain,
                Anchor::Start,
            ));
            x += 34.0 + 7.2 * name.len() as f64;
        }
        for tick in axis.ticks() {
            let (x, one) = (axis.place(tick), tick == 1.0);
            let (class, width) = if one { ("axis", 1.5) } else { ("grid", 1.0) };
            page = page
                .add(page::line((x, TOP - 8.0), (x, bottom), class, width))
                .add(page::text(
                    &page::label(tick),
                    x,
                    bottom + 18.0,
                    Look::Faint,
                    Anchor::Middle,
                ));
        }
        page = page.add(page::text(
            &self.ours,
            LEFT - 40.0,
            76.0,
            Look::Bold,
            Anchor::End,
        ));
        if let Some(first) = self.series.first() {
            page = page.add(page::text(
                first,
                WIDTH - 20.0,
                76.0,
                Look::Bold,
                Anchor::End,
            ));
        }
        for (index, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * (index as f64 + 0.5);
            page = page
                .add(page::line(
                    (20.0, y + ROW / 2.0),
                    (WIDTH - 20.0, y + ROW / 2.0),
                    "grid",
                    0.6,
                ))
                .add(page::text(
                    &row.name,
                    20.0,
                    y - 2.0,
                    Look::Bold,
                    Anchor::Start,
                ))
                .add(page::text(
                    &row.what,
                    20.0,
                    y + 13.0,
                    Look::Faint,
                    Anchor::Start,
                ))
                .add(page::text(
                    &row.figure,
                    LEFT - 40.0,
                    y + 4.0,
                    Look::Plain,
                    Anchor::End,
                ));
            if let Some(Mark::At(value)) = row.marks.first() {
                let text = format!("{value:.2}");
                page = page.add(page::text(
                    &text,
                    WIDTH - 20.0,
                    y + 4.0,
                    Look::Bold,
                    Anchor::End,
                ));
            }
            let step = (ROW - 12.0) / self.series.len().max(2) as f64;
            for (series, mark) in row.marks.iter().enumerate() {
                let y = y + step * (series as f64 - (self.series.len() as f64 - 1.0) / 2.0);
                match mark {
                    Mark::At(value) => page = page.add(page::dot(axis.place(*value), y, series)),
                    Mark::Fails => {
                        let x = FAILURES + 10.0 * (series % 3) as f64 - 10.0;
                        page = page.add(page::cross(x, y, series));
                    }
                    Mark::None => {}
                }
            }
        }
        page.to_string()
    }
}

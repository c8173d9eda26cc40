//! How a program's speed grows with processors, and Amdahl's law.

use std::fmt::{self, Write};

/// A run on so many processors, and how long it took, in seconds.
pub type Run = (u32, f64);

/// The serial fraction that fits best: the part of the work, on one processor, that
/// becomes no faster with more. 0 if there is nothing to fit.
///
/// Amdahl's law says that `n` processors take the time of one times
/// `s + (1 - s) / n`. That is linear in `s`, so least squares give it directly.
pub fn serial_fraction(runs: &[Run]) -> f64 {
    let Some(&(_, alone)) = runs.iter().find(|(count, _)| *count == 1) else {
        return 0.0;
    };
    let (mut over, mut under) = (0.0, 0.0);
    for &(count, time) in runs {
        let x = 1.0 - 1.0 / f64::from(count);
        let y = time / alone - 1.0 / f64::from(count);
        over += x * y;
        under += x * x;
    }
    if under == 0.0 {
        return 0.0;
    }
    (over / under).clamp(0.0, 1.0)
}

/// Amdahl's law.
pub fn amdahl(serial: f64, processors: u32) -> f64 {
    1.0 / (serial + (1.0 - serial) / f64::from(processors))
}

/// A table with bars, and what it means.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut impl Write, runs: &[Run]) -> fmt::Result {
    let Some(&(_, alone)) = runs.iter().find(|(count, _)| *count == 1) else {
        return Ok(());
    };
    let serial = serial_fraction(runs);
    let most = runs.iter().map(|(count, _)| *count).max().unwrap_or(1);
    writeln!(out, "processors       time    speed-up   Amdahl")?;
    for &(count, time) in runs {
        let speedup = alone / time;
        let filled = (speedup / f64::from(most) * 40.0).round() as usize;
        writeln!(
            out,
            "{count:>10} {time:>9.3} s {speedup:>9.2}x {:>7.2}x  {}",
            amdahl(serial, count),
            "█".repeat(filled.min(60)),
        )?;
    }
    let limit = match serial {
        0.0 => "without limit".to_string(),
        serial => format!("{:.1} times at most", 1.0 / serial),
    };
    writeln!(
        out,
        "\nSerial fraction {:.1} %: by Amdahl's law more processors make it faster {limit}.",
        100.0 * serial
    )
}

/// The same as a picture.
pub fn svg(runs: &[Run]) -> String {
    let alone = runs
        .iter()
        .find(|(count, _)| *count == 1)
        .map_or(1.0, |run| run.1);
    let most = f64::from(
        runs.iter()
            .map(|(count, _)| *count)
            .max()
            .unwrap_or(1)
            .max(2),
    );
    let x = |count: f64| 50.0 + (count - 1.0) / (most - 1.0) * 500.0;
    let y = |speedup: f64| 350.0 - (speedup / most).min(1.0) * 300.0;
    let serial = serial_fraction(runs);
    let curve: Vec<String> = (0..=50)
        .map(|step| {
            let count = 1.0 + f64::from(step) / 50.0 * (most - 1.0);
            format!(
                "{:.1},{:.1}",
                x(count),
                y(1.0 / (serial + (1.0 - serial) / count))
            )
        })
        .collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"400\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"600\" height=\"400\" fill=\"white\"/>\n\
         <line x1=\"50\" y1=\"350\" x2=\"550\" y2=\"350\" stroke=\"black\"/>\n\
         <line x1=\"50\" y1=\"350\" x2=\"50\" y2=\"50\" stroke=\"black\"/>\n\
         <line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"550\" y2=\"50\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>\n\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#07c\"/>\n\
         <text x=\"300\" y=\"385\" text-anchor=\"middle\">processors</text>\n\
         <text x=\"60\" y=\"45\">speed-up; the line is Amdahl's law with {:.1} % serial</text>\n",
        x(1.0),
        y(1.0),
        curve.join(" "),
        100.0 * serial
    );
    for &(count, time) in runs {
        let (x, y) = (x(f64::from(count)), y(alone / time));
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#c30\"/>\
             <text x=\"{x:.1}\" y=\"367\" text-anchor=\"middle\">{count}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\">{:.2}x</text>",
            x + 6.0,
            y + 14.0,
            alone / time
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_that_holds_is_found() {
        for serial in [0.0, 0.1, 0.5, 1.0] {
            let runs: Vec<Run> = (1..=8)
                .map(|count| (count, 3.0 / amdahl(serial, count)))
                .collect();
            assert!((serial_fraction(&runs) - serial).abs() < 1e-9);
        }
    }

    #[test]
    fn one_run_is_not_enough_and_slower_ones_are_serial() {
        assert_eq!(serial_fraction(&[(1, 2.0)]), 0.0);
        assert_eq!(serial_fraction(&[]), 0.0);
        assert_eq!(serial_fraction(&[(1, 1.0), (2, 1.5)]), 1.0);
        let mut text = String::new();
        write(&mut text, &[(1, 1.0), (2, 0.75)]).unwrap();
        assert!(text.contains("Serial fraction 50.0 %"), "{text}");
        assert!(svg(&[(1, 1.0), (2, 0.75)]).ends_with("</svg>\n"));
    }
}

//! Go's test/chan/powser1.go: power series as streams of coefficients, after
//! M. Douglas McIlroy's "Squinting at power series".
//!
//! <https://github.com/golang/go/blob/master/test/chan/powser1.go>
//!
//! A series is made on demand: who wants a coefficient asks on one channel, and
//! gets it on another. In Go a mark ends a finite series; here its maker goes.

use sortie::chan::{Receiver, Select, Sender, bounded, select};
use std::iter;
use std::ops::{Add, Mul, Neg};

/// A fraction in lowest terms, the lower part positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio(i128, i128);

const ZERO: Ratio = Ratio(0, 1);
const ONE: Ratio = Ratio(1, 1);

fn ratio(upper: i128, lower: i128) -> Ratio {
    let (mut divisor, mut rest) = (upper, lower);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let divisor = divisor.abs() * lower.signum();
    Ratio(upper / divisor, lower / divisor)
}

impl Ratio {
    fn inverse(self) -> Ratio {
        ratio(self.1, self.0)
    }
}

impl Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        ratio(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
}

impl Mul for Ratio {
    type Output = Ratio;

    fn mul(self, other: Ratio) -> Ratio {
        ratio(self.0 * other.0, self.1 * other.1)
    }
}

impl Neg for Ratio {
    type Output = Ratio;

    fn neg(self) -> Ratio {
        Ratio(-self.0, self.1)
    }
}

/// Where coefficients are had.
struct Series {
    ask: Sender<()>,
    data: Receiver<Ratio>,
}

/// Where they are given. `None` means that nobody wants more of them.
#[derive(Clone)]
struct Outlet {
    asked: Receiver<()>,
    data: Sender<Ratio>,
}

fn demand() -> (Outlet, Series) {
    let (ask, asked) = bounded(0);
    let (sender, receiver) = bounded(0);
    let outlet = Outlet {
        asked,
        data: sender,
    };
    let data = receiver;
    (outlet, Series { ask, data })
}

impl Outlet {
    fn wait(&self) -> Option<()> {
        self.asked.recv().ok()
    }

    fn give(&self, coefficient: Ratio) -> Option<()> {
        self.data.send(coefficient).ok()
    }

    fn put(&self, coefficient: Ratio) -> Option<()> {
        self.wait()?;
        self.give(coefficient)
    }

    fn copy(&self, series: &Series) -> Option<()> {
        loop {
            self.wait()?;
            self.give(series.get()?)?;
        }
    }
}

impl Series {
    /// What a goroutine gives.
    fn of(make: impl FnOnce(Outlet) -> Option<()> + Send + 'static) -> Series {
        let (outlet, series) = demand();
        sortie::go(move || make(outlet));
        series
    }

    fn get(&self) -> Option<Ratio> {
        self.ask.send(()).ok()?;
        self.data.recv().ok()
    }
}

/// The next of each, asked for and received in whatever order it can be done.
fn get_each<const N: usize>(all: [&Series; N]) -> [Option<Ratio>; N] {
    #[derive(Clone, Copy, PartialEq)]
    enum Stage {
        Asking,
        Awaiting,
        Done,
    }
    let mut stages = [Stage::Asking; N];
    let mut coefficients = [None; N];
    while stages.iter().any(|stage| *stage != Stage::Done) {
        let mut select = Select::new();
        let mut cases = Vec::new();
        for (i, series) in all.iter().enumerate() {
            match stages[i] {
                Stage::Asking => drop(select.send(&series.ask)),
                Stage::Awaiting => drop(select.recv(&series.data)),
                Stage::Done => continue,
            }
            cases.push(i);
        }
        let operation = select.select();
        let i = cases[operation.index()];
        stages[i] = if stages[i] == Stage::Asking {
            match operation.send(&all[i].ask, ()) {
                Ok(()) => Stage::Awaiting,
                Err(_) => Stage::Done,
            }
        } else {
            coefficients[i] = operation.recv(&all[i].data).ok();
            Stage::Done
        };
    }
    coefficients
}

/// Gives one coefficient to both. The rest is for another goroutine, which before
/// this one is done only gives to the one who is ahead, the first.
fn split_rest(series: Series, mut outlets: [Outlet; 2], before: Receiver<()>) -> Option<()> {
    let mut waits = true;
    let (asked, first) = select! {
        recv(outlets[0].asked) -> asked => (asked, 0),
        recv(before) -> _ => {
            waits = false;
            select! {
                recv(outlets[0].asked) -> asked => (asked, 0),
                recv(outlets[1].asked) -> asked => (asked, 1),
            }
        }
    };
    outlets.swap(0, first);
    let [ahead, behind] = outlets;
    let wait_for_turn = || {
        if waits {
            let _ = before.recv();
        }
    };
    if asked.is_err() {
        wait_for_turn();
        return behind.copy(&series);
    }
    let Some(coefficient) = series.get() else {
        drop(ahead);
        wait_for_turn();
        return None;
    };
    let (release, released) = bounded(0);
    let rest = [ahead.clone(), behind.clone()];
    sortie::go(move || split_rest(series, rest, released));
    let _ = ahead.give(coefficient);
    drop(ahead);
    wait_for_turn();
    let _ = behind.put(coefficient);
    drop(behind);
    release.send(()).ok()
}

fn split_into(series: Series, outlets: [Outlet; 2]) {
    let (release, released) = bounded(0);
    sortie::go(move || split_rest(series, outlets, released));
    let _ = release.send(());
}

fn split(series: Series) -> [Series; 2] {
    let ((to_one, one), (to_other, other)) = (demand(), demand());
    split_into(series, [to_one, to_other]);
    [one, other]
}

/// A series that is made from itself.
fn feedback(make: impl FnOnce(Series) -> Series) -> Series {
    let ((back, itself), (out, series)) = (demand(), demand());
    split_into(make(itself), [back, out]);
    series
}

fn poly(coefficients: impl IntoIterator<Item = Ratio, IntoIter: Send + 'static>) -> Series {
    let mut coefficients = coefficients.into_iter();
    Series::of(move |out| coefficients.try_for_each(|coefficient| out.put(coefficient)))
}

fn ones() -> Series {
    poly(iter::repeat(ONE))
}

/// c x^n
fn monomial(c: Ratio, n: usize) -> Series {
    poly(iter::repeat_n(ZERO, n).chain([c]))
}

/// c + x U
fn shift(c: Ratio, u: Series) -> Series {
    Series::of(move |out| {
        out.put(c)?;
        out.copy(&u)
    })
}

/// x^n U
fn times_monomial(u: Series, n: usize) -> Series {
    (0..n).fold(u, |u, _| shift(ZERO, u))
}

fn sum(u: Series, v: Series) -> Series {
    Series::of(move |out| {
        loop {
            out.wait()?;
            let (rest, last) = match get_each([&u, &v]) {
                [Some(u), Some(v)] => {
                    out.give(u + v)?;
                    continue;
                }
                [Some(last), None] => (&u, last),
                [None, Some(last)] => (&v, last),
                [None, None] => return None,
            };
            out.give(last)?;
            return out.copy(rest);
        }
    })
}

fn scaled(c: Ratio, u: Series) -> Series {
    Series::of(move |out| {
        loop {
            out.wait()?;
            out.give(c * u.get()?)?;
        }
    })
}

fn difference(u: Series, v: Series) -> Series {
    sum(u, scaled(-ONE, v))
}

/// (u + x U) (v + x V) = u v + x (u V + v U) + x² U V
fn product(u: Series, v: Series) -> Series {
    Series::of(move |out| {
        out.wait()?;
        let [Some(first_u), Some(first_v)] = get_each([&u, &v]) else {
            return None;
        };
        out.give(first_u * first_v)?;
        let ([u, u_again], [v, v_again]) = (split(u), split(v));
        let mixed = sum(scaled(first_u, v), scaled(first_v, u));
        out.wait()?;
        out.give(mixed.get()?)?;
        out.copy(&sum(mixed, product(u_again, v_again)))
    })
}

fn derivative(u: Series) -> Series {
    Series::of(move |out| {
        out.wait()?;
        u.get()?;
        for n in 1.. {
            out.give(ratio(n, 1) * u.get()?)?;
            out.wait()?;
        }
        None
    })
}

/// The integral that is `c` at zero.
fn integral(c: Ratio, u: Series) -> Series {
    Series::of(move |out| {
        out.put(c)?;
        for n in 1.. {
            out.wait()?;
            out.give(ratio(1, n) * u.get()?)?;
        }
        None
    })
}

/// (1 + x)^c
fn binomial(mut c: Ratio) -> Series {
    Series::of(move |out| {
        let mut term = ONE;
        for n in 1.. {
            if term == ZERO {
                break;
            }
            out.put(term)?;
            term = term * c * ratio(1, n);
            c = c + -ONE;
        }
        None
    })
}

/// 1 / (u + x U) = Z = 1/u - x U Z / u
fn reciprocal(u: Series) -> Series {
    Series::of(move |out| {
        out.wait()?;
        let first = u.get()?.inverse();
        out.give(first)?;
        let rest = feedback(|rest| product(scaled(-first, u), shift(first, rest)));
        out.copy(&rest)
    })
}

/// e to the U, which is zero at zero: Z' = Z U'
fn exponential(u: Series) -> Series {
    feedback(|z| integral(ONE, product(z, derivative(u))))
}

/// U of V, which is zero at zero: u + V U(V)
fn substituted(u: Series, v: Series) -> Series {
    Series::of(move |out| {
        out.wait()?;
        out.give(u.get()?)?;
        let [v, v_again] = split(v);
        out.wait()?;
        assert_eq!(v.get()?, ZERO);
        let rest = product(v, substituted(u, v_again));
        out.give(rest.get()?)?;
        out.copy(&rest)
    })
}

/// U of c x^n
fn monomial_substituted(u: Series, c: Ratio, n: usize) -> Series {
    Series::of(move |out| {
        let mut power = ONE;
        loop {
            out.wait()?;
            out.give(power * u.get()?)?;
            power = power * c;
            (1..n).try_for_each(|_| out.put(ZERO))?;
        }
    })
}

/// R with U(R) = x: of U = x V it is x / V(R).
fn reversion(u: Series) -> Series {
    feedback(|r| {
        let rest = Series::of(move |out| {
            out.wait()?;
            assert_eq!(u.get()?, ZERO);
            out.give(u.get()?)?;
            out.copy(&u)
        });
        shift(ZERO, reciprocal(substituted(rest, r)))
    })
}

/// The integral of 1 / (1 + x²).
fn arc_tangent() -> Series {
    integral(ZERO, monomial_substituted(ones(), -ONE, 2))
}

const TANGENT: [(i128, i128); 8] = {
    const NONE: (i128, i128) = (0, 1);
    [NONE, (1, 1), NONE, (1, 3), NONE, (2, 15), NONE, (17, 315)]
};

#[track_caller]
fn begins(series: &Series, expected: &[(i128, i128)]) {
    let first = expected.iter().map_while(|_| series.get());
    let expected = expected.iter().map(|(upper, lower)| ratio(*upper, *lower));
    assert_eq!(first.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[track_caller]
fn begins_with_wholes(series: &Series, expected: &[i128]) {
    begins(
        series,
        &expected.iter().map(|n| (*n, 1)).collect::<Vec<_>>(),
    );
}

/// It is just this.
#[track_caller]
fn is(series: &Series, expected: &[i128]) {
    begins_with_wholes(series, expected);
    assert_eq!(series.get(), None);
}

#[sortie::test]
fn plain_series() {
    begins_with_wholes(&ones(), &[1; 5]);
    is(&monomial(ratio(3, 1), 2), &[0, 0, 3]);
    is(&poly([4, 0, 5].map(|n| ratio(n, 1))), &[4, 0, 5]);
    begins_with_wholes(&times_monomial(ones(), 3), &[0, 0, 0, 1, 1]);
    begins_with_wholes(
        &monomial_substituted(ones(), -ONE, 2),
        &[1, 0, -1, 0, 1, 0, -1],
    );
}

#[sortie::test]
fn splitting() {
    // However far one is ahead, the other gets the same.
    let numbers = || integral(ZERO, integral(ONE, ones()));
    let expected = [(0, 1), (1, 1), (1, 2), (1, 6), (1, 12), (1, 20)];
    let [one, other] = split(numbers());
    begins(&one, &expected);
    begins(&other, &expected);
    let [one, other] = split(numbers());
    begins(&other, &expected[..4]);
    begins(&one, &expected[..2]);
    begins(&other, &expected[4..]);
    drop(other);
    begins(&one, &expected[2..]);
    let [one, other] = split(poly([ONE; 3]));
    is(&other, &[1; 3]);
    is(&one, &[1; 3]);
}

#[sortie::test]
fn sums_and_products() {
    let twos = || sum(ones(), ones());
    begins_with_wholes(&twos(), &[2; 10]);
    begins_with_wholes(&sum(ones(), twos()), &[3; 10]);
    begins_with_wholes(&difference(ones(), twos()), &[-1; 10]);
    begins_with_wholes(&sum(monomial(ONE, 2), ones()), &[1, 1, 2, 1, 1]);
    begins_with_wholes(&sum(ones(), monomial(ONE, 2)), &[1, 1, 2, 1, 1]);
    begins_with_wholes(&product(ones(), ones()), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    is(&product(poly([ONE, ONE]), poly([ONE, -ONE])), &[1, 0, -1]);
    begins_with_wholes(&derivative(ones()), &[1, 2, 3, 4, 5]);
    begins(
        &integral(ZERO, ones()),
        &[(0, 1), (1, 1), (1, 2), (1, 3), (1, 4)],
    );
    is(&binomial(ratio(4, 1)), &[1, 4, 6, 4, 1]);
    begins(
        &binomial(ratio(1, 2)),
        &[(1, 1), (1, 2), (-1, 8), (1, 16), (-5, 128)],
    );
    begins_with_wholes(&reciprocal(ones()), &[1, -1, 0, 0, 0, 0]);
    begins_with_wholes(
        &product(ones(), reciprocal(poly([ONE, ONE]))),
        &[1, 0, 1, 0, 1, 0],
    );
}

#[sortie::test]
fn functions() {
    let factorials = [(1, 1), (1, 1), (1, 2), (1, 6), (1, 24), (1, 120), (1, 720)];
    begins(&exponential(monomial(ONE, 1)), &factorials);
    // e to the ln(1 / (1 - x)) is 1 / (1 - x).
    begins_with_wholes(&exponential(integral(ZERO, ones())), &[1; 8]);
    // 1 / (1 - (x + x²)): each is the sum of the two before it.
    let golden = substituted(ones(), poly([ZERO, ONE, ONE]));
    begins_with_wholes(&golden, &[1, 1, 2, 3, 5, 8, 13]);
}

#[sortie::test]
fn tangent() {
    begins(&reversion(arc_tangent()), &TANGENT);
    // Its derivative is 1 + tan².
    let tangent = feedback(|tangent| {
        let [one, other] = split(tangent);
        integral(ZERO, sum(poly([ONE]), product(one, other)))
    });
    begins(&tangent, &TANGENT);
    // One function of the other.
    let identity = substituted(arc_tangent(), reversion(arc_tangent()));
    begins_with_wholes(&identity, &[0, 1, 0, 0, 0, 0, 0]);
}

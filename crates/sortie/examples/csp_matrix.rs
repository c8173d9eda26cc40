//! Matrix multiplication, section 6.2 of Hoare's "Communicating Sequential
//! Processes" (1978): a grid of processes, one for each element of a 3×3 matrix.
//!
//! Vectors come in from the west, one component for each row, and go out in the
//! east unchanged. Sums begin as zeros in the north; each process adds its element
//! times what came from the west; in the south there are the products. All
//! processes work at the same time, on different vectors.

use sortie::chan::{Receiver, Sender, bounded};
use std::mem;

const N: usize = 3;

/// A row vector.
pub(crate) type Vector = [i64; N];

fn cell(
    element: i64,
    west: Receiver<i64>,
    north: Receiver<i64>,
    east: Sender<i64>,
    south: Sender<i64>,
) {
    for x in west {
        east.send(x).expect("east listens");
        let sum = north.recv().expect("there are zeros enough");
        south.send(element * x + sum).expect("south listens");
    }
}

/// Where the columns begin.
fn zeros(south: Sender<i64>) {
    // Until nobody needs another one.
    while south.send(0).is_ok() {}
}

/// Multiplies each vector by the matrix.
pub(crate) fn multiply(vectors: &[Vector], matrix: &[Vector; N]) -> Vec<Vector> {
    sortie::scope(|s| {
        // What comes out of each column, as far as the grid is built.
        let mut columns = [(); N].map(|()| {
            let (south, column) = bounded(0);
            s.go(move || zeros(south));
            column
        });
        for (i, elements) in matrix.iter().enumerate() {
            let (start, mut row) = bounded(0);
            s.go(move || {
                for vector in vectors {
                    start.send(vector[i]).expect("the row listens");
                }
            });
            for (&element, column) in elements.iter().zip(&mut columns) {
                let (east, next) = bounded(0);
                let (south, below) = bounded(0);
                let west = mem::replace(&mut row, next);
                let north = mem::replace(column, below);
                s.go(move || cell(element, west, north, east, south));
            }
            // Where the row ends.
            s.go(move || row.iter().for_each(drop));
        }
        let product = || {
            columns
                .each_ref()
                .map(|column| column.recv().expect("a sum"))
        };
        vectors.iter().map(|_| product()).collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let matrix = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
    let vectors = [[1, 0, 0], [1, 1, 1], [2, -1, 3]];
    for (vector, product) in vectors.iter().zip(multiply(&vectors, &matrix)) {
        println!("{vector:?} times {matrix:?} is {product:?}");
    }
}

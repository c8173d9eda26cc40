use std::time::Instant;

struct Image {
    pixels: Vec<u8>,
    width: usize,
}

// Each pixel becomes the average of what is around it.
fn blur(image: &Image) -> Image {
    let (width, old) = (image.width, &image.pixels);
    let mut pixels = old.clone();
    for (y, row) in pixels.chunks_mut(width).enumerate().skip(3) {
        for (x, pixel) in row.iter_mut().enumerate().take(width - 3).skip(3) {
            let around = (y - 3..=y).flat_map(|y| (x - 3..=x + 3).map(move |x| (x, y)));
            let sum: u32 = around.map(|(x, y)| u32::from(old[y * width + x])).sum();
            *pixel = (sum / 28) as u8;
        }
        if y.is_multiple_of(32) {
            sortie::yield_now();
        }
    }
    Image { pixels, width }
}

#[sortie::main]
fn main() {
    let pixels = |seed: u32| (0..512 * 512).map(move |i| ((i * seed) >> 5) as u8).collect();
    let images: Vec<_> = (1..=8).map(|seed| Image { pixels: pixels(seed), width: 512 }).collect();
    let start = Instant::now();
    let blurred: Vec<_> = sortie::scope(|s| {
        let tasks: Vec<_> = images.iter().map(|image| s.go(|| blur(image))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    let time = start.elapsed().as_millis();
    println!("{} images in {time} ms", blurred.len());
}

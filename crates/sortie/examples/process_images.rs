//! Work for CPUs: one goroutine for each image, as many at once as there are
//! processors.
//!
//! Each goroutine borrows its own place for the result, so there is nothing to
//! lock; the scope waits for all of them.

/// Grey pixels.
pub(crate) type Image = Vec<u8>;

/// The negative of the image, each pixel the mean of itself and its neighbours.
fn apply_filters(image: &Image) -> Image {
    let mean = |i: usize| {
        let around = &image[i.saturating_sub(1)..image.len().min(i + 2)];
        around
            .iter()
            .map(|&pixel| usize::from(pixel))
            .sum::<usize>()
            / around.len()
    };
    (0..image.len()).map(|i| 255 - mean(i) as u8).collect()
}

/// The results of all images, in their order.
pub(crate) fn process_images(images: &[Image]) -> Vec<Image> {
    let mut results = vec![Image::new(); images.len()];
    sortie::scope(|s| {
        for (image, result) in images.iter().zip(&mut results) {
            s.go(|| *result = apply_filters(image));
        }
    });
    results
}

#[sortie::main]
pub(crate) fn main() {
    let images: Vec<Image> = (0..4)
        .map(|i| (0..=255).map(|x| x ^ (85 * i)).collect())
        .collect();
    for (i, image) in process_images(&images).iter().enumerate() {
        println!("image {i}: {:?}...", &image[..8]);
    }
}

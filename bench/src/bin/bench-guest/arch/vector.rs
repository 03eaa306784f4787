//! The product of matrices with AVX2 and FMA, which the compiler uses only where it is told that they are there.
#![allow(unsafe_code)]

/// Rows that are computed together: with [`LANES`] columns they fill eight vector registers.
const ROWS: usize = 4;
/// Columns that are computed together.
const LANES: usize = 8;

/// Whether this machine, as its kernel shows it, has what [`multiply`] needs.
pub(crate) fn present() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// `product` = `left` x `right`, square matrices of `order` rows, row by row; `order` is a multiple of 8.
///
/// # Panics
/// AVX2 or FMA is missing, or a matrix is too small.
pub(crate) fn multiply(order: usize, left: &[f64], right: &[f64], product: &mut [f64]) {
    assert!(present(), "no AVX2 and FMA");
    // SAFETY: the features that the function is compiled for are there.
    unsafe { multiply_with_avx(order, left, right, product) }
}

#[target_feature(enable = "avx2,fma")]
fn multiply_with_avx(order: usize, left: &[f64], right: &[f64], product: &mut [f64]) {
    for row in (0..order).step_by(ROWS) {
        for column in (0..order).step_by(LANES) {
            let block = block(order, &left[row * order..], &right[column..]);
            for (step, sums) in block.iter().enumerate() {
                let start = (row + step) * order + column;
                product[start..start + LANES].copy_from_slice(sums);
            }
        }
    }
}

/// The block of the product at the beginning of these rows and columns.
#[target_feature(enable = "avx2,fma")]
fn block(order: usize, left: &[f64], right: &[f64]) -> [[f64; LANES]; ROWS] {
    let mut sums = [[0.0; LANES]; ROWS];
    for (inner, columns) in right.chunks(order).enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            let factor = left[row * order + inner];
            for (sum, value) in sums.iter_mut().zip(&columns[..LANES]) {
                *sum = factor.mul_add(*value, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_the_product() {
        let order = 16;
        let numbers = |step: u8| (0..=255_u8).map(|at| f64::from(at.wrapping_mul(step) % 11)).collect::<Vec<_>>();
        let (left, right) = (numbers(3), numbers(5));
        let mut product = vec![0.0; order * order];
        multiply(order, &left, &right, &mut product);
        for (at, found) in product.iter().enumerate() {
            let (row, column) = (at / order, at % order);
            let expected: f64 = (0..order).map(|inner| left[row * order + inner] * right[inner * order + column]).sum();
            assert!((found - expected).abs() < 1e-9, "{at}");
        }
    }
}

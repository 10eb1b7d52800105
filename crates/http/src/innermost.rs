//! What went wrong at the bottom.

use std::error::Error;

/// The innermost cause of `error`: of the errors that HTTP libraries wrap round it, most only say that a request or a body
/// failed.
#[must_use]
pub fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost
}

//! Work of its own beside what goes on.

use std::pin::Pin;

use tokio::task::JoinHandle;

/// A future of any kind.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// As [`tokio::spawn`]. What runs a task is made anew for each type of future, twice, and for some
/// forty of them was a hundredth of the program: in a box, all of them are of one type. Where tasks
/// are started by the thousands, one for each question, the box would cost more than it saves.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(boxed(work))
}

/// The box alone, for what starts tasks otherwise, such as a `TaskTracker`.
pub(crate) fn boxed<T>(work: impl Future<Output = T> + Send + 'static) -> Work<T> {
    Box::pin(work)
}

//! What keeps one task from taking a whole core from the others.

use std::time::Duration;

/// Lets other tasks of this thread run: a plug-in that always has something at once must not keep it.
pub(crate) async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut gave, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// How long to wait after a poll that gave nothing and did not wait itself: longer each time, so that a connector that
/// forgets to wait does not spin.
#[derive(Default)]
pub(crate) struct Idle {
    polls: u32,
}

impl Idle {
    const LONGEST: Duration = Duration::from_millis(100);

    /// After an empty poll that `took` so long.
    pub(crate) fn after(&mut self, took: Duration) -> Option<Duration> {
        let wait = Duration::from_millis(1 << self.polls.min(7)).min(Self::LONGEST);
        if took >= wait {
            self.polls = 0;
            return None;
        }
        self.polls += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_after_empty_polls_grow_and_end_with_a_poll_that_waits() {
        let mut idle = Idle::default();
        let waits: Vec<_> = (0..9).map(|_| idle.after(Duration::ZERO).map(|wait| wait.as_millis())).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 100, 100].map(Some));
        assert_eq!(idle.after(Duration::from_secs(1)), None);
        assert_eq!(idle.after(Duration::ZERO), Some(Duration::from_millis(1)));
    }
}

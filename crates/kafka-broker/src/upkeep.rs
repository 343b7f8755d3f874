//! What a broker does by itself: it makes durable what was written, drops what is too old or too much, and compacts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use env::{BoxFuture, Env};

use crate::Data;
use crate::flush::{FlushQueue, Target};
use crate::log::{Compaction, CompactionRules, Retention};
use crate::topics::{Partition, Topic};

/// Makes records and facts durable when it is time; never ends.
pub(crate) fn flush_in_time(env: Env, data: Data, queue: Arc<FlushQueue>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        loop {
            let target = queue.next().await;
            let mut flushed = Ok(());
            env.work().in_place(&mut || flushed = flush(&data, &target));
            if let Err(error) = flushed {
                tracing::error!(%error, ?target, "what was written could not be made durable, and will be tried again");
            }
        }
    })
}

fn flush(data: &Data, target: &Target) -> io::Result<()> {
    match target {
        Target::Journal => data.0.journal.flush(),
        Target::Log(topic, index) => {
            let topic = data.0.topics.get(topic);
            let partition = topic.as_ref().and_then(|topic| topic.partition(*index));
            partition.map_or(Ok(()), |partition| partition.with_log(|log, _| log.flush()))
        }
    }
}

/// Drops every `interval` what is beyond the limits of topics; never ends.
pub(crate) fn retain(env: Env, data: Data, interval: Duration) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        loop {
            env.sleep(interval).await;
            for topic in data.0.topics.all() {
                let retention = retention(&topic);
                for (partition, index) in topic.partitions.iter().zip(0..) {
                    let now = env.clock().unix_millis();
                    let mut dropped = Ok(());
                    env.work().in_place(&mut || {
                        dropped = partition.with_log(|log, stable| log.retain(&retention, stable, now));
                    });
                    if let Err(error) = dropped {
                        tracing::error!(topic = topic.name, partition = index, %error, "old records cannot be dropped");
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
    })
}

/// Compacts every `interval` what is worth it; never ends.
pub(crate) fn compact(env: Env, data: Data, interval: Duration) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        loop {
            env.sleep(interval).await;
            for topic in data.0.topics.all() {
                let Some(rules) = compaction(&topic) else { continue };
                for (partition, index) in topic.partitions.iter().zip(0..) {
                    if let Err(error) = compact_partition(&env, &rules, partition).await {
                        tracing::error!(topic = topic.name, partition = index, %error, "a log cannot be compacted, and will not be before the next start");
                    }
                }
            }
        }
    })
}

async fn compact_partition(env: &Env, rules: &CompactionRules, partition: &Partition) -> io::Result<()> {
    let now = env.clock().unix_millis();
    let mut begun = Ok(None);
    env.work().in_place(&mut || {
        begun = partition.with_log(|log, stable| log.begin_compaction(rules, stable, now));
    });
    let Some(mut compaction) = begun? else { return Ok(()) };
    // Others use the log meanwhile.
    while step(env, &mut compaction) {
        tokio::task::yield_now().await;
    }
    let (mut compaction, mut finished) = (Some(compaction), Ok(()));
    env.work().in_place(&mut || {
        if let Some(done) = compaction.take() {
            finished = partition.with_log(|log, _| log.finish_compaction(done));
        }
    });
    finished
}

fn step(env: &Env, compaction: &mut Compaction) -> bool {
    let mut more = false;
    env.work().in_place(&mut || more = compaction.step());
    more
}

/// What a topic keeps at most. Without `delete` in its `cleanup.policy` that is anything; what lies before the first
/// record is dropped still.
fn retention(topic: &Topic) -> Retention {
    let settings = topic.settings();
    match settings.deletes {
        true => Retention { bytes: settings.retention_bytes, millis: settings.retention_ms },
        false => Retention::default(),
    }
}

/// How a topic is compacted; `None` without `compact` in its `cleanup.policy`.
fn compaction(topic: &Topic) -> Option<CompactionRules> {
    let settings = topic.settings();
    let rules = CompactionRules {
        delete_retention_millis: settings.delete_retention_ms,
        min_lag_millis: settings.min_compaction_lag_ms,
        min_dirty_ratio: settings.min_cleanable_dirty_ratio,
    };
    settings.compacts.then_some(rules)
}

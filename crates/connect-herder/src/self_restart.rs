//! Carries out what the policy of [`Restarts`](crate::restarts::Restarts) plans: one timer for each restart.

use std::sync::Arc;

use connect_config::{ConnectorKind, OwnSettings};
use connect_storage::config::TargetState;
use connect_storage::status::{State as Stored, StatusStore};
use connect_worker::TaskId;
use env::Instant;
use kafka_config::RawConfig;

use crate::StandaloneHerder;
use crate::herder::{OwnRestarts, OwnStatus};
use crate::restarts::Instance;

impl StandaloneHerder {
    /// A connector has this configuration from now on. One that cannot be read has no restarts; its start says why.
    pub(crate) fn plan_restarts(&self, name: &str, config: &RawConfig) {
        let kind = if self.kind(config) == "sink" { ConnectorKind::Sink } else { ConnectorKind::Source };
        let resolved = self.resolved(config);
        match resolved.ok().and_then(|config| OwnSettings::parse(kind, &config).ok()) {
            Some(own) => self.restarts.lock().configured(name, own.restart),
            None => self.restarts.lock().forget(name),
        }
    }

    /// Something has failed: plans its restart, if there is to be one.
    pub(crate) fn has_failed(self: &Arc<Self>, instance: Instance) {
        let env = self.env().clone();
        let now = env.clock().now();
        let mut restarts = self.restarts.lock();
        let planned = restarts.failed(&instance, now);
        let Some(status) = restarts.status(&instance) else { return };
        drop(restarts);
        let Some(planned) = planned else {
            tracing::error!("{instance} has failed {} times in a row and stays FAILED", status.attempts + 1);
            return;
        };
        let (wait, attempt) = (planned - now, status.attempts + 1);
        tracing::warn!("{instance} has failed; restart {attempt} of {} follows in {wait:?}", status.max_attempts);
        let (weak, name) = (Arc::downgrade(self), format!("restart of {instance}"));
        let timer = async move {
            env.clock().sleep_until(planned).await;
            if let Some(herder) = weak.upgrade() {
                herder.restart_failed(&instance, planned).await;
            }
        };
        self.env().work().spawn(&name, Box::pin(timer));
    }

    async fn restart_failed(&self, instance: &Instance, planned: Instant) {
        let name = instance.connector.as_str();
        let _turn = self.turn(name).await;
        let Some(known) = self.configured(name).filter(|known| known.target_state == TargetState::Started) else {
            return;
        };
        let now = self.env().clock().now();
        if self.stored_state(instance) != Some(Stored::Failed) || !self.restarts.lock().begins(instance, planned, now) {
            return;
        }
        tracing::info!("{instance} is restarted");
        let restarted = match instance.task {
            None => {
                self.worker().stop_connector(name).await;
                self.start_connector(name, &known).await
            }
            Some(task) => match known.tasks.get(task as usize) {
                Some(config) => {
                    let id = TaskId::new(name, task);
                    self.worker().stop_tasks(std::slice::from_ref(&id)).await;
                    self.start_task(&id, &known, config)
                }
                None => Ok(()),
            },
        };
        if let Err(error) = restarted {
            tracing::error!("{instance} did not start again: {error}");
        }
    }

    /// A connector runs again after a pause or a stop: what has failed meanwhile, or before, is planned for.
    pub(crate) fn plan_for_failed(&self, name: &str) {
        let tasks = self.statuses.tasks(name).into_iter().map(|(task, _)| Some(task));
        for task in std::iter::once(None).chain(tasks) {
            let instance = Instance { connector: name.to_owned(), task };
            if self.stored_state(&instance) == Some(Stored::Failed) {
                self.tell_failed(instance);
            }
        }
    }

    /// What a status shows beyond Java's.
    pub(crate) fn own_status(&self, connector: &str, task: Option<u32>) -> Option<OwnStatus> {
        let restarts = self.own_restarts(Instance { connector: connector.to_owned(), task });
        let dropped = task.map(|task| self.worker().dropped_records(&TaskId::new(connector, task))).unwrap_or_default();
        (restarts.is_some() || !dropped.is_empty()).then_some(OwnStatus { restarts, dropped })
    }

    fn own_restarts(&self, instance: Instance) -> Option<OwnRestarts> {
        let status = self.restarts.lock().status(&instance)?;
        let (now, wall) = (self.env().clock().now(), self.env().clock().unix_millis());
        let wall_time = |next: Instant| wall + i64::try_from((next - now).as_millis()).unwrap_or(i64::MAX);
        Some(OwnRestarts {
            restarts: status.restarts,
            restart_attempts: status.attempts,
            restart_max_attempts: status.max_attempts,
            next_restart_ms: status.next.map(wall_time),
        })
    }
}
